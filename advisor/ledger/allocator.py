"""PyTorch's CUDA caching allocator over sizes only: which segments it asks the driver for, and what it reuses.

The rules of c10/cuda/CUDACachingAllocator.cpp (torch 2.13, default settings, one stream): a request is rounded up to
512 bytes and takes the smallest free block of its pool that holds it, the lowest address among equals. What is left of
the block is split off when it is worth it. When no block is large enough, the driver is asked for a new segment. A
freed block merges with its free neighbors. Segments are never given back. The two pools share nothing.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

from advisor.ledger.tape import ALIGNMENT
from advisor.units import MIB

SMALL_REQUEST = 1 * MIB  # [bytes] requests up to this have a pool of their own (kSmallSize)
SMALL_SEGMENT = 2 * MIB  # kSmallBuffer
MEDIUM_REQUEST = 10 * MIB  # smaller requests are cut from segments of MEDIUM_SEGMENT (kMinLargeAlloc)
MEDIUM_SEGMENT = 20 * MIB  # large_segment_size
LARGE_ROUNDING = 2 * MIB  # kRoundLarge
LARGE_REST = 1 * MIB  # up to this, what is left of a block of the large pool stays with it

ADDRESS_BITS = 120  # more than the largest config that can be described needs
ADDRESS = (1 << ADDRESS_BITS) - 1

Block = int  # size << ADDRESS_BITS | address [bytes]: blocks are in order of their size, then of their address
Live = list[Block]  # blocks in use that play one part, oldest first
# A request, as the lowest of all blocks of its size; or, with 0, the release of the block at this index.
Move = tuple[Block, Live, int]


def segment_size(request: int) -> int:
    """Bytes that the driver is asked for when no free block can serve `request`.

    >>> [segment_size(n * MIB) // MIB for n in (1, 2, 10, 11)]
    [2, 20, 10, 12]
    """
    if request <= SMALL_REQUEST:
        return SMALL_SEGMENT
    if request < MEDIUM_REQUEST:
        return MEDIUM_SEGMENT
    return (request + LARGE_ROUNDING - 1) // LARGE_ROUNDING * LARGE_ROUNDING


class Pool:
    """The blocks for small requests, or those for all others; `reserved` [bytes] are in its segments.

    Requests are sizes that are rounded up already.
    """

    def __init__(self, *, small: bool) -> None:
        self.small, self.reserved = small, 0
        rest = 0 if small else LARGE_REST  # [bytes] that stays with the block
        self._whole = rest + 1 << ADDRESS_BITS  # from here on it is split off
        self._free: list[Block] = []  # in order
        self._ends: dict[int, int] = {}  # address where a free block begins -> where it ends
        self._starts: dict[int, int] = {}  # the other way round
        self._lowest = ADDRESS

    def serves(self, request: int) -> bool:
        """Whether a request goes to this pool."""
        return (request <= SMALL_REQUEST) is self.small

    @property
    def free(self) -> list[tuple[int, int]]:
        """(address, size) of all free blocks, by address."""
        return sorted((block & ADDRESS, block >> ADDRESS_BITS) for block in self._free)

    def perform(self, moves: Iterable[Move]) -> None:
        """The moves in their order; all in one loop, since a training run makes thousands of them."""
        free, ends, starts, whole = self._free, self._ends, self._starts, self._whole
        for least, live, which in moves:
            if least:
                place = bisect_left(free, least)
                if place == len(free):
                    self._ask(least >> ADDRESS_BITS)
                block = free[place]
                address, rest = block & ADDRESS, block - least
                if rest < whole:
                    del free[place], starts[ends.pop(address)]
                    live.append(block)
                    continue
                request = least >> ADDRESS_BITS
                rest += request
                if place and rest < free[place - 1]:
                    del free[place]
                    insort(free, rest, 0, place)
                else:
                    free[place] = rest
                end = ends.pop(address)
                start = starts[end] = address + request
                ends[start] = end
                live.append(least + address)
            else:
                block = live.pop(which)
                start = block & ADDRESS
                end = start + (block >> ADDRESS_BITS)
                if start in starts or end in ends:
                    if start in starts:
                        middle, start = start, starts.pop(start)
                        del free[bisect_left(free, (middle - start << ADDRESS_BITS) + start)]
                    if end in ends:
                        middle, end = end, ends.pop(end)
                        del free[bisect_left(free, (end - middle << ADDRESS_BITS) + middle)]
                    block = (end - start << ADDRESS_BITS) + start
                insort(free, block)
                ends[start], starts[end] = end, start

    def _ask(self, request: int) -> None:
        """A new segment, which is the largest free block: drivers go down from the top of the address space.

        Segments do not touch, because blocks of two of them never merge.
        """
        size = segment_size(request)
        self.reserved += size
        self._lowest -= size + ALIGNMENT
        self._free.append(size << ADDRESS_BITS | self._lowest)
        self._ends[self._lowest] = self._lowest + size
        self._starts[self._lowest + size] = self._lowest
