"""Reading figures of the law: held in this process for some seconds, because pages ask often."""

import time
from datetime import date
from pathlib import Path
from typing import Final

from jusha.law.models import LawRule
from jusha.law.rules import Figure, pick, read_table

SEED: Final = Path(__file__).parent / "rules.toml"
KEEP_SECONDS: Final = 5.0
"""The longest that a process goes by figures to which a row was added meanwhile."""
_kept: tuple[float, tuple[Figure, ...]] | None = None


def figure(rule: str, *, on: date) -> int:
    """The figure of a rule on a Shanghai day, in the rule's unit.

    Raises NoFigureError (a LookupError) for an unknown rule and for a day without a figure.
    Reads: jusha_lawrule, at most every KEEP_SECONDS.
    """
    return pick(figures(), rule, on=on).value


def holding(rule: str, *, on: date) -> Figure:
    """The figure of a rule on a day with its source; raises and reads as `figure` does."""
    return pick(figures(), rule, on=on)


def figures() -> tuple[Figure, ...]:
    """Every figure ever recorded, as rules.pick wants them, at most KEEP_SECONDS old.

    Reads: jusha_lawrule.
    """
    global _kept  # noqa: PLW0603 - one small table a process
    at = time.monotonic()
    if _kept is None or at >= _kept[0]:
        rows = LawRule.objects.order_by("id")
        _kept = (at + KEEP_SECONDS, tuple(as_figure(row) for row in rows))
    return _kept[1]


def forget() -> None:
    """Read anew at the next question: whoever has just added a row wants to see it."""
    global _kept  # noqa: PLW0603 - as above
    _kept = None


def as_figure(row: LawRule) -> Figure:
    """A row as the pure rules see it."""
    return Figure(
        row.rule, row.article, row.name_zh, row.name_en, row.value, row.unit, row.begins,
        row.ends, row.source, row.sure, row.pk,
    )  # fmt: skip


def seed() -> tuple[Figure, ...]:
    """The figures that migration 0024 wrote. Raises LawTableError."""
    return read_table(SEED.read_text("utf-8"))
