"""An official account: the charity's programme proposes it, a reviewer checks its papers."""

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from jusha.charities.models import Charity
from jusha.charities.qualification import standing
from jusha.charities.queries import certificate
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.stories.models import OfficialAccount
from jusha.stories.rules import ACCOUNT_KIND, INTRO_MAX
from jusha.uploads import queries as uploads


def propose_account(charity: str, *, intro: str, by: UUID, today: date) -> Decision:
    """Put an official account, or its new text or certificate, before a reviewer.

    What is checked is written into the decision: the credit code and the certificate of today.
    Raises DecisionRefusedError: "not-qualified", "no-intro", "waits", "not-yours".
    Writes: jusha_decision.
    """
    held = certificate(charity, today)
    if held is None or standing(held, today) != "valid":
        raise DecisionRefusedError("not-qualified")
    if not 0 < len(intro := intro.strip()) <= INTRO_MAX:
        raise DecisionRefusedError("no-intro")
    with transaction.atomic():
        found = Charity.objects.select_for_update().get(code=charity)
        if decisions.open_decisions(ACCOUNT_KIND, charities=[charity]).exists():
            raise DecisionRefusedError("waits")
        body = {
            "charity": charity, "intro": intro, "uscc": found.uscc, "certificate": held.number,
        }  # fmt: skip
        # A certificate that the owner of the database recorded may have no file here.
        seen = [held.evidence] if uploads.find(held.evidence, charity=charity) else []
        return decisions.propose(
            ACCOUNT_KIND, charity=charity, subject=charity, body=body, by=by,
            evidence=seen,
        )  # fmt: skip


def confirm_account(number: int, *, by: UUID) -> Decision:
    """Verify an account as it was proposed. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_officialaccount.
    """

    def carry_out(decision: Decision) -> None:
        try:
            with transaction.atomic():
                OfficialAccount.objects.create(decision=decision.pk, **decision.body)
        except IntegrityError as error:
            raise DecisionRefusedError("stale") from error

    return decisions.confirm(number, kind=ACCOUNT_KIND, by=by, apply=carry_out)
