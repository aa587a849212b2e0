"""A person ends a case: lets the matches go with a reason, or takes them back with a second one."""

from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from jusha.guarding.models import AbuseCase, AbuseEnd, AbuseGift
from jusha.guarding.queries import still_held, works_there
from jusha.guarding.rules import WORDS_MAX, AbuseRefusedError
from jusha.inbox.append import append, new_id
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision

KIND: Final = "abuse-claw-back"
LANE: Final = "console"
ROW_MAX: Final = 1_000
ALONE_SQL: Final = "SELECT pg_advisory_xact_lock(hashtext('jusha guarding'))"
"""As scan.ONE_SQL: what joins a case and what ends it never run at the same time."""

log = structlog.get_logger("guarding")


def let_go(number: int, *, words: str, by: UUID) -> AbuseEnd:
    """End a case as a false alarm: what is held for it and nothing else is let go.

    Raises AbuseRefusedError. Writes: jusha_abuseend, the inbox.
    """
    said = words.strip()[:WORDS_MAX]
    if not said:
        raise AbuseRefusedError("no-words")
    with transaction.atomic():
        case = _open(number, by)
        if decisions.open_decisions(KIND).filter(subject=str(number)).exists():
            raise AbuseRefusedError("waits")
        made = AbuseEnd.objects.create(case=case, verdict="let", words=said, by=by)
        reason = f"case {case.pk} let go"
        _tell(
            [
                Instruction(new_id(), "let-match", str(by), body={"deed": deed, "reason": reason})
                for deed in still_held(case)
            ]
        )
    log.info("abuse_case_ended", case=number, verdict="let")
    return made


def propose_claw_back(number: int, *, words: str, by: UUID) -> Decision:
    """Put before a second reviewer that a case's matches are taken back.

    The gifts stand in the decision: what joins the case later is not part of it.
    Raises AbuseRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    said = words.strip()[:WORDS_MAX]
    if not said:
        raise AbuseRefusedError("no-words")
    with transaction.atomic():
        case = _open(number, by)
        if decisions.open_decisions(KIND).filter(subject=str(number)).exists():
            raise AbuseRefusedError("waits")
        deeds = _deeds(case)
        if not deeds:
            raise AbuseRefusedError("no-gifts")
        body = {"case": number, "deeds": deeds, "words": said}
        return decisions.propose(KIND, charity="", subject=str(number), body=body, by=by)


def confirm_claw_back(number: int, *, by: UUID) -> Decision:
    """Take the matches back as proposed: one instruction a gift, and the case ends.

    Refused as "stale" where the case has other gifts by now.
    Raises AbuseRefusedError, DecisionRefusedError. Writes: jusha_decisionend, jusha_abuseend,
    the inbox.
    """
    return decisions.confirm(number, kind=KIND, by=by, apply=lambda found: _carry_out(found, by))


def _carry_out(found: Decision, by: UUID) -> None:
    case = _open(found.body["case"], by)
    if _deeds(case) != found.body["deeds"]:
        raise DecisionRefusedError("stale")
    try:
        with transaction.atomic():
            AbuseEnd.objects.create(
                case=case, verdict="clawed", words=found.body["words"], by=by, decision=found.pk
            )
    except IntegrityError as error:
        raise DecisionRefusedError("stale") from error
    people, reason = (str(found.proposed_by), str(by)), f"case {case.pk}"
    _tell(
        [
            Instruction(_identity(deed), "claw-back", *people, {"deed": deed, "reason": reason})
            for deed in found.body["deeds"]
        ]
    )
    log.info("abuse_case_ended", case=case.pk, verdict="clawed")


def _open(number: int, by: UUID) -> AbuseCase:
    """Lock a case that nobody has ended, for someone who may judge it; no scan runs meanwhile."""
    django_connection().execute(ALONE_SQL)
    case = AbuseCase.objects.select_for_update().filter(pk=number).first()
    if case is None:
        raise AbuseRefusedError("unknown")
    if AbuseEnd.objects.filter(case=case).exists():
        raise AbuseRefusedError("ended")
    if works_there(case, by):
        raise AbuseRefusedError("conflict")
    return case


def _deeds(case: AbuseCase) -> list[int]:
    found = AbuseGift.objects.filter(case=case)
    return list(found.order_by("deed").values_list("deed", flat=True))


def _identity(deed: int) -> bytes:
    """A gift's matches go back once, so a repeat is recognised."""
    return sha256(f"abuse claw-back\n{deed}".encode()).digest()[:16]


def _tell(told: list[Instruction]) -> None:
    for start in range(0, len(told), ROW_MAX):
        append(django_connection(), lane=LANE, envelopes=[*told[start : start + ROW_MAX]])
