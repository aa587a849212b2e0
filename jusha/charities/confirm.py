"""A second person confirms what a charity proposed; with that, the row is written."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from jusha.charities.certify import show_number
from jusha.charities.models import Certificate, Member, Partner
from jusha.charities.propose import CERTIFICATE, MEMBER, PARTNER
from jusha.charities.qualification import standing
from jusha.charities.queries import certificate
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError, refused_by
from jusha.people.models import Decision

log = structlog.get_logger("charities")


def confirm_for_charity(number: int, *, kind: str, by: UUID) -> Decision:
    """Confirm a decision of a kind in propose.KINDS and write its row, both or neither.

    Raises DecisionRefusedError: for a partner also "not-qualified", where the charity's certificate
    has ended since. Writes: jusha_decisionend, and jusha_certificate (from its first day on the
    number also in jusha_charity), jusha_member or jusha_partner.
    """
    write = WRITES[kind]

    def carry_out(decision: Decision) -> None:
        try:
            with transaction.atomic():
                write(decision, by)
        except IntegrityError as error:
            log.warning("not_written", decision=decision.pk, constraint=refused_by(error))
            raise DecisionRefusedError("stale") from error

    return decisions.confirm(number, kind=kind, by=by, apply=carry_out)


def _certificate(decision: Decision, second: UUID) -> None:
    signed = {"set_by": str(decision.proposed_by), "second": str(second)}
    Certificate.objects.create(decision=decision.pk, **signed, **decision.body)
    show_number(decision.charity, localdate())
    log.info("certificate_set", charity=decision.charity, until=decision.body["valid_until"])


def _member(decision: Decision, _second: UUID) -> None:
    Member.objects.create(decision=decision.pk, **decision.body)
    log.info("member_invited", charity=decision.charity, role=decision.body["role"])


def _partner(decision: Decision, _second: UUID) -> None:
    today = localdate()
    if standing(certificate(decision.charity, today), today) != "valid":
        raise DecisionRefusedError("not-qualified")
    Partner.objects.create(decision=decision.pk, **decision.body)
    log.info("partner_attached", charity=decision.charity, uscc=decision.body["uscc"])


WRITES: Final[dict[str, Callable[[Decision, UUID], None]]] = {
    CERTIFICATE: _certificate,
    MEMBER: _member,
    PARTNER: _partner,
}
