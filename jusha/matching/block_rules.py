"""Whether a sponsor is taken on a day, and whether two names are one's. Pure."""

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

HOWS: Final = ("name", "word")
CATEGORIES: Final = ("tobacco", "connected", "law", "trust")
"""Charity Law 40 (R-CL-40); persons connected with who decides here; barred by another law or an
authority; broke what it promised."""
TEXT_MAX: Final = 120
WORDS_MAX: Final = 400
WORD_MIN: Final = 2
"""A word of one character would refuse half of all names."""


class Block(NamedTuple):
    """One text that is refused from `begins` until the day before `ends`; `place` orders rows."""

    text: str
    how: str
    category: str
    words: str
    begins: date
    ends: date | None
    place: int = 0


def folded(name: str) -> str:
    """A name without what people write differently: width, case, blanks, punctuation."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in plain if each.isalnum())


def same(one: str, other: str) -> bool:
    """Whether two names are written alike but for that; an empty one is nobody's."""
    return bool(folded(one)) and folded(one) == folded(other)


def holding(blocks: Iterable[Block], on: date) -> list[Block]:
    """The texts that are refused on a day: of each text the newest row that has begun, if it holds.

    A row that begins later changes nothing before its day.
    """
    newest: dict[tuple[str, str], Block] = {}
    for each in sorted(blocks, key=lambda block: block.place):
        if each.begins <= on:
            newest[each.how, folded(each.text)] = each
    return [each for each in newest.values() if each.ends is None or on < each.ends]


def refusing(blocks: Iterable[Block], sponsor: str, on: date) -> Block | None:
    """What refuses a sponsor on a day; None for one that is taken."""
    name = folded(sponsor)
    for each in holding(blocks, on):
        if folded(each.text) in name if each.how == "word" else same(each.text, sponsor):
            return each
    return None
