"""The page of an estimate: questions, pictures, tables, rules, and what it cannot know.

One file that asks nobody for anything: styles and pictures are in it, scripts are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from django.template import Context, Engine
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from jusha.management.simulation import pictures, tables, told
from jusha.management.simulation.say import Say
from jusha.management.simulation.sheet import STYLE, Sheet
from jusha.management.simulation.tables import Table
from jusha.matching.document import write_document
from jusha.matching.rules import terms_hash
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS
from jusha.settlement.estimate_day import Candidate
from jusha.settlement.estimate_figures import Figures
from jusha.web.rule_words import rule_lines

LANGUAGES: Final = {"zh": "zh-hans", "en": "en"}
HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Subject:
    """What was tried on which gifts, for the head of a report. Times in seconds from the start."""

    title: str
    facts: list[tuple[str, str]]
    known: str
    assumed: str
    repeat: str
    days: int
    opens_s: int


class Section(NamedTuple):
    """One question with its answers in words, its picture at two widths, and its table."""

    key: str
    question: str
    answers: list[str]
    wide: SafeString
    narrow: SafeString
    tables: list[Table]


class RuleShown(NamedTuple):
    """A rule of a candidate: its code, sentences, document and hash."""

    candidate: str
    code: str
    lines: list[tuple[str, str]]
    document: str
    hash: str


def write_page(
    folder: Path,
    all_: Sequence[Figures],
    candidates: Sequence[Candidate],
    subject: Subject,
    say: Say,
) -> list[Path]:
    """Write index.html and the pictures into a folder; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = _drawn(all_, subject, say)
    written = []
    for key, (_, wide, _narrow, _tables) in drawn.items():
        written.append(folder / f"{key}.svg")
        written[-1].write_text(wide.draw(alone=True) + "\n", "utf-8")
    engine = Engine(dirs=[str(files("jusha.management").joinpath("simulation"))])
    template = engine.get_template("page.html")
    with translation.override(LANGUAGES[say.language]):
        page = template.render(Context(_context(all_, candidates, subject, say, drawn)))
    written.insert(0, folder / "index.html")
    written[0].write_text(page, "utf-8")
    return written


Drawn = dict[str, tuple[str, Sheet, Sheet, list[Table]]]


def _drawn(all_: Sequence[Figures], subject: Subject, say: Say) -> Drawn:
    """Draw every picture twice: for wide pages and for phones."""
    days, ends_s = subject.days, subject.days * DAY_SECONDS
    wide, narrow = pictures.WIDE, pictures.NARROW

    def pool(width: int, from_s: int, to_s: int, name: str) -> Sheet:
        return pictures.pool_left(
            all_, say, width=width, days=days, from_s=from_s, to_s=to_s, name=name
        )

    hour = (max(subject.opens_s - 600, 0), min(subject.opens_s + HOUR, ends_s))
    span = hour if days == 1 else (0, ends_s)

    def matched(width: int) -> Sheet:
        return pictures.matched_by_time(
            all_, say, width=width, days=days, from_s=span[0], to_s=span[1]
        )

    def left(from_s: int, to_s: int, step_s: int) -> Table:
        return tables.left_by_time(all_, say, days=days, from_s=from_s, to_s=to_s, step_s=step_s)

    drawn: Drawn = {
        "pool": (
            say("配捐池什么时候用完？", "When does the pool run dry?"),
            pool(wide, 0, ends_s, "pool"),
            pool(narrow, 0, ends_s, "pool"),
            [left(0, ends_s, HOUR if days == 1 else DAY_SECONDS)],
        ),
        "opening": (
            say("开场第一小时呢？", "And in the first hour?"),
            pool(wide, *hour, "opening"),
            pool(narrow, *hour, "opening"),
            [left(*hour, 5 * MINUTE_SECONDS)],
        ),
        "matched": (
            say("每分钟捐了多少、配了多少？", "How much was given and matched, by the minute?")
            if days == 1
            else say("每天捐了多少、配了多少？", "How much was given and matched, and when?"),
            matched(wide),
            matched(narrow),
            [tables.matched_by_bin(all_, say, days=days, from_s=span[0], to_s=span[1])],
        ),
        "rate": (
            say("早捐和晚捐，差多少？", "What does being early bring?"),
            pictures.rate_by_time(all_, say, width=wide, days=days),
            pictures.rate_by_time(all_, say, width=narrow, days=days),
            [tables.by_time(all_, say)],
        ),
    }
    return drawn | _people(all_, say)


def _people(all_: Sequence[Figures], say: Say) -> Drawn:
    """Draw who gains: donors, and bots where there are any."""
    wide, narrow = pictures.WIDE, pictures.NARROW
    drawn: Drawn = {
        "tenths": (
            say("谁得到了配捐？", "Who gains?"),
            pictures.shares_by_tenth(all_, say, width=wide),
            pictures.shares_by_tenth(all_, say, width=narrow),
            [tables.by_tenth(all_, say), tables.by_amount(all_, say)],
        ),
    }
    if all_[0].bots.gifts:
        drawn["bots"] = (
            say("刷捐者能得到多少？", "How do bots fare?"),
            pictures.bots_beside_people(all_, say, width=wide),
            pictures.bots_beside_people(all_, say, width=narrow),
            [tables.by_group(all_, say)],
        )
    return drawn


def _context(
    all_: Sequence[Figures],
    candidates: Sequence[Candidate],
    subject: Subject,
    say: Say,
    drawn: Drawn,
) -> dict[str, object]:
    answers = {
        "pool": told.pool_told(all_, say, days=subject.days),
        "opening": [],
        "matched": told.minute_told(all_, say) if subject.days == 1 else [],
        "rate": told.when_told(all_, say),
        "tenths": told.tenths_told(all_, say),
        "bots": told.bots_told(all_, say),
    }
    style = files("jusha.management").joinpath("simulation/page.css").read_text("utf-8")
    return {
        "lang": LANGUAGES[say.language],
        "zh": say.language == "zh",
        "style": mark_safe(style + STYLE),  # noqa: S308 - our own files
        "subject": subject,
        "summary": tables.summary(all_, say, days=subject.days),
        "sections": [
            Section(key, question, answers[key], _safe(wide), _safe(narrow), shown)
            for key, (question, wide, narrow, shown) in drawn.items()
        ],
        "reasons": tables.by_reason(all_, say),
        "rules": [_rule(each, place) for each in candidates for place in range(len(each.rules))],
    }


def _safe(sheet: Sheet) -> SafeString:
    return mark_safe(sheet.draw())  # noqa: S308 - Sheet escapes every text it is given


def _rule(candidate: Candidate, place: int) -> RuleShown:
    code, terms = candidate.rules[place]
    return RuleShown(
        candidate.name,
        code,
        [(line.heading, line.sentence) for line in rule_lines(terms)],
        write_document(terms),
        terms_hash(terms),
    )
