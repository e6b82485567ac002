"""The caching allocator: layouts worked out by hand from its rules, and what must hold for any sequence."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.ledger.allocator import ADDRESS, ADDRESS_BITS, LARGE_REST, Live, Pool
from advisor.ledger.tape import aligned
from advisor.units import KIB, MIB
from tests.ledger.plain_allocator import PlainPool


class Allocator:
    """Both pools, each in an address space of its own; one request at a time."""

    def __init__(self) -> None:
        self.small, self.large = Pool(small=True), Pool(small=False)
        self._live: dict[int, tuple[Pool, Live]] = {}

    @property
    def reserved(self) -> int:
        return self.small.reserved + self.large.reserved

    @property
    def allocated(self) -> int:
        """Bytes of the blocks in use; a block may be larger than what was asked for."""
        return sum(live[0] >> ADDRESS_BITS for _, live in self._live.values())

    def allocate(self, size: int) -> int:
        """The address."""
        live: Live = []
        pool = self.small if self.small.serves(aligned(size)) else self.large
        pool.perform([(aligned(size) << ADDRESS_BITS, live, 0)])
        address = (live[0] & ADDRESS) + (pool.small << ADDRESS_BITS)
        self._live[address] = pool, live
        return address

    def free(self, address: int) -> None:
        pool, live = self._live.pop(address)
        pool.perform([(0, live, 0)])


def filled(*sizes: float) -> tuple[Allocator, list[int]]:
    """An allocator after requests of so many MiB, and their addresses."""
    allocator = Allocator()
    return allocator, [allocator.allocate(round(size * MIB)) for size in sizes]


def test_small_requests_share_segments_of_two_mib() -> None:
    """512 B, 1 MiB and 1023 KiB leave 512 B of the first segment; 1 KiB does not fit there."""
    allocator, (first, second, third) = filled(1 / 2048, 1, 1023 / 1024)
    assert (second - first, third - second) == (512, MIB)
    assert allocator.reserved == 2 * MIB
    assert allocator.small.free == [((third & ADDRESS) + 1023 * KIB, 512)]
    allocator.allocate(KIB)
    assert allocator.reserved == 4 * MIB


def test_the_smallest_request_takes_512_bytes() -> None:
    allocator = Allocator()
    assert allocator.allocate(4) + 512 == allocator.allocate(513)
    assert allocator.allocated == 512 + 1024


def test_requests_below_ten_mib_are_cut_from_segments_of_twenty() -> None:
    """9 + 9 leave 2 MiB; the third 9 needs a second segment, of which it leaves 11."""
    allocator, (first, second, third) = filled(9, 9, 9)
    assert second == first + 9 * MIB
    assert allocator.reserved == 40 * MIB
    assert allocator.large.free == [(third + 9 * MIB, 11 * MIB), (second + 9 * MIB, 2 * MIB)]


@pytest.mark.parametrize(("request_mib", "segment_mib"), [(10, 10), (10.5, 12), (12, 12), (400.001, 402)])
def test_larger_requests_are_rounded_up_to_two_mib(request_mib: float, segment_mib: int) -> None:
    assert filled(request_mib)[0].reserved == segment_mib * MIB


def test_a_rest_of_up_to_one_mib_stays_with_a_large_block() -> None:
    """11 of 12 MiB: the rest stays, and counts as allocated. 10.5 of 12: 1.5 MiB are split off, and serve a request."""
    kept, _ = filled(11)
    assert (kept.allocated, kept.large.free) == (12 * MIB, [])
    split, (first, second) = filled(10.5, 1.25)
    assert second == first + round(10.5 * MIB)
    assert (split.allocated, split.reserved) == (12 * MIB, 12 * MIB)


def test_the_best_fit_is_taken() -> None:
    """12, 14 and 16 MiB are free: 13 takes the 14 and keeps its last MiB."""
    allocator, addresses = filled(12, 14, 16)
    for address in addresses:
        allocator.free(address)
    assert allocator.allocate(13 * MIB) == addresses[1]
    assert allocator.allocated == 14 * MIB
    assert allocator.reserved == 42 * MIB


def test_among_equals_the_lowest_address_is_taken() -> None:
    allocator, addresses = filled(16, 16, 16)
    for address in addresses:
        allocator.free(address)
    assert [allocator.allocate(16 * MIB) for _ in range(3)] == sorted(addresses)


def test_neighbors_merge_on_both_sides() -> None:
    """Four blocks of 5 MiB in one segment: 10 MiB fit once two neighbors are free, 20 once all are."""
    allocator, (a, b, c, d) = filled(5, 5, 5, 5)
    allocator.free(b)
    allocator.free(d)
    assert allocator.large.free == [(b, 5 * MIB), (d, 5 * MIB)]
    allocator.free(a)
    assert allocator.allocate(10 * MIB) == a
    allocator.free(a)
    allocator.free(c)
    assert allocator.large.free == [(a, 20 * MIB)]
    assert allocator.reserved == 20 * MIB


def test_segments_do_not_merge() -> None:
    """Two free segments of 12 MiB do not serve 20."""
    allocator, addresses = filled(12, 12)
    for address in addresses:
        allocator.free(address)
    allocator.allocate(20 * MIB)
    assert allocator.reserved == 44 * MIB


def test_the_pools_do_not_help_each_other() -> None:
    allocator, (address,) = filled(20)
    allocator.free(address)
    allocator.allocate(MIB)
    assert allocator.reserved == 22 * MIB


def test_what_is_made_late_breaks_a_cached_block() -> None:
    """Why a second step can need more than the first: a state of 3 MiB settles in the cached 400, which no longer hold
    the next step's 400."""
    allocator, (activation,) = filled(400)
    allocator.free(activation)
    state = allocator.allocate(3 * MIB)
    assert state == activation
    allocator.allocate(400 * MIB)
    assert allocator.reserved == 800 * MIB


