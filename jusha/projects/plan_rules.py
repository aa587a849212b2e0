"""A fundraising plan as the law wants it: what it holds, and what is missing in it. Pure.

The fields are the nine of Charity Law section 24 (R-CL-24) and those of the form that is filed
(备案表, R-PF-F); its four lines of cost are the kinds of a budget line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from jusha.projects.rules import Asked

AID: Final = "aid"
"""直接或委托资助款物: what reaches the people; the only kind of the programme's share."""
COST_KINDS: Final = (AID, "pay", "admin", "raise")
"""The four lines of the form: aid, 人员报酬, 管理费用, 募捐成本."""
LINES_MAX: Final = 20
FEN: Final = 100
AMOUNT_MAX: Final = 10**13
PERMILLE: Final = 1000
TEXTS: Final[dict[str, int]] = {
    "title": 40,
    "summary": 120,
    "story": 4_000,
    "place": 40,
    "purpose": 600,
    "region": 200,
    "responsible": 40,
    "office_address": 120,
    "ways": 300,
    "bank_account": 200,
    "beneficiaries_range": 300,
    "beneficiaries_number": 60,
    "beneficiaries_how": 400,
    "use": 1_000,
    "costs": 600,
    "leftover": 400,
    "partners": 300,
    "interests": 300,
}
"""Texts that a plan must have, with the most characters of each."""
OPTIONAL: Final[dict[str, int]] = {
    "related": 400, "title_en": 80, "summary_en": 240, "story_en": 8_000,
}  # fmt: skip
OF_LINE: Final = ("kind", "label", "unit", "count", "outcome")
LINE_TEXT_MAX: Final = 40
YUAN: Final = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,2}))?", re.ASCII)
COUNT: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
THEMES: Final = (
    "education", "health", "disaster", "poverty", "children", "elderly", "disability",
    "environment", "culture", "animals",
)  # fmt: skip
"""Fields of work, of which a plan names one or none: a published list, the same for all."""
LEFTOVERS: Final = ("by-plan", "similar", "none")
"""Where what is left of a project goes (Charity Law 58): as its plan says, to a project of a
similar purpose of the same charity, or nothing is left."""
LEFTOVER_WORDS_MAX: Final = 400
BASES: Final = ("refile", "consent")
"""By what a plan may change (Charity Law 56): filed again, or the donors consent."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a budget; `unit` in fen, `outcome` what one unit is, in words."""

    kind: str
    label: str
    unit: int
    count: int
    outcome: str

    @property
    def amount(self) -> int:
        """Unit cost times quantity, in fen."""
        return self.unit * self.count


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that is complete. `texts` by the names in TEXTS and OPTIONAL; `target` in fen."""

    texts: dict[str, str]
    lines: tuple[Line, ...]
    target: int
    theme: str = ""
    hard_target: bool = False
    """Whether it stops when the target is reached."""

    @property
    def running(self) -> int:
        """What is planned for all but aid, in fen."""
        return sum(line.amount for line in self.lines if line.kind != AID)

    @property
    def running_permille(self) -> int:
        """The running costs' share of each gift: never more than planned."""
        return self.running * PERMILLE // self.target

    @property
    def unit(self) -> Line:
        """What a gift is counted in: the first line of aid."""
        return next(line for line in self.lines if line.kind == AID)

    def document(self) -> dict[str, Any]:
        """The plan as JSON, as it is kept and shown."""
        return {
            "texts": self.texts,
            "lines": [asdict(line) | {"amount": line.amount} for line in self.lines],
            "target": self.target,
            "theme": self.theme,
            "hard_target": self.hard_target,
            "running_permille": self.running_permille,
        }


class Faults(dict[str, str]):
    """What is wrong, by field: one code each, the first that was found."""

    def add(self, field: str, code: str) -> None:
        """Note a fault of a field that has none yet."""
        self.setdefault(field, code)


def fen(text: str) -> int | None:
    """Yuan as people type them, in fen; None if it is no amount."""
    found = YUAN.fullmatch(text.strip(" ¥￥元").replace(",", ""))
    if found is None:
        return None
    return int(found[1]) * FEN + int((found[2] or "").ljust(2, "0"))


