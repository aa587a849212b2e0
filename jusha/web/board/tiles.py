"""Provinces as tiles of one size: each a name and a sum, roughly where it lies. Pure.

No borders are drawn, so none is claimed or left out; a small province is as readable as a large
one. For a screen reader it is a table, largest sum first.
"""

from typing import Final, NamedTuple

PLACES: Final = {
    "黑龙江": (9, 0), "内蒙古": (7, 0), "吉林": (9, 1), "新疆": (1, 1), "甘肃": (4, 1),
    "宁夏": (5, 1), "北京": (7, 1), "辽宁": (8, 1), "西藏": (1, 2), "青海": (3, 2),
    "陕西": (5, 2), "山西": (6, 2),
    "河北": (7, 2), "天津": (8, 2), "四川": (4, 3), "重庆": (5, 3), "河南": (6, 3), "山东": (7, 3),
    "云南": (3, 4), "贵州": (4, 4), "湖北": (5, 4), "安徽": (6, 4), "江苏": (7, 4), "上海": (8, 4),
    "广西": (4, 5), "湖南": (5, 5), "江西": (6, 5), "浙江": (7, 5), "海南": (4, 6), "澳门": (5, 6),
    "广东": (6, 6), "福建": (7, 6), "香港": (6, 7), "台湾": (8, 6),
}  # fmt: skip
"""Column and row of each."""
COLUMNS, ROWS = 9, 8
SIZE: Final = 100
SHADES: Final = 5


class Tile(NamedTuple):
    """One province: its place in the drawing, its sum in fen, and how full its tile is."""

    name: str
    x: int
    y: int
    given: int
    shade: int
    """0 for nothing yet, then 1 to SHADES by the share of the largest sum."""


def tiles(given: dict[str, int]) -> list[Tile]:
    """Every province in the order of rows; what is no province has no tile."""
    most = max([given.get(name, 0) for name in PLACES] + [1])
    found = [
        Tile(name, (x - 1) * SIZE, y * SIZE, given.get(name, 0), _shade(given.get(name, 0), most))
        for name, (x, y) in PLACES.items()
    ]
    return sorted(found, key=lambda each: (each.y, each.x))


def _shade(given: int, most: int) -> int:
    return 0 if given <= 0 else 1 + given * (SHADES - 1) // most
