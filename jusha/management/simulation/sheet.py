"""A sheet to draw on: svg.py's elements, placed in whole units, with the report's styles.

Every picture has a title and a description; colours come from classes, so that one
drawing serves light and dark. Text stays text: readers' own fonts have the characters.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

import svg

LEADS: Final = 5
STYLE: Final = """
.sheet { --ground: #FFFFFF; --ink: #1E1B17; --quiet: #6A645C; --line: #E6DCC9; --sand: #C9AD7B;
  --grain: #8F7440; --jade: #1F6F5C; --cinnabar: #B93A26; --sand-ground: #F5EEE0; }
@media (prefers-color-scheme: dark) { .sheet { --ground: #211E1A; --ink: #F4EEE3; --quiet: #ABA395;
  --line: #37312A; --sand: #8B7748; --grain: #D4B57A; --jade: #7FD0B7; --cinnabar: #F1917C;
  --sand-ground: #26221C; } }
.sheet text { font: 13px "PingFang SC", "Noto Sans SC", "Source Han Sans SC", "Noto Sans CJK SC",
  "Microsoft YaHei", system-ui, sans-serif; font-variant-numeric: tabular-nums; fill: var(--ink); }
.sheet .quiet { fill: var(--quiet); font-size: 12px; }
.sheet .head { font-weight: 600; font-size: 14px; }
.sheet .jade { fill: var(--jade); } .sheet .cinnabar { fill: var(--cinnabar); }
.sheet .sand { fill: var(--sand); } .sheet .grain { fill: var(--grain); }
.sheet .plate { fill: var(--sand-ground); } .sheet .ground { fill: var(--ground); }
.sheet text.jade, .sheet text.cinnabar, .sheet .strong { font-weight: 600; }
.sheet .halo { paint-order: stroke; stroke: var(--ground); stroke-width: 4px;
  stroke-linejoin: round; }
.sheet .axis { stroke: var(--line); stroke-width: 1; fill: none; }
.sheet .base { stroke: var(--quiet); stroke-width: 1; fill: none; }
.sheet .mark { stroke: var(--ink); stroke-width: 2; fill: none; }
.sheet .dry { stroke: var(--cinnabar); stroke-width: 1.5; stroke-dasharray: 2 3; fill: none; }
.sheet .lead { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.sheet .lead-0 { stroke: var(--jade); stroke-width: 3.25; }
.sheet .lead-1 { stroke: var(--grain); }
.sheet .lead-2 { stroke: var(--ink); stroke-dasharray: 7 4; }
.sheet .lead-3 { stroke: var(--quiet); stroke-dasharray: 2 3; }
.sheet .lead-4 { stroke: var(--cinnabar); stroke-dasharray: 10 3 2 3; }
"""


class Sheet:
    """One picture of a width and height, in units that are pixels at full size."""

    def __init__(self, name: str, width: int, height: int, *, title: str, told: str) -> None:
        self.name, self.width, self.height = name, width, height
        self._title, self._told = title, told
        self._elements: list[svg.Element] = []

    def text(self, x: int, y: int, text: str, *, at: str = "start", classes: str = "quiet") -> None:
        """Write text with its foot at y; `at` is start, middle or end."""
        anchor = f"text-anchor: {at}"
        self._elements.append(
            svg.Text(x=x, y=y, text=escape(text), style=anchor, class_=classes.split())
        )

    def box(self, x: int, y: int, width: int, height: int, classes: str, *, told: str = "") -> None:
        """Fill a rectangle; `told` shows when a pointer rests on it."""
        inside: list[svg.Element] | None = [svg.Title(text=escape(told))] if told else None
        if width > 0 and height > 0:
            self._elements.append(
                svg.Rect(
                    x=x, y=y, width=width, height=height, class_=classes.split(), elements=inside
                )
            )

    def line(self, x: int, y: int, to_x: int, to_y: int, classes: str) -> None:
        """Draw a straight line."""
        self._elements.append(svg.Line(x1=x, y1=y, x2=to_x, y2=to_y, class_=classes.split()))

    def dot(self, x: int, y: int, classes: str, *, size: int = 5) -> None:
        """Fill a circle."""
        self._elements.append(svg.Circle(cx=x, cy=y, r=size, class_=classes.split()))

    def steps(self, points: Sequence[tuple[int, int]], classes: str) -> None:
        """Draw a line that keeps its height until the next point."""
        drawn: list[svg.PathData] = [svg.M(*points[0])]
        height = points[0][1]
        for x, y in points[1:]:
            if y != height:
                drawn += [svg.H(x), svg.V(y)]
                height = y
        drawn.append(svg.H(points[-1][0]))
        self._elements.append(svg.Path(d=drawn, class_=classes.split()))

    def columns(self, bars: Sequence[tuple[int, int, int]], foot: int, classes: str) -> None:
        """Fill columns (x, width, height) that stand on `foot`, as one shape."""
        drawn: list[svg.PathData] = []
        for x, width, height in bars:
            if height > 0:
                drawn += [svg.M(x, foot), svg.v(-height), svg.h(width), svg.v(height), svg.Z()]
        if drawn:
            self._elements.append(svg.Path(d=drawn, class_=classes.split()))

    def draw(self, *, alone: bool = False) -> str:
        """Write the picture; `alone` as a file of its own, with its styles."""
        key = f"{self.name}-{self.width}"
        head: list[svg.Element] = [
            svg.Title(id=f"{key}-title", text=escape(self._title)),
            svg.Desc(id=f"{key}-told", text=escape(self._told)),
        ]
        if alone:
            head.append(svg.Style(text=STYLE))
            head.append(svg.Rect(width=self.width, height=self.height, class_=["ground"]))
        return str(
            svg.SVG(
                viewBox=svg.ViewBoxSpec(0, 0, self.width, self.height),
                width=self.width if alone else None,
                height=self.height if alone else None,
                class_=["sheet"],
                extra={"role": "img", "aria-labelledby": f"{key}-title {key}-told"},
                elements=head + self._elements,
            )
        )
