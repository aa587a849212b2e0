"""The form in which a plan is written: what was typed, what is wrong, what a colleague wrote."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from jusha.projects import plan_rules as rules
from jusha.projects.plan_models import ProjectDraft
from jusha.web.plan_words import FAULTS, HELP, LABELS, word

SECTIONS: Final = (
    ("what", ("title", "place", "summary", "story")),
    (
        "plan",
        (
            "purpose",
            "region",
            "responsible",
            "office_address",
            "ways",
            "bank_account",
            "partners",
            "interests",
            "related",
        ),
    ),
    ("who", ("beneficiaries_range", "beneficiaries_number", "beneficiaries_how")),
    ("money", ("target",)),
    ("use", ("use", "costs", "leftover")),
    ("filing", ("number", "filed_on", "starts_on", "ends_on")),
    ("english", ("title_en", "summary_en", "story_en")),
    ("change", ("change",)),
)
DAYS: Final = frozenset({"filed_on", "starts_on", "ends_on"})
LONG: Final = 100
"""Texts that may be longer than this get several lines."""
ROWS_LONG, ROWS_SHORT = 8, 3
STORY_LONG: Final = 1_000
EMPTY_LINES: Final = 2
CHANGE_MAX: Final = 400
NAMES: Final = (
    *rules.TEXTS, *rules.OPTIONAL, "target", "number", "filed_on", "starts_on", "ends_on",
    "emergency", "hard_target", "parent", "theme", "basis", "change",
)  # fmt: skip


class Field(NamedTuple):
    """One field as the page shows it. `rows` is 0 for one line."""

    name: str
    label: str
    help: str
    value: str
    error: str
    theirs: str
    rows: int
    most: int
    kind: str


class LineRow(NamedTuple):
    """One row of the budget: its fields by name."""

    place: int
    kind: str
    fields: dict[str, Field]


def typed(posted: Mapping[str, str]) -> dict[str, str]:
    """What of a sent form belongs to the plan."""
    lines = [f"line-{at}-{name}" for at in range(rules.LINES_MAX) for name in rules.OF_LINE]
    found = {name: posted.get(name, "").replace("\r\n", "\n") for name in (*NAMES, *lines)}
    return {name: text for name, text in found.items() if text}


def sections(
    fields: Mapping[str, str], faults: Mapping[str, str], theirs: Mapping[str, str] | None
) -> dict[str, list[Field]]:
    """The form's fields by section, each with its fault and what a colleague wrote meanwhile."""
    return {
        name: [_field(each, LABELS[each], fields, faults, theirs) for each in of]
        for name, of in SECTIONS
    }


def lines(
    fields: Mapping[str, str], faults: Mapping[str, str], theirs: Mapping[str, str] | None
) -> list[LineRow]:
    """The budget's rows: those that are filled in, and two empty ones."""
    filled = [at for at in range(rules.LINES_MAX) if _some(fields, at)]
    shown = min((filled[-1] + 1 if filled else 0) + EMPTY_LINES, rules.LINES_MAX)
    return [
        LineRow(
            at,
            fields.get(f"line-{at}-kind", ""),
            {
                name: _field(f"line-{at}-{name}", "", fields, faults, theirs)
                for name in rules.OF_LINE
            },
        )
        for at in range(shown)
    ]


def _some(fields: Mapping[str, str], at: int) -> bool:
    return any(fields.get(f"line-{at}-{name}") for name in rules.OF_LINE if name != "kind")


def _field(
    name: str,
    label: Any,
    fields: Mapping[str, str],
    faults: Mapping[str, str],
    theirs: Mapping[str, str] | None,
) -> Field:
    most = (rules.TEXTS | rules.OPTIONAL | {"change": CHANGE_MAX}).get(name, rules.LINE_TEXT_MAX)
    rows = 0 if most <= LONG else (ROWS_LONG if most >= STORY_LONG else ROWS_SHORT)
    value = fields.get(name, "")
    other = theirs.get(name, "") if theirs is not None else value
    return Field(
        name,
        str(label),
        str(HELP.get(name, "")),
        value,
        word(FAULTS, faults[name]) if name in faults else "",
        "" if other == value else (other or "—"),
        rows,
        most,
        "date" if name in DAYS else "text",
    )


def missing(faults: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is wrong, as links to the fields in their order: (name, label)."""
    return [(name, _label(name)) for name in sorted(faults, key=_place)]


def _place(name: str) -> tuple[int, str]:
    """Where a field stands in the form; the budget before its use, what has no section last."""
    order = ["basis", "change", *(each for key, of in SECTIONS if key != "change" for each in of)]
    order.insert(order.index("use"), "lines")
    head = "lines" if name.startswith("line-") else name
    return (order.index(head) if head in order else len(order), name)


def _label(name: str) -> str:
    if name.startswith("line-"):
        return f"{LABELS['lines']} {int(name.split('-')[1]) + 1}"
    return word(LABELS, name)


def version_words(draft: ProjectDraft) -> int | None:
    """Which version of the plan is being written; None for the first."""
    return draft.version if draft.version > 1 else None
