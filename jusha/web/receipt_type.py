"""Chinese type for PDF and pictures, the same on every machine: fonts are files of a package.

Noto Serif SC and Noto Sans SC (SIL Open Font License 1.1) have PostScript outlines, and reportlab
embeds TrueType alone. So the characters of one document become a small TrueType font of their
own: cubic outlines to quadratic ones, at most a thousandth of the letter's height away.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as Outlines
from pylopdf_fonts_zh_cn import sans_path, serif_path
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

SERIF: Final = "JushaSerif"
SANS: Final = "JushaSans"
FILES: Final = {SERIF: serif_path, SANS: sans_path}
FAMILIES: Final = {SERIF: "Noto Serif SC", SANS: "Noto Sans SC"}
UNITS: Final = 1_000
ERROR_MAX: Final = 1.0
"""In font units, of which a letter's height has UNITS."""
MISSING: Final = "〓"
"""What stands for a character that the fonts lack: the printer's sign for a missing sort."""


class _Face(NamedTuple):
    """An opened font: characters to glyphs, the glyphs, and a glyph's width."""

    cmap: dict[int, str]
    glyphs: Any
    ascent: int
    descent: int


_opening = RLock()


def path_of(face: str) -> Path:
    """The font's file."""
    return Path(FILES[face]())


def shown(text: str) -> str:
    """The text with a sign for every character that the fonts lack."""
    has = _face(SERIF).cmap
    return "".join(char if ord(char) in has else MISSING for char in text)


def measure(face: str, text: str) -> int:
    """How wide a text is, in thousandths of its size."""
    return sum(_width(face, char) for char in text)


@lru_cache(maxsize=8_192)
def _width(face: str, char: str) -> int:
    found = _face(face)
    with _opening:
        return int(found.glyphs[found.cmap[ord(char)]].width)


@contextmanager
def typeset(texts: Iterable[str]) -> Iterator[None]:
    """Let reportlab set these texts in SERIF and SANS; one document at a time.

    Its register of fonts is the process's and forgets nothing, so ours are taken out again: the
    characters of a name are not kept, nor does memory grow by every letter.
    """
    chars = "".join(sorted({char for text in texts for char in shown(text)}))
    with _opening:
        for face in FILES:
            pdfmetrics.registerFont(TTFont(face, BytesIO(_small(face, chars))))
        try:
            yield
        finally:
            register: Any = pdfmetrics  # it has no public way out
            for face in FILES:
                font = register._fonts.pop(face)  # noqa: SLF001 - as above
                register._dynFaceNames.pop(font.face.name)  # noqa: SLF001 - as above


def _small(face: str, chars: str) -> bytes:
    """A TrueType font of these characters; reportlab takes fonts of one name for one font."""
    found = _face(face)
    order = [".notdef", *(f"u{ord(char):05X}" for char in chars)]
    drawn = [_glyph(face, "")] + [_glyph(face, char) for char in chars]
    build = FontBuilder(UNITS, isTTF=True)
    build.setupGlyphOrder(order)
    build.setupCharacterMap({ord(char): f"u{ord(char):05X}" for char in chars})
    build.setupGlyf({name: glyph for name, (glyph, _) in zip(order, drawn, strict=True)})
    table = build.font["glyf"]  # which has measured where each outline begins
    build.setupHorizontalMetrics(
        {
            name: (width, getattr(table[name], "xMin", 0))
            for name, (_, width) in zip(order, drawn, strict=True)
        }
    )
    build.setupHorizontalHeader(ascent=found.ascent, descent=found.descent)
    build.setupNameTable({"familyName": face, "styleName": "Regular", "psName": face})
    build.setupOS2(sTypoAscender=found.ascent, usWinAscent=found.ascent)
    build.setupPost()
    build.updateHead(created=0, modified=0)  # else the second of the drawing is in the bytes
    file = BytesIO()
    build.save(file)
    return file.getvalue()


@lru_cache(maxsize=4_096)
def _glyph(face: str, char: str) -> tuple[Any, int]:
    """A character's quadratic outline and its width; "" is the empty one."""
    found = _face(face)
    pen = TTGlyphPen(None)
    if not char:
        return pen.glyph(), 500
    with _opening:
        glyph = found.glyphs[found.cmap[ord(char)]]
        glyph.draw(Cu2QuPen(pen, ERROR_MAX, reverse_direction=True))
    return pen.glyph(), int(glyph.width)


@cache
def _face(face: str) -> _Face:
    with _opening:
        font = Outlines(path_of(face), lazy=True)
        assert font["head"].unitsPerEm == UNITS, "widths are of a thousand units"
        return _Face(
            font.getBestCmap(),
            font.getGlyphSet(),
            font["hhea"].ascent,
            font["hhea"].descent,
        )
