"""Where the grains of a field lie: sand that gathers into a heap, or into a tower. Pure.

Places are integers of a drawing, y downwards. They depend on nothing but the arguments,
so the same number always looks the same.
"""

from functools import lru_cache
from typing import Final, NamedTuple

PITCH: Final = 10
"""Distance of two grains that touch."""
ROW: Final = 9
"""Distance of two rows: grains of a row lie in the hollows of the one below."""
NICE: Final = (1, 2, 5)

Place = tuple[int, int]


class Field(NamedTuple):
    """A drawing's size and the places of its grains, in the order in which they gather."""

    width: int
    height: int
    places: tuple[Place, ...]


def grain_amount(whole: int, most: int) -> int:
    """The smallest 1, 2 or 5 times a power of ten by which `whole` makes at most `most` grains."""
    power = 1
    while True:
        for digit in NICE:
            if -(-whole // (digit * power)) <= most:
                return digit * power
        power *= 10


def shake(number: int) -> int:
    """A fixed small displacement for grain `number`: -1, 0 or 1."""
    return (number * 2_654_435_761 >> 7) % 3 - 1


@lru_cache(maxsize=64)
def heap(count: int) -> Field:
    """A heap of `count` grains with sand's slope; the first grains are the heart of it.

    A smaller heap is the beginning of a larger one, so that what has gathered lies
    inside the outline of what is hoped for.
    """
    half = 4
    while _heap_room(half) < count:
        half += 1
    found = []
    for row in range(half):
        for column in range(-half, half + 1):
            x = column * PITCH + (PITCH // 2 if row % 2 else 0)
            y = row * ROW
            found.append((9 * y + 5 * abs(x), y, x))
    chosen = sorted(found)[:count]
    wide = max((abs(x) for _, _, x in chosen), default=0) + PITCH
    high = max((y for _, y, _ in chosen), default=0) + 2 * PITCH
    places = tuple(
        (wide + x + shake(i), high - PITCH - y + shake(i + 7)) for i, (_, y, x) in enumerate(chosen)
    )
    return Field(2 * wide, high, places)


def _heap_room(half: int) -> int:
    return half * half * 5 // 9


TIERS: Final = ((15, 10), (13, 9), (11, 7), (9, 6), (7, 4))
"""A tower's storeys from below: half the width of the eaves and of the wall, in grains."""
WALL_ROWS: Final = 4
SPIRE_ROWS: Final = 7


@lru_cache(maxsize=1)
def tower() -> Field:
    """A tower of sand: a plinth, five storeys with swung eaves, a spire; from below."""
    rows: list[int] = [18, 17, 16]
    eaves: set[int] = set()
    for eave, wall in TIERS:
        rows += [wall] * WALL_ROWS
        eaves.add(len(rows))
        rows += [eave, eave - 1, eave - 3]
    rows += [2, 1, 1, 2, 1, 1, 0][:SPIRE_ROWS]
    wide, high = 19 * PITCH, (len(rows) + 2) * ROW
    places: list[Place] = []
    for row, half in enumerate(rows):
        shift = PITCH // 2 if row % 2 and half > 1 else 0
        columns = range(-half, half + (0 if shift else 1))
        for column in sorted(columns, key=lambda c: (c * 7919 + row * 31) % 101):
            lift = max(abs(column) - half + 3, 0) * 2 if row in eaves else 0
            number = len(places)
            places.append(
                (
                    wide + column * PITCH + shift + shake(number),
                    high - ROW - row * ROW - lift + shake(number + 7),
                )
            )
    return Field(2 * wide, high, tuple(places))


def dots(places: tuple[Place, ...]) -> str:
    """A path of points: drawn with round ends, each is a grain, in a tenth of a circle's bytes."""
    return "".join(f"M{x} {y}h0" for x, y in places)


def tones(places: tuple[Place, ...], count: int) -> list[str]:
    """Deal places to `count` paths, so that sand is not of one colour."""
    return [
        dots(tuple(p for i, p in enumerate(places) if (i * 40_503 >> 3) % count == tone))
        for tone in range(count)
    ]
