"""The caching allocator in the plainest words, one request or release at a time: what the replay's pools must equal."""

from advisor.ledger.allocator import segment_size
from advisor.ledger.tape import ALIGNMENT


class PlainPool:
    """Segments are lists of [address, size, whether it is free], looked through from end to end."""

    def __init__(self, largest_rest: int) -> None:
        self.largest_rest, self.reserved = largest_rest, 0
        self.segments: list[list[list[int]]] = []

    def take(self, size: int) -> int:
        """The address of the block that serves a request."""
        found = self.best(size)
        if found is None:
            asked = segment_size(size)
            self.reserved += asked
            gaps = ALIGNMENT * (len(self.segments) + 1)
            self.segments.append([[-self.reserved - gaps, asked, True]])
            found = self.best(size)
            assert found is not None
        _, address, segment, place = found
        block = segment[place]
        rest = block[1] - size
        if rest > self.largest_rest:
            block[1] = size
            segment.insert(place + 1, [address + size, rest, True])
        block[2] = False
        return address

    def best(self, size: int) -> tuple[int, int, list[list[int]], int] | None:
        """The smallest free block that is large enough, the lowest among equals."""
        return min(
            (
                (length, address, segment, place)
                for segment in self.segments
                for place, (address, length, free) in enumerate(segment)
                if free and length >= size
            ),
            default=None,
            key=lambda found: found[:2],
        )

    def give(self, address: int) -> None:
        """The block at an address back."""
        for segment in self.segments:
            for block in segment:
                if block[0] == address:
                    block[2] = True
            for place in range(len(segment) - 1, 0, -1):
                if segment[place][2] and segment[place - 1][2]:
                    segment[place - 1][1] += segment.pop(place)[1]
