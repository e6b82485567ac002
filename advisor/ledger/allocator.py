"""PyTorch's CUDA caching allocator over sizes only: which segments it asks the driver for, and what it reuses.

The rules of c10/cuda/CUDACachingAllocator.cpp (torch 2.13, default settings, one stream): a request is rounded up to
512 bytes and takes the smallest free block of its pool that holds it, the lowest address among equals. What is left of
the block is split off when it is worth it. When no block is large enough, the driver is asked for a new segment. A
freed block merges with its free neighbors. Segments are never given back.
"""

from bisect import bisect_left, insort

from advisor.ledger.tape import ALIGNMENT, aligned
from advisor.units import MIB

SMALL_REQUEST = 1 * MIB  # [bytes] requests up to this have a pool of their own (kSmallSize)
SMALL_SEGMENT = 2 * MIB  # kSmallBuffer
MEDIUM_REQUEST = 10 * MIB  # smaller requests are cut from segments of MEDIUM_SEGMENT (kMinLargeAlloc)
MEDIUM_SEGMENT = 20 * MIB  # large_segment_size
LARGE_ROUNDING = 2 * MIB  # kRoundLarge
LARGE_REST = 1 * MIB  # up to this, what is left of a block of the large pool stays with it
TOP = 2**47  # of the address space


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
    """Free blocks, found by size and by either end."""

    def __init__(self, largest_rest: int) -> None:
        self._largest_rest = largest_rest  # [bytes] that is not split off
        self._by_size: list[tuple[int, int]] = []  # size, address
        self._at_start: dict[int, int] = {}  # address -> size
        self._at_end: dict[int, int] = {}  # end -> size

    def take(self, size: int) -> tuple[int, int] | None:
        """Address and size of the best fitting block, cut to `size` if that is worth it; None when none fits."""
        by_size = self._by_size
        place = bisect_left(by_size, (size,))
        if place == len(by_size):
            return None
        found, address = by_size.pop(place)
        del self._at_start[address]
        rest = found - size
        if rest <= self._largest_rest:
            del self._at_end[address + found]
            return address, found
        insort(by_size, (rest, address + size))
        self._at_start[address + size] = self._at_end[address + found] = rest
        return address, size

    def give(self, address: int, size: int) -> None:
        """A block comes back and merges with the free blocks that touch it."""
        by_size = self._by_size
        end = address + size
        if before := self._at_end.pop(address, 0):
            address -= before
            del by_size[bisect_left(by_size, (before, address))]
        if after := self._at_start.pop(end, 0):
            del by_size[bisect_left(by_size, (after, end))]
            end += after
        size = end - address
        insort(by_size, (size, address))
        self._at_start[address] = self._at_end[end] = size

    @property
    def free(self) -> list[tuple[int, int]]:
        """(address, size) of all free blocks, by address."""
        return sorted(self._at_start.items())


class CachingAllocator:
    """`reserved` and `allocated` [bytes] are what torch.cuda.memory_reserved() and memory_allocated() report."""

    def __init__(self) -> None:
        self.reserved = 0
        self.small, self.large = Pool(0), Pool(LARGE_REST)
        self._live: dict[int, int] = {}  # address -> size of the block
        self._lowest = TOP

    @property
    def allocated(self) -> int:
        """Bytes of the blocks in use; a block may be larger than what was asked for."""
        return sum(self._live.values())

    def allocate(self, size: int) -> int:
        """Address of a block of at least `size` bytes."""
        size = aligned(size)
        pool = self.small if size <= SMALL_REQUEST else self.large
        block = pool.take(size)
        if block is None:
            pool.give(*self._segment(segment_size(size)))
            block = pool.take(size)
            assert block is not None
        self._live[block[0]] = block[1]
        return block[0]

    def free(self, address: int) -> None:
        """Takes back what `allocate` returned."""
        size = self._live.pop(address)
        (self.small if size <= SMALL_REQUEST else self.large).give(address, size)

    def _segment(self, size: int) -> tuple[int, int]:
        """Address and size of a new segment: drivers go down from the top of the address space.

        Segments do not touch, because blocks of two of them never merge.
        """
        self.reserved += size
        self._lowest -= size + ALIGNMENT
        return self._lowest, size
