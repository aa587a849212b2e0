"""Add a figure that two persons decided on; what is recorded stays."""

from datetime import date
from typing import Any, Final

import structlog
from django.db import transaction

from jusha.law.models import LawRule
from jusha.law.queries import forget
from jusha.law.rules import Figure, faults

SOURCE_MAX: Final = 300
KIND: Final = "law"
"""The kind of decision that a figure takes (people/decisions.py)."""
REFUSALS: Final = ("value", "too-early", "no-source", "no-doubt")

log = structlog.get_logger("law")


class FigureRefusedError(Exception):
    """The figure was not proposed; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def proposed(
    now: Figure, *, value: int, begins: date, source: str, sure: str, today: date
) -> dict[str, Any]:
    """The row that a new figure of a rule would be, for a decision of KIND.

    `now` is the rule's newest figure, whose words and unit stay. A figure begins on a later day
    than today: what was judged yesterday stays judged. Raises FigureRefusedError.
    """
    if faults(value, now.unit):
        raise FigureRefusedError("value")
    if begins <= today:
        raise FigureRefusedError("too-early")
    if not source.strip():
        raise FigureRefusedError("no-source")
    if sure not in {"V", "S", "H"}:  # what nobody read or was told is no ground for a change
        raise FigureRefusedError("no-doubt")
    return {
        "rule": now.rule,
        "article": now.article,
        "name_zh": now.name_zh,
        "name_en": now.name_en,
        "unit": now.unit,
        "value": value,
        "begins": begins.isoformat(),
        "source": source.strip()[:SOURCE_MAX],
        "sure": sure,
    }


def add(body: dict[str, Any], *, decision: int) -> LawRule:
    """Write the figure that a confirmed decision holds; every process sees it within seconds.

    Writes: jusha_lawrule.
    """
    made = LawRule.objects.create(
        **body | {"begins": date.fromisoformat(body["begins"])}, decision=decision
    )
    transaction.on_commit(forget)
    log.info("figure_added", rule=made.rule, value=made.value, begins=str(made.begins))
    return made
