"""Certificate (感谢证书) and share card as pictures: SVG drawn here, PNG of the same SVG.

Both carry the statutory box (Charity Law section 25) and a QR code. Text is escaped once, where it
is set; lines are broken by what the font measures, so nothing runs out of the picture.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import resvg_py
import segno
from django.utils import timezone
from django.utils.html import escape

from jusha.web import grains
from jusha.web.drawings import TONES
from jusha.web.receipt_letter import Charity
from jusha.web.receipt_type import FAMILIES, SANS, SERIF, UNITS, measure, path_of, shown

INK: Final = "#1E1B17"
QUIET: Final = "#5B564E"
CINNABAR: Final = "#B93A26"
SAND: Final = "#C9AD7B"
TONE: Final = ("#E3D3B5", "#D6C095", "#C9AD7B")
PAPER: Final = "#FBF8F2"
GRAINS: Final = 300
DOT: Final = 8
SMALLEST: Final = 10
ROWS_MAX: Final = 9
SANDBOX: Final = "沙盒演示：没有动用任何资金，机构和编号均为虚构"


class Picture(NamedTuple):
    """What both pictures tell. `amount` in fen; `name` only where the donor chose to show one."""

    charity: Charity
    summary: str
    deed: int
    amount: int
    given_at: datetime
    record: str
    """Address of the record, absolute."""
    donate: str
    """Address of the donate page with `from`, absolute."""
    name: str = ""
    sandbox: bool = False


class _Sheet:
    """An SVG that is written downwards."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height = width, height
        self.parts: list[str] = []
        self.parts.append(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>'
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
        )

    def text(
        self, x: int, y: int, text: str, *, size: int, face: str = SANS, fill: str = INK,
        middle: bool = False,
    ) -> None:  # fmt: skip
        """One line of text with its base line at `y`."""
        anchor = ' text-anchor="middle"' if middle else ""
        family = f"{FAMILIES[face]}, {'serif' if face == SERIF else 'sans-serif'}"
        self.parts.append(
            f'<text x="{x}" y="{y}" font-family="{family}" font-size="{size}" fill="{fill}"'
            f"{anchor}>"
            f"{escape(shown(text))}</text>"
        )

    def lines(
        self, x: int, y: int, text: str, *, size: int, room: int, most: int, face: str = SANS,
        fill: str = INK, middle: bool = False,
    ) -> int:  # fmt: skip
        """A text in at most `most` lines, the last with … if it is longer; the next base line."""
        for line in broken(text, size=size, room=room, most=most, face=face):
            self.text(x, y, line, size=size, face=face, fill=fill, middle=middle)
            y += size * 3 // 2
        return y

    def fitted(
        self, x: int, y: int, text: str, *, size: int, room: int, face: str = SANS,
        fill: str = INK, middle: bool = False,
    ) -> None:  # fmt: skip
        """One line that is set smaller where it would not fit: a name is never cut."""
        fits = room * UNITS // max(measure(face, shown(text)), 1)
        self.text(x, y, text, size=min(size, fits), face=face, fill=fill, middle=middle)

    def qr(self, x: int, y: int, side: int, address: str) -> None:
        """A QR code of one path, dark on white."""
        matrix = [list(row) for row in segno.make(address, error="m", micro=False).matrix]
        count = len(matrix) + 4
        path = "".join(
            f"M{right + 2} {down + 2}h1v1h-1z"
            for down, row in enumerate(matrix)
            for right, dark in enumerate(row)
            if dark
        )
        self.parts.append(
            f'<svg x="{x}" y="{y}" width="{side}" height="{side}" viewBox="0 0 {count} {count}"'
            f' shape-rendering="crispEdges"><rect width="{count}" height="{count}" fill="#FFFFFF"/>'
            f'<path d="{path}" fill="{INK}"/></svg>'
        )

    def sand(self, y: int, scale: int) -> None:
        """The heap of grains in the middle, the newest in cinnabar."""
        field = grains.heap(GRAINS)
        heap, x = field.places, (self.width - field.width * scale) // 2
        toned = grains.tones(heap[:-1], TONES)
        drawn = "".join(
            f'<path d="{path}" stroke="{tone}"/>' for path, tone in zip(toned, TONE, strict=True)
        )
        new = f'<path d="{grains.dots(heap[-1:])}" stroke="{CINNABAR}"/>'
        self.parts.append(
            f'<g transform="translate({x} {y}) scale({scale})" fill="none" stroke-linecap="round"'
            f' stroke-width="{DOT}">{drawn}{new}</g>'
        )

    def statutory(self, x: int, y: int, room: int, of: Charity, *, size: int, until: int) -> int:
        """The box of Charity Law section 25, whole above `until`; returns the line below it."""
        while size > SMALLEST:
            rows = _rows(of, size=size, room=room)
            if y + _height(rows, size) <= until:
                break
            size -= 1
        rows = _rows(of, size=size, room=room)
        below = y + _height(rows, size)
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{room}" height="{below - y}" fill="none"'
            f' stroke="{SAND}" stroke-width="2"/>'
        )
        y += size * 2
        self.text(x + size, y, "公开募捐信息", size=size + 4, face=SERIF)
        y += size * 2
        for row in rows:
            self.text(x + size, y, row, size=size, fill=QUIET)
            y += size * 3 // 2
        return below

    def done(self) -> str:
        """The whole picture."""
        return "".join([*self.parts, "</svg>"])


