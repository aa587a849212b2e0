"""Decisions that take two persons: proposed by one, confirmed by another, then carried out.

Certificates, filings, publications and whatever else must not be one person's word goes this one
way. The database checks who the two are (people/sql/0022_decisions.sql); what a confirmation
writes is given by the room that the decision belongs to, in the same transaction.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, cast
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from psycopg.errors import Diagnostic

from jusha.people.models import Decision, DecisionEnd

Verdict = Literal["confirmed", "declined", "withdrawn"]
Apply = Callable[[Decision], None]

WORDS_MAX: Final = 400
REFUSALS: Final = ("unknown", "ended", "same-person", "not-yours", "no-words", "stale")
NAMED: Final = {"decision_takes_two": "same-person", "decision_not_yours": "not-yours"}

log = structlog.get_logger("decisions")


class DecisionRefusedError(Exception):
    """Nothing was decided; `code` is one of REFUSALS, or a code of the room's own."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def propose(
    kind: str,
    *,
    charity: str,
    subject: str,
    body: dict[str, Any],
    by: UUID,
    evidence: Iterable[str] = (),
) -> Decision:
    """Put a decision before the second person. Raises DecisionRefusedError("not-yours").

    `body` is what would be written, as JSON; `evidence` the SHA-256 of the files that were seen.
    Writes: jusha_decision.
    """
    try:
        with transaction.atomic():
            made = Decision.objects.create(
                kind=kind,
                charity=charity,
                subject=subject,
                body=body,
                evidence=[*evidence],
                proposed_by=by,
            )
    except IntegrityError as error:
        raise _refusal(error) from error
    log.info("decision_proposed", kind=kind, decision=made.pk, charity=charity)
    return made


def confirm(number: int, *, kind: str, by: UUID, apply: Apply) -> Decision:
    """End a decision as confirmed and carry it out, both or neither.

    `apply` is called inside the transaction; what it raises undoes the confirmation. `kind` is the
    kind that the caller shows: a number of another kind is unknown to it.
    Raises DecisionRefusedError. Writes: jusha_decisionend, and what `apply` writes.
    """
    return _end(number, kind=kind, verdict="confirmed", by=by, words="", apply=apply)


def decline(number: int, *, kind: str, by: UUID, words: str) -> Decision:
    """Hand a decision back; `words` tell the proposer what to mend.

    Raises DecisionRefusedError. Writes: jusha_decisionend.
    """
    words = words.strip()[:WORDS_MAX]
    if not words:
        raise DecisionRefusedError("no-words")
    return _end(number, kind=kind, verdict="declined", by=by, words=words)


def withdraw(number: int, *, kind: str, by: UUID) -> Decision:
    """Take back one's own proposal. Raises DecisionRefusedError. Writes: jusha_decisionend."""
    return _end(number, kind=kind, verdict="withdrawn", by=by, words="")


def open_decisions(kind: str, *, charities: Iterable[str] | None = None) -> QuerySet[Decision]:
    """Decisions of a kind that wait for their second person, oldest first; of all charities.

    With `charities`, of these alone. Reads: jusha_decision, jusha_decisionend.
    """
    found = Decision.objects.filter(kind=kind, end__isnull=True).order_by("id")
    return found if charities is None else found.filter(charity__in=set(charities))


def decisions_about(kind: str, subject: str) -> QuerySet[Decision]:
    """Everything of a kind that was proposed about a subject, newest first, with its end.

    Reads: jusha_decision, jusha_decisionend.
    """
    found = Decision.objects.filter(kind=kind, subject=subject).select_related("end")
    return found.order_by("-id")


def _end(
    number: int,
    *,
    kind: str,
    verdict: Verdict,
    by: UUID,
    words: str,
    apply: Apply | None = None,
) -> Decision:
    try:
        with transaction.atomic():
            found = _open(number, kind)
            _write_end(found, verdict=verdict, by=by, words=words)
            if apply is not None:
                apply(found)
    except DecisionRefusedError as error:
        log.info("decision_refused", decision=number, why=error.code)
        raise
    log.info("decision_ended", kind=kind, decision=number, verdict=verdict)
    return found


def _open(number: int, kind: str) -> Decision:
    """Lock a decision that has no end yet."""
    found = Decision.objects.select_for_update().filter(pk=number, kind=kind).first()
    if found is None:
        raise DecisionRefusedError("unknown")
    if DecisionEnd.objects.filter(decision=found).exists():
        raise DecisionRefusedError("ended")
    return found


def _write_end(found: Decision, *, verdict: Verdict, by: UUID, words: str) -> None:
    """Write the end; the database's refusals get their names, those of `apply` stay its own."""
    try:
        with transaction.atomic():
            DecisionEnd.objects.create(decision=found, verdict=verdict, ended_by=by, words=words)
    except IntegrityError as error:
        raise _refusal(error) from error


def refused_by(error: IntegrityError) -> str:
    """The name of the constraint that said no: what may be logged of an error, without values."""
    said = cast("Diagnostic | None", getattr(error.__cause__, "diag", None))
    return (said and said.constraint_name) or ""


def _refusal(error: IntegrityError) -> Exception:
    """Name what the database refused; a refusal that is not about persons is a fault of ours."""
    code = NAMED.get(refused_by(error))
    return DecisionRefusedError(code) if code else error
