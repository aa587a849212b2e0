"""Another account for a charity's money: proposed, confirmed by a second of finance, stoppable.

Nobody alone says where money goes. What two persons of the charity's finance decided begins only
after the days of law table `payee-change-days`; everybody of its finance and every operator is
told at once, and any of them stops it meanwhile. The database sees to all of it
(sql/0031_payees.sql); orders that were made before keep the account that held then.
"""

from datetime import date
from typing import Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from jusha.charities.models import Charity
from jusha.charities.qualification import standing
from jusha.charities.queries import certificate, colleagues
from jusha.charities.rules import Role
from jusha.notices.rules import PAYEE_CHANGE
from jusha.notices.tell import tell
from jusha.payments.models import BankAccount, Merchant, PayeeStop
from jusha.payments.payee_rules import BANK, BANK_KIND, BANK_MAX, RAIL_KIND, is_address, squeezed
from jusha.people import decisions
from jusha.people.decisions import WORDS_MAX, DecisionRefusedError, refused_by
from jusha.people.models import Decision, Officer
from jusha.people.rules import Office

REFUSALS: Final = {
    "payee_of_one": "payee-taken",
    "payee_waits": "waits",
    "payee_qualified": "not-qualified",
    "payee_own_name": "payee-name",
    "payee_began": "payee-began",
    "decision_not_yours": "not-yours",
}
"""What the database calls a refusal, and its code."""
TOLD: Final = ("confirmed", "stopped")

log = structlog.get_logger("payees")


def propose_payee(
    charity: str,
    *,
    rail: str,
    address: str,
    holder: str,
    bank: str = "",
    evidence: str,
    by: UUID,
    today: date,
) -> Decision:
    """Propose another account: of a rail, or of a bank (`rail` "bank"), in the charity's own name.

    `evidence` is the SHA-256 of what the rail or the bank wrote. Raises DecisionRefusedError:
    "not-qualified", "payee-address", "payee-bank", "payee-name", "payee-taken", "evidence",
    "waits", "not-yours". Writes: jusha_decision.
    """
    found = Charity.objects.filter(code=charity).first()
    if found is None or standing(certificate(charity, today), today) != "valid":
        raise DecisionRefusedError("not-qualified")
    if not is_address(rail, address := squeezed(address)):
        raise DecisionRefusedError("payee-address")
    if rail == BANK and not 0 < len(bank := bank.strip()) <= BANK_MAX:
        raise DecisionRefusedError("payee-bank")
    if holder.strip() != found.name_zh:
        raise DecisionRefusedError("payee-name")
    if not evidence:
        raise DecisionRefusedError("evidence")
    if _is_taken(rail, address, charity):
        raise DecisionRefusedError("payee-taken")
    body = {"charity": charity, "holder": found.name_zh}
    if rail == BANK:
        return _propose(BANK_KIND, rail, body | {"bank": bank, "number": address}, evidence, by)
    return _propose(RAIL_KIND, rail, body | {"rail": rail, "merchant": address}, evidence, by)


def confirm_payee(number: int, *, kind: str, by: UUID) -> Decision:
    """Decide on a proposed account: it begins after the delay, and who must know is told now.

    Raises DecisionRefusedError. Writes: jusha_decisionend, jusha_merchant or jusha_bankaccount,
    jusha_message.
    """

    def carry_out(decision: Decision) -> None:
        signed = {"set_by": str(decision.proposed_by), "second": str(by)}
        table = BankAccount if decision.kind == BANK_KIND else Merchant
        try:
            with transaction.atomic():
                made = table.objects.create(decision=decision.pk, **signed, **decision.body)
                made.refresh_from_db(fields=["since"])  # the database said when
        except IntegrityError as error:
            code = REFUSALS.get(refused_by(error), "stale")
            raise DecisionRefusedError(code) from error
        _tell(decision, "confirmed", since=made.since.isoformat())
        log.warning("payee_change_decided", charity=decision.charity, rail=decision.subject)

    return decisions.confirm(number, kind=kind, by=by, apply=carry_out)


def stop_payee(number: int, *, words: str, by: UUID) -> None:
    """Stop a decided change before it begins; `words` say why.

    Raises DecisionRefusedError: "no-words", "ended", "payee-began", "not-yours".
    Writes: jusha_payeestop, jusha_message.
    """
    if not (words := words.strip()[:WORDS_MAX]):
        raise DecisionRefusedError("no-words")
    with transaction.atomic():
        try:
            with transaction.atomic():
                PayeeStop.objects.create(decision=number, by=by, words=words)
        except IntegrityError as error:
            raise DecisionRefusedError(REFUSALS.get(refused_by(error), "ended")) from error
        decision = Decision.objects.get(pk=number)
        _tell(decision, "stopped", words=words)
    log.warning("payee_change_stopped", charity=decision.charity, rail=decision.subject)


def _is_taken(rail: str, address: str, charity: str) -> bool:
    """Whether an account is another charity's, or will be."""
    rows = (
        BankAccount.objects.filter(number=address)
        if rail == BANK
        else Merchant.objects.filter(rail=rail, merchant=address)
    )
    stopped = PayeeStop.objects.values("decision")
    return rows.exclude(charity=charity).exclude(decision__in=stopped).exists()


def _propose(kind: str, rail: str, body: dict[str, str], evidence: str, by: UUID) -> Decision:
    """One proposal a charity and rail at a time."""
    charity = body["charity"]
    with transaction.atomic():
        Charity.objects.select_for_update().filter(code=charity).first()
        waiting = decisions.open_decisions(kind, charities=[charity])
        if waiting.filter(subject=rail).exists():
            raise DecisionRefusedError("waits")
        return decisions.propose(
            kind, charity=charity, subject=rail, body=body, by=by, evidence=[evidence]
        )


def _tell(decision: Decision, state: str, **more: str) -> None:
    """Tell everybody of the charity's finance, and every operator."""
    people = set(colleagues(decision.charity, Role.FINANCE))
    operators = Officer.objects.filter(office=Office.OPERATOR)
    people |= set(operators.values_list("account_id", flat=True))
    facts = {"charity": decision.charity, "rail": decision.subject, "state": state, **more}
    about = decision.pk * len(TOLD) + TOLD.index(state)
    tell(sorted(people), kind=PAYEE_CHANGE, about=about, facts=facts, now=timezone.now())