sizes = st.one_of(st.integers(1, 4096), st.integers(1, 3 * MIB), st.integers(1, 60 * MIB))
steps = st.lists(st.tuples(st.booleans(), sizes, st.integers(0, 10**6)), max_size=120)


@given(steps)
@settings(max_examples=200, deadline=None)
def test_invariants(steps: list[tuple[bool, int, int]]) -> None:
    """Blocks in use never overlap; reserved covers allocated covers asked; all merges back when all is freed."""
    allocator = Allocator()
    asked: dict[int, int] = {}
    for release, size, pick in steps:
        reserved = allocator.reserved
        if release and asked:
            address = sorted(asked)[pick % len(asked)]
            allocator.free(address)
            del asked[address]
            assert allocator.reserved == reserved
        else:
            address = allocator.allocate(size)
            assert address not in asked
            asked[address] = aligned(size)
        assert allocator.reserved >= allocator.allocated >= sum(asked.values())
        starts = sorted(asked)
        assert all(a + asked[a] <= b for a, b in pairwise(starts))
    for address in asked:
        allocator.free(address)
    free = [*allocator.small.free, *allocator.large.free]
    assert allocator.allocated == 0
    assert sum(size for _, size in free) == allocator.reserved
    assert all(size % (2 * MIB) == 0 for _, size in free)
    assert all(size == 2 * MIB for _, size in allocator.small.free)


@given(st.booleans(), steps)
@settings(max_examples=200, deadline=None)
def test_a_pool_does_what_the_plain_one_does(small: bool, steps: list[tuple[bool, int, int]]) -> None:
    """The same addresses after any moves, from one segment to the next; the same bytes reserved."""
    pool, plain = Pool(small=small), PlainPool(0 if small else LARGE_REST)
    live: Live = []
    addresses: list[int] = []
    for release, size, pick in steps:
        if release and live:
            plain.give(addresses.pop(pick % len(live)))
            pool.perform([(0, live, pick % len(live))])
        elif pool.serves(aligned(size)):
            addresses.append(plain.take(aligned(size)))
            pool.perform([(aligned(size) << ADDRESS_BITS, live, 0)])
        assert pool.reserved == plain.reserved
    assert [(block & ADDRESS) - ADDRESS for block in live] == addresses
