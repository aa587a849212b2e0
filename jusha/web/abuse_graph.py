"""A case as a picture: who gave, what they share, where it went; or gifts along a line of time.

Pure. Positions are whole units of a drawing; the table beneath the picture says the same.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

from django.utils.timezone import localtime

from jusha.guarding.queries import CaseGift

Name = TypeVar("Name", int, str)

WIDTH: Final = 640
STEP: Final = 26
TOP: Final = 34
PAYERS_MAX: Final = 16
"""More payers than this are drawn as one remainder."""
COLUMNS: Final = (110, 330, 540)
DOT: Final = 12
"""From dot to dot, side by side or one above the other."""
UNDER: Final = 36
"""Room for the times."""
DOTS_MAX: Final = 60
MARGIN: Final = 40


class Node(NamedTuple):
    """A dot with its name."""

    x: int
    y: int
    name: str


class Edge(NamedTuple):
    """A line between two dots."""

    x1: int
    y1: int
    x2: int
    y2: int


class Graph(NamedTuple):
    """Payers, what they share, projects; how many payers are not drawn."""

    width: int
    height: int
    payers: list[Node]
    links: list[Node]
    projects: list[Node]
    edges: list[Edge]
    left_out: int


class Strip(NamedTuple):
    """Gifts of one payer along a line of time; the first and the last moment as text."""

    width: int
    height: int
    base: int
    dots: list[Node]
    begins: str
    ends: str
    left_out: int


def graph(gifts: Sequence[CaseGift]) -> Graph:
    """Draw who hangs on what: only gifts with something in common."""
    shown = [gift for gift in gifts if gift.payer <= PAYERS_MAX]
    payers = sorted({gift.payer for gift in shown})
    links = sorted({link for gift in shown for link in gift.links})[:PAYERS_MAX]
    projects = sorted({gift.project for gift in shown})[:PAYERS_MAX]
    rows = max(len(payers), len(links), len(projects))
    height = TOP * 2 + STEP * max(rows - 1, 0)
    left, middle = _column(payers, COLUMNS[0], height), _column(links, COLUMNS[1], height)
    right = _column(projects, COLUMNS[2], height)
    edges = set[Edge]()
    for gift in shown:
        if gift.project not in right:
            continue
        end = right[gift.project]
        ways = [middle[link] for link in gift.links if link in middle]
        for way in ways:
            edges.add(Edge(left[gift.payer].x, left[gift.payer].y, way.x, way.y))
            edges.add(Edge(way.x, way.y, end.x, end.y))
        if not ways:
            edges.add(Edge(left[gift.payer].x, left[gift.payer].y, end.x, end.y))
    out = len({gift.payer for gift in gifts}) - len(payers)
    columns = [*left.values()], [*middle.values()], [*right.values()]
    return Graph(WIDTH, height, *columns, sorted(edges), out)


def strip(gifts: Sequence[CaseGift]) -> Strip | None:
    """Draw gifts as dots along the time that they took; None for fewer than two."""
    shown = gifts[:DOTS_MAX]
    if len(shown) <= 1:
        return None
    first, last = shown[0].at, shown[-1].at
    span, room = last - first, WIDTH - 2 * MARGIN
    places = [
        MARGIN + (room * (gift.at - first) // span // DOT * DOT if span else room // 2)
        for gift in shown
    ]
    base = DOT * max(places.count(x) for x in set(places)) + DOT
    stacked, dots = dict[int, int](), []
    for gift, x in zip(shown, places, strict=True):
        stacked[x] = stacked.get(x, 0) + 1
        dots.append(Node(x, base - DOT * stacked[x] + DOT // 3, str(gift.deed)))
    times = f"{localtime(first):%H:%M:%S}", f"{localtime(last):%H:%M:%S}"
    return Strip(WIDTH, base + UNDER, base, dots, *times, len(gifts) - len(shown))


def _column(names: Sequence[Name], x: int, height: int) -> dict[Name, Node]:
    room = height - 2 * TOP
    top = TOP + (room - STEP * max(len(names) - 1, 0)) // 2
    return {name: Node(x, top + STEP * place, str(name)) for place, name in enumerate(names)}
