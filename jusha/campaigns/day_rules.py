"""What a giving day must say before two persons open it, and where it stands in time. Pure."""

import json
import tomllib
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple

import msgspec

from jusha.inbox.envelopes import CODE
from jusha.money.clock import MINUTE_SECONDS, minute_text

COLOURS: Final = ("cinnabar", "jade", "amber", "sand")
OPEN_KIND: Final = "campaign-open"
FUND_KIND: Final = "pool-fund"
RULE_KIND: Final = "rule-publish"
STEP_KIND: Final = "pool-step"
PACT_KIND: Final = "pact"
JOIN_KIND: Final = "day-join"
EXCLUDE_KIND: Final = "day-exclude"
REPORT_KIND: Final = "day-report"
KINDS: Final = (
    OPEN_KIND, FUND_KIND, RULE_KIND, STEP_KIND, PACT_KIND, JOIN_KIND, EXCLUDE_KIND, REPORT_KIND,
)  # fmt: skip
"""Of decisions that a giving day takes (sql/0037_days.sql says whose they are)."""
STEPS: Final = ("begin-notice", "close-pool", "release", "sponsor-paid")
"""Instructions of a pool's way from promise to money, in their order."""

TITLE_MAX: Final = 80
THEME_MAX: Final = 120
STORY_MAX: Final = 10_000
WORDS_MAX: Final = 400
PACT_MAX: Final = 10_000
PROJECTS_MAX: Final = 200
VENUES_MAX: Final = 40
DAYS_MAX: Final = 62
"""A campaign that is longer is no giving day: nobody can check its caps by eye."""
YEARS: Final = 2000, 2200
EXCLUDED_DAYS: Final = 366
AMOUNT_MAX: Final = (1 << 53) - 1
RULE_AHEAD_SECONDS: Final = 120
"""Settlement asks for 60; the rest is for the way of the instruction to it."""
REFUSALS: Final = (
    "code", "code-taken", "title", "theme", "story", "window", "too-long", "colour", "anchor",
    "parent", "predecessor", "rehearsal", "opened", "no-window", "no-projects", "project", "venues",
    "waits", "stale", "pool", "pool-other", "sponsor", "amount", "due", "evidence", "rule-code",
    "from", "step", "no-pact", "not-signed", "excluded", "over", "not-opened", "own-project",
    "words", "days", "nobody", "not-over", "scene",
)  # fmt: skip
Phase = Literal["soon", "now", "over"]


class DayRefusedError(Exception):
    """Nothing was changed; `code` says why, in one of REFUSALS, `at` names what it is about."""

    def __init__(self, code: str, at: str = "") -> None:
        """Keep why."""
        super().__init__(code)
        self.code, self.at = code, at


class Page(NamedTuple):
    """What an operator writes of a campaign. Times are aware, on whole minutes."""

    code: str
    title_zh: str
    title_en: str
    theme_zh: str
    theme_en: str
    story_zh: str
    story_en: str
    colour: str = "cinnabar"
    anchor: str = ""
    parent: str = ""
    predecessor: str = ""
    is_rehearsal: bool = False
    opens: datetime | None = None
    closes: datetime | None = None


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day of the year that giving days are held for; `moves`: its dates where they differ."""

    name_zh: str
    name_en: str
    month: int = 0
    day: int = 0
    moves: tuple[date, ...] = ()

    def next(self, on: date) -> date | None:
        """Its next day from `on`; None where no list reaches so far."""
        if self.moves:
            return next((each for each in self.moves if each >= on), None)
        this_year = date(on.year, self.month, self.day)
        return this_year if this_year >= on else date(on.year + 1, self.month, self.day)


@cache
def anchors() -> dict[str, Anchor]:
    """Festivals and theme days by code."""
    text = files("jusha.campaigns").joinpath("anchors.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Anchor])


def suggestions(on: date) -> list[tuple[str, Anchor, date]]:
    """Anchors with their next day, the nearest first."""
    found = [(code, each, each.next(on)) for code, each in anchors().items()]
    return sorted(
        ((code, each, day) for code, each, day in found if day is not None),
        key=lambda one: (one[2], one[0]),
    )


def checked(page: Page) -> Page:
    """Return a page without blanks around its words. Raises DayRefusedError."""
    told = page._asdict()
    told |= {
        name: value.strip().replace("\r\n", "\n")
        for name, value in told.items()
        if isinstance(value, str)
    }
    page = Page(**told)
    if not CODE.fullmatch(page.code):
        raise DayRefusedError("code")
    for name, most in (("title", TITLE_MAX), ("theme", THEME_MAX), ("story", STORY_MAX)):
        both = [getattr(page, f"{name}_{language}") for language in ("zh", "en")]
        if any(not 0 < len(words) <= most or unprintable(words) for words in both):
            raise DayRefusedError(name)
    if page.colour not in COLOURS:
        raise DayRefusedError("colour")
    if page.anchor and page.anchor not in anchors():
        raise DayRefusedError("anchor")
    if page.code in {page.parent, page.predecessor}:
        raise DayRefusedError("parent" if page.code == page.parent else "predecessor")
    check_window(page.opens, page.closes)
    return page


def check_window(opens: datetime | None, closes: datetime | None) -> None:
    """Raise DayRefusedError for a window that cannot be. A page may stand without one."""
    if opens is None and closes is None:
        return
    if opens is None or closes is None or opens >= closes:
        raise DayRefusedError("window")
    if any(each.second or each.microsecond for each in (opens, closes)):
        raise DayRefusedError("window")
    if not YEARS[0] <= opens.year <= closes.year <= YEARS[1]:
        raise DayRefusedError("window")
    if closes - opens > timedelta(days=DAYS_MAX):
        raise DayRefusedError("too-long")


def unprintable(words: str) -> bool:
    """Whether text holds characters that nobody can read, but for line breaks."""
    return any(unicodedata.category(each)[0] == "C" and each != "\n" for each in words)


def page_digest(page: Page, projects: Iterable[str]) -> str:
    """Name what two persons looked at: the page's words and its projects."""
    told: dict[str, Any] = {**page._asdict(), "projects": sorted(projects)}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return sha256(text.encode()).hexdigest()


def phase(opens: datetime, closes: datetime, at: datetime) -> Phase:
    """Where a campaign stands in time."""
    if at < opens:
        return "soon"
    return "now" if at < closes else "over"


def minute_after(at: datetime, seconds: int) -> str:
    """The first whole UTC minute at least so many seconds later, as leaves write it."""
    at_s = int(at.astimezone(UTC).timestamp()) + seconds
    return minute_text(-(-at_s // MINUTE_SECONDS) * MINUTE_SECONDS)


def check_exclusion(begins: date, ends: date, words: str, *, today: date) -> None:
    """Raise DayRefusedError for an exclusion that is longer than a year, or says nothing."""
    if begins < today or not timedelta(0) < ends - begins <= timedelta(days=EXCLUDED_DAYS):
        raise DayRefusedError("days")
    if not 0 < len(words.strip()) <= WORDS_MAX or unprintable(words):
        raise DayRefusedError("words")


def identity(decision: int, place: int = 0) -> bytes:
    """Name a decision's instruction, so that settlement obeys it once."""
    return sha256(f"campaigns {decision} {place}".encode()).digest()[:16]
