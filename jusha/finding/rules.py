"""How words are cut, compared and marked, and what stands in an address. Pure.

Chinese has no spaces: a run of characters is cut into pairs (书香进山: 书香 香进 进山), so that any
two characters that stand together are found, with no dictionary that could lack a word. The last
character of a run stands alone as well; a search for one character looks for pairs that begin
with it. Every character is folded alone (width, case, Traditional to Simplified), so that what is
asked and what is written always meet, and a text keeps its length: marks fall where they belong.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from opencc import OpenCC

ASKED_MAX: Final = 60
"""Characters of a search that are looked for; the rest is cut away."""
TERMS_MAX: Final = 8
"""Runs and words of a search that are looked for."""
PAGE: Final = 20
SHORT: Final = 3
"""Words up to here are not looked for in the singular."""
SNIPPET: Final = 72
BEFORE: Final = 18
"""Characters of a snippet, and how many of them stand before the hit."""
PROJECT: Final = 1
CHARITY: Final = 2
STATES: Final = ("open", "reached", "ended")
HAN: Final = re.compile(
    r"[\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    r"\U00020000-\U0003ffff]+"
)
WORD: Final = re.compile(r"[^\W_]+")
CURSOR: Final = re.compile(
    r"(20[0-9]{2}-[01][0-9]-[0-3][0-9])\.([01])\.(-?[0-9]{1,19})\.([0-9]{1,18})"
)
CODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
PROVINCES: Final = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江",
    "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川",
    "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆", "台湾", "香港", "澳门",
)  # fmt: skip
REGION: Final = re.compile(r"([\u4e00-\u9fff]{2,6}?)(?:省|自治区|特别行政区)")


class _Folds(dict[int, str]):
    """Characters by what they are compared as; each is worked out once."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        plain = unicodedata.normalize("NFKC", character)
        found = plain.lower() if len(plain.lower()) == 1 else character
        if HAN.match(found):
            found = _SIMPLIFIED.convert(found)
        self[point] = found if len(found) == 1 else character
        return self[point]


_SIMPLIFIED: Final = OpenCC("t2s")
_FOLDS: Final = _Folds()


def folded(text: str) -> str:
    """A text as it is compared: as long as before, Simplified, in small letters of one width."""
    return text.translate(_FOLDS)


def pairs(texts: Iterable[str]) -> str:
    """All pairs of Chinese characters in the texts and each run's last, as a tsvector's text."""
    found: dict[str, None] = {}
    for run in HAN.findall(folded("\n".join(texts))):
        found.update(dict.fromkeys(map("".join, pairwise(run))))
        found[run[-1]] = None
    return " ".join(found)


def words(texts: Iterable[str]) -> str:
    """All other words of the texts, once each, for PostgreSQL's English configuration."""
    return " ".join(dict.fromkeys(WORD.findall(HAN.sub(" ", folded("\n".join(texts))))))


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: as it was read, the pairs as a tsquery's text, other words, all to be marked."""

    text: str
    pairs: str
    words: str
    terms: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.terms)


def asked(text: str) -> Asked:
    """Read a search, whatever somebody typed: at most ASKED_MAX characters and TERMS_MAX terms."""
    kept = "".join(each for each in text if each.isprintable() or each.isspace())
    kept = " ".join(kept.split())[:ASKED_MAX].strip()
    plain = folded(kept)
    runs = HAN.findall(plain)[:TERMS_MAX]
    others = WORD.findall(HAN.sub(" ", plain))[: TERMS_MAX - len(runs)]
    wanted: dict[str, None] = {}
    for run in runs:
        two = map("".join, pairwise(run))
        wanted.update(dict.fromkeys([f"'{run}':*"] if len(run) == 1 else [f"'{e}'" for e in two]))
    return Asked(kept, " & ".join(wanted), " ".join(others), tuple(dict.fromkeys([*runs, *others])))


class Part(NamedTuple):
    """A piece of a text that is shown, and whether it was looked for."""

    text: str
    hit: bool


def marked(text: str, terms: Sequence[str]) -> tuple[Part, ...]:
    """A text cut where the terms stand in it; the pieces together are the text."""
    if not terms or not text:
        return (Part(text, hit=False),)
    plain = folded(text)
    found: list[Part] = []
    place = 0
    for hit in re.finditer("|".join(map(_pattern, sorted(terms, key=len, reverse=True))), plain):
        if hit.start() > place:
            found.append(Part(text[place : hit.start()], hit=False))
        found.append(Part(text[hit.start() : hit.end()], hit=True))
        place = hit.end()
    if place < len(text):
        found.append(Part(text[place:], hit=False))
    return tuple(found)


def _pattern(term: str) -> str:
    """A term as it stands in a text; a word begins where a word begins, in singular or plural."""
    if HAN.match(term):
        return re.escape(term)
    one = term[:-1] if len(term) > SHORT and term.endswith("s") else ""
    return rf"\b{re.escape(one)}s?" if one else rf"\b{re.escape(term)}"


def snippet(text: str, terms: Sequence[str]) -> tuple[Part, ...]:
    """The piece of a text about the first of the terms; () if none stands in it."""
    plain = folded(text)
    first = min((e.start() for t in terms if (e := re.search(_pattern(t), plain))), default=-1)
    if first < 0:
        return ()
    start = max(first - BEFORE, 0)
    cut = " ".join(text[start : start + SNIPPET].split())
    cut = ("…" if start else "") + cut + ("…" if start + SNIPPET < len(text) else "")
    return marked(cut, terms)


def region_of(place: str) -> str:
    """The province that a place's Chinese name begins with; "" if it names none."""
    for name in PROVINCES:
        if place.startswith(name):
            return name
    named = REGION.match(place)
    return named[1] if named else ""


class Cursor(NamedTuple):
    """Behind which row a page begins: the day of the order, in names or texts, its place."""

    day: date
    tier: int
    place: int
    id: int

    def __str__(self) -> str:
        return f"{self.day}.{self.tier}.{self.place}.{self.id}"


def cursor(text: str) -> Cursor | None:
    """Read a cursor from an address; None if it is none."""
    read = CURSOR.fullmatch(text)
    if read is None:
        return None
    try:
        day = date.fromisoformat(read[1])
    except ValueError:
        return None
    place = int(read[3])
    if not -(1 << 63) <= place < 1 << 63:
        return None
    return Cursor(day, int(read[2]), place, int(read[4]))


def code(text: str) -> str:
    """A code from an address; "" if it is none."""
    return text if CODE.fullmatch(text) else ""
