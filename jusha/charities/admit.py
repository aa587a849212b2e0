"""Two reviewers admit a charity: its page, its certificate, its first member, its book."""

from typing import Any, Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from jusha.charities.join import (
    ADMIT,
    hand_back,
    is_code_taken,
    is_uscc_taken,
    tell_applicant,
)
from jusha.charities.models import Admission, Application, Certificate, Charity, Member
from jusha.charities.queries import is_open
from jusha.charities.rules import Role
from jusha.inbox.append import append, new_id
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError, refused_by
from jusha.people.models import Decision
from jusha.uploads.keep import adopt

KIND: Final = ADMIT
LANE: Final = "console"
CHECKS: Final = ("name", "registry", "certificate", "contact", "other")
"""What the first reviewer looked at, each by name; all of them, or nothing is proposed."""

log = structlog.get_logger("charities")


def propose_admission(number: int, *, by: UUID, checked: frozenset[str]) -> Decision:
    """Propose to admit the charity of an application; another reviewer confirms.

    Raises DecisionRefusedError: "unchecked", "ended" for an application that waits no longer,
    "waits" for one that is proposed, "code-taken", "uscc-taken", "not-yours".
    Writes: jusha_decision.
    """
    if checked != frozenset(CHECKS):
        raise DecisionRefusedError("unchecked")
    with transaction.atomic():
        found = _locked(number)
        if decisions.open_decisions(KIND).filter(subject=str(number)).exists():
            raise DecisionRefusedError("waits")
        return decisions.propose(
            KIND,
            charity=found.code,
            subject=str(number),
            body=_body(found),
            by=by,
            evidence=[each for each in (found.registration, found.evidence) if each],
        )


def confirm_admission(number: int, *, by: UUID) -> None:
    """Confirm decision `number`: charity, certificate, first member and book, all or nothing.

    Raises DecisionRefusedError. Writes: jusha_decisionend, jusha_charity, jusha_certificate,
    jusha_member, jusha_admission, the inbox.
    """

    def carry_out(decision: Decision) -> None:
        try:
            with transaction.atomic():
                _write(decision, second=by)
        except IntegrityError as error:
            log.warning("charity_not_admitted", decision=decision.pk, constraint=refused_by(error))
            raise DecisionRefusedError("stale") from error

    decisions.confirm(number, kind=KIND, by=by, apply=carry_out)


def decline_admission(number: int, *, by: UUID, words: str) -> None:
    """Decline decision `number`; the applicant gets the words and mends.

    Raises DecisionRefusedError. Writes: jusha_decisionend, jusha_applicationreturn.
    """
    with transaction.atomic():
        ended = decisions.decline(number, kind=KIND, by=by, words=words)
        hand_back(int(ended.subject), by=by, words=words)


def _locked(number: int) -> Application:
    """The application, held; it still waits and may be admitted. Raises DecisionRefusedError."""
    found = Application.objects.select_for_update().filter(pk=number).first()
    if found is None or not is_open(found):
        raise DecisionRefusedError("ended")
    if is_code_taken(found.code):
        raise DecisionRefusedError("code-taken")
    if is_uscc_taken(found.uscc):
        raise DecisionRefusedError("uscc-taken")
    return found


def _body(found: Application) -> dict[str, Any]:
    """What would be written: one part a table, as it will stand there."""
    shared = ("code", "kind", "name_zh", "name_en", "uscc", "address_zh", "address_en", "phone")
    body: dict[str, Any] = {
        "charity": {name: getattr(found, name) for name in shared},
        "member": {
            "charity": found.code,
            "account_id": str(found.account),
            "role": str(Role.PROGRAMME),
        },
        "admission": {
            "charity": found.code,
            "uscc": found.uscc,
            "application_id": found.pk,
        },
    }
    if found.raises:
        assert found.valid_from is not None
        assert found.valid_until is not None
        body["certificate"] = {
            "charity": found.code,
            "number": found.number,
            "issuer": found.issuer,
            "valid_from": found.valid_from.isoformat(),
            "valid_until": found.valid_until.isoformat(),
            "evidence": found.evidence,
        }
    return body


def _write(decision: Decision, *, second: UUID) -> None:
    """Everything that a confirmed admission says."""
    body = decision.body
    found = _locked(body["admission"]["application_id"])
    certificate = body.get("certificate")
    number = certificate["number"] if certificate else ""
    Charity.objects.create(certificate_no=number, **body["charity"])
    Admission.objects.create(decision=decision.pk, **body["admission"])
    signed = {"set_by": str(decision.proposed_by), "second": str(second)}
    if certificate:
        Certificate.objects.create(decision=decision.pk, **signed, **certificate)
    Member.objects.create(decision=decision.pk, **body["member"])
    for each in decision.evidence:
        adopt(each, by=UUID(body["member"]["account_id"]), charity=decision.charity)
    told = {"code": decision.charity}
    asked = Instruction(new_id(), "admit-charity", signed["set_by"], signed["second"], told)
    append(django_connection(), lane=LANE, envelopes=[asked])
    tell_applicant(found, "admitted")
    log.info("charity_admitted", charity=decision.charity, decision=decision.pk)