def share_card(of: Picture) -> str:
    """The card that a donor hands on, 1080 × 1440: the project, no sum, and the way to give."""
    sheet = _Sheet(1080, 1440, f"{of.charity.project} · {of.charity.name}")
    sheet.sand(70, 1)
    title = of.charity.project
    size = 64 if measure(SERIF, shown(title)) * 64 <= 920 * UNITS else 52
    invites = f"{of.name} 捐给了" if of.name else "我捐给了"
    sheet.fitted(540, 282, invites, size=34, room=940, fill=QUIET, middle=True)
    y = sheet.lines(540, 366, title, size=size, room=920, most=2, face=SERIF, middle=True)
    sheet.fitted(540, y - 20, of.charity.name, size=32, room=940, fill=QUIET, middle=True)
    y = sheet.lines(540, y + 50, of.summary, size=34, room=860, most=2, middle=True)
    sheet.qr(400, y - 10, 280, of.donate)
    sheet.text(540, y + 318, "扫一扫，看看这个项目", size=30, middle=True)
    sheet.text(540, y + 362, f"公示账本第 {of.deed:,} 条", size=26, fill=QUIET, middle=True)
    y = sheet.statutory(70, max(y + 400, 1100), 940, of.charity, size=22, until=1385)
    if of.sandbox:
        sheet.text(540, y + 42, SANDBOX, size=24, fill=CINNABAR, middle=True)
    return sheet.done()


def certificate(of: Picture) -> str:
    """The certificate of thanks, 1440 × 1080: who gave what to which project, and where to see."""
    sheet = _Sheet(1440, 1080, f"感谢证书 · {of.charity.project}")
    sheet.parts.append(
        f'<rect x="40" y="40" width="1360" height="1000" fill="none" stroke="{SAND}"'
        ' stroke-width="3"/>'
    )
    sheet.text(720, 168, "感谢证书", size=84, face=SERIF, middle=True)
    sheet.text(150, 290, f"{of.name or '爱心人士'}：", size=40, face=SERIF)
    yuan = f"{of.amount // 100:,}.{of.amount % 100:02d}"
    day = f"{timezone.localtime(of.given_at):%Y年%m月%d日}"
    said = f"您于{day}向「{of.charity.project}」捐赠人民币 {yuan} 元。一人一粒，聚沙成塔。谢谢您。"
    y = sheet.lines(150, 366, said, size=40, room=1140, most=3, face=SERIF)
    sheet.fitted(150, y + 30, of.charity.name, size=36, room=900, face=SERIF)
    sheet.text(150, y + 84, f"公示账本第 {of.deed:,} 条", size=28, fill=QUIET)
    sheet.text(150, y + 128, "感谢证书不是票据，不能用于税前扣除", size=26, fill=QUIET)
    sheet.qr(1080, 520, 210, of.record)
    sheet.text(1185, 760, "扫码核对", size=26, fill=QUIET, middle=True)
    y = sheet.statutory(100, 790, 1240, of.charity, size=20, until=990)
    if of.sandbox:
        sheet.text(720, y + 36, SANDBOX, size=22, fill=CINNABAR, middle=True)
    return sheet.done()


def png(svg: str, *, width: int) -> bytes:
    """The picture as PNG, `width` pixels wide, in our own fonts and no others."""
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        width=width,
        skip_system_fonts=True,
        font_files=[str(path_of(face)) for face in (SERIF, SANS)],
        serif_family=FAMILIES[SERIF],
        sans_serif_family=FAMILIES[SANS],
    )


@lru_cache(maxsize=128)
def public_png(of: Picture, width: int) -> bytes:
    """A share card that names nobody, kept: the same deed is asked for by every preview."""
    assert not of.name, "what is kept for everybody names nobody"
    return png(share_card(of), width=width)


def _rows(of: Charity, *, size: int, room: int) -> list[str]:
    said = (
        f"慈善组织：{of.name}　统一社会信用代码：{of.uscc}",
        f"公开募捐资格证书：{of.certificate}　募捐方案备案编号：{of.filing}",
        f"联系方式：{of.phone}　{of.address}",
        "查询方法：在“慈善中国”用备案编号查询方案；在公示账本按条号查询每一笔",
    )
    inner = room - 2 * size
    return [
        line
        for row in said
        for line in broken(row, size=size, room=inner, most=ROWS_MAX, face=SANS)
    ]


def _height(rows: list[str], size: int) -> int:
    return size * 4 + len(rows) * (size * 3 // 2)


def broken(text: str, *, size: int, room: int, most: int, face: str) -> list[str]:
    """Break a text into lines of at most `room` pixels, `most` of them."""
    found: list[str] = [""]
    for char in shown(text):
        line = found[-1]
        if line and measure(face, line + char) * size > room * UNITS:
            if len(found) == most:
                found[-1] = line[:-1] + "…"
                break
            found.append("")
        found[-1] += char
    return _without_lone_signs(found)


def _without_lone_signs(found: Iterable[str]) -> list[str]:
    """No line begins with a closing sign: it goes up to the line before."""
    kept: list[str] = []
    for line in found:
        if kept and line[:1] in set("，。：；、」）！？"):
            kept[-1] += line[0]
            line = line[1:]  # noqa: PLW2901 - the rest of the same line
        if line:
            kept.append(line)
    return kept
