"""Thresholds change by two reviewers, from a day on: the next version of a rule."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from jusha.guarding.models import GuardRule
from jusha.guarding.rules import WORDS_MAX, AbuseRefusedError, check_terms
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision

KIND: Final = "abuse-rule"


def propose_rule(
    rule: str, terms: Mapping[str, object], *, words: str, begins: date, by: UUID, today: date
) -> Decision:
    """Propose the next version of a rule; it begins on a day that has not begun.

    Raises AbuseRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    plain, said = check_terms(rule, terms), words.strip()[:WORDS_MAX]
    if not said:
        raise AbuseRefusedError("no-words")
    if begins <= today:
        raise AbuseRefusedError("days")
    with transaction.atomic():
        if decisions.open_decisions(KIND).filter(subject=rule).exists():
            raise AbuseRefusedError("waits")
        newest = GuardRule.objects.filter(rule=rule).order_by("-version").first()
        body = {
            "rule": rule,
            "version": newest.version + 1 if newest else 1,
            "terms": plain,
            "begins": begins.isoformat(),
            "words": said,
        }
        return decisions.propose(KIND, charity="", subject=rule, body=body, by=by)


def confirm_rule(number: int, *, by: UUID) -> Decision:
    """Write the version as it was proposed. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_guardrule.
    """

    def carry_out(decision: Decision) -> None:
        try:
            with transaction.atomic():
                GuardRule.objects.create(decision=decision.pk, **decision.body)
        except IntegrityError as error:
            raise DecisionRefusedError("stale") from error

    return decisions.confirm(number, kind=KIND, by=by, apply=carry_out)