def plan_of(fields: Mapping[str, str], faults: Faults) -> Plan | None:
    """Read a plan from what was typed; None, with the faults by field, if it is not complete."""
    before = len(faults)
    texts = {}
    for name, longest in (TEXTS | OPTIONAL).items():
        text = fields.get(name, "").strip()
        if not text and name in TEXTS:
            faults.add(name, "missing")
        if len(text) > longest:
            faults.add(name, "too-long")
        texts[name] = text
    lines = tuple(_lines(fields, faults))
    target = fen(fields.get("target", ""))
    if not fields.get("target", "").strip():
        faults.add("target", "missing")
    elif not target or target > AMOUNT_MAX:
        faults.add("target", "not-money")
    if not any(line.kind == AID for line in lines):
        faults.add("lines", "no-aid")
    if target and sum(line.amount for line in lines) != target:
        faults.add("lines", "not-sum")
    theme = fields.get("theme", "")
    if theme and theme not in THEMES:
        faults.add("theme", "no-theme")
    if len(faults) > before or target is None:
        return None
    return Plan(texts, lines, target, theme, fields.get("hard_target", "") == "yes")


def related_parties(content: Mapping[str, Any]) -> list[str]:
    """The names that a published plan declares as related parties, in its order."""
    text = str(content.get("texts", {}).get("related", ""))
    names = (each.strip() for each in re.split(r"[\n;；]", text))
    return list(dict.fromkeys(name for name in names if name))


def sum_of(fields: Mapping[str, str]) -> int:
    """What the budget lines that can be read come to, in fen."""
    return sum(line.amount for line in _lines(fields, Faults()))


def _lines(fields: Mapping[str, str], faults: Faults) -> Iterator[Line]:
    """The budget lines that are filled in; an empty one is no line."""
    for place in range(LINES_MAX):
        typed = {name: fields.get(f"line-{place}-{name}", "").strip() for name in OF_LINE}
        if not any(typed[name] for name in OF_LINE if name != "kind"):
            continue
        unit, count = fen(typed["unit"]), COUNT.fullmatch(typed["count"])
        wrong = [
            ("kind", typed["kind"] not in COST_KINDS, "missing"),
            ("label", not typed["label"], "missing"),
            ("label", len(typed["label"]) > LINE_TEXT_MAX, "too-long"),
            ("outcome", typed["kind"] == AID and not typed["outcome"], "missing"),
            ("outcome", len(typed["outcome"]) > LINE_TEXT_MAX, "too-long"),
            ("unit", not unit, "not-money"),
            ("count", count is None, "not-number"),
        ]
        found = [(name, code) for name, is_wrong, code in wrong if is_wrong]
        for name, code in found:
            faults.add(f"line-{place}-{name}", code)
        if not found and unit and count:
            yield Line(typed["kind"], typed["label"], unit, int(count[0]), typed["outcome"])


def asked_of(fields: Mapping[str, str], faults: Faults) -> Asked | None:
    """Read the filing from what was typed; None, with the faults by field, if days are wrong."""
    before = len(faults)
    emergency = fields.get("emergency", "") == "yes"
    starts_on, ends_on = (_day(fields, name, faults) for name in ("starts_on", "ends_on"))
    filed_on = None
    number = fields.get("number", "").strip().upper()
    if number or not emergency:
        filed_on = _day(fields, "filed_on", faults)
    if not number and not emergency:
        faults.add("number", "number-missing")
    if len(faults) > before or starts_on is None or ends_on is None:
        return None
    return Asked(number, filed_on, starts_on, ends_on, emergency)


def asked_document(asked: Asked) -> dict[str, Any]:
    """A filing as JSON: the row's own fields."""
    told = asdict(asked)
    return {key: f"{at:%Y-%m-%d}" if isinstance(at, date) else at for key, at in told.items()}


def _day(fields: Mapping[str, str], name: str, faults: Faults) -> date | None:
    text = fields.get(name, "").strip()
    if not text:
        faults.add(name, "missing")
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.add(name, "not-day")
        return None


FIELD_OF: Final[dict[str, str]] = {
    "number-shape": "number",
    "number-borrowed": "number",
    "number-reused": "number",
    "number-missing": "number",
    "number-expired": "ends_on",
    "uscc": "number",
    "filed-on-missing": "filed_on",
    "filed-in-future": "filed_on",
    "filed-too-late": "filed_on",
    "starts-too-early": "starts_on",
    "ends-before-start": "ends_on",
}
"""At which field a fault of a filing (rules.filing_faults) is told."""
