"""What a charity proposes about itself: a certificate renewed, a colleague, a partner.

Another person confirms (charities/confirm.py); who that may be stands in jusha_decisionkind.
"""

from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from jusha.charities import credit_code
from jusha.charities.models import Charity, Member
from jusha.charities.qualification import standing
from jusha.charities.queries import certificate
from jusha.charities.rules import ROLES
from jusha.people import decisions
from jusha.people.accounts import open_account
from jusha.people.decisions import DecisionRefusedError
from jusha.people.mailbox import NotAnAddressError
from jusha.people.models import Decision, Officer

CERTIFICATE: Final = "certificate"
MEMBER: Final = "member"
PARTNER: Final = "partner"
KINDS: Final = (CERTIFICATE, MEMBER, PARTNER)
NUMBER_MAX: Final = 60
ISSUER_MAX: Final = 80
NAME_MAX: Final = 120


def propose_certificate(
    charity: str,
    *,
    uscc: str,
    number: str,
    issuer: str,
    valid_from: date,
    valid_until: date,
    evidence: str,
    by: UUID,
) -> Decision:
    """Propose a charity's renewed certificate, with the file to look at; a reviewer confirms.

    `uscc` is the credit code that stands on the certificate: it must be the charity's own.
    Raises DecisionRefusedError: "uscc", "other-uscc", "number", "days", "evidence", "waits",
    "not-yours".
    Writes: jusha_decision.
    """
    try:
        is_own = Charity.objects.filter(code=charity, uscc=credit_code.read(uscc)).exists()
    except ValueError as error:
        raise DecisionRefusedError("uscc") from error
    if not is_own:
        raise DecisionRefusedError("other-uscc")
    number, issuer = number.strip(), issuer.strip()
    if not 0 < len(number) <= NUMBER_MAX or not 0 < len(issuer) <= ISSUER_MAX:
        raise DecisionRefusedError("number")
    if valid_until < valid_from:
        raise DecisionRefusedError("days")
    if not evidence:
        raise DecisionRefusedError("evidence")
    body = {
        "charity": charity,
        "number": number,
        "issuer": issuer,
        "valid_from": valid_from.isoformat(),
        "valid_until": valid_until.isoformat(),
        "evidence": evidence,
    }
    return _propose(CERTIFICATE, charity, charity, body, by, evidence)


def propose_member(charity: str, *, address: str, role: str, by: UUID) -> Decision:
    """Invite a person by mail address into a role; finance or a reviewer confirms.

    The account is opened and waits for its person. Raises DecisionRefusedError: "address", "role",
    "two-sides" for an officer of the platform, "has-role", "waits", "not-yours".
    Writes: jusha_decision, and an account if the address has none.
    """
    if role not in ROLES:
        raise DecisionRefusedError("role")
    with transaction.atomic():
        try:
            account = open_account(address, invited=True)
        except NotAnAddressError as error:
            raise DecisionRefusedError("address") from error
        if Officer.objects.filter(account=account).exists():
            raise DecisionRefusedError("two-sides")
        if Member.objects.filter(account=account, charity=charity).exists():
            raise DecisionRefusedError("has-role")
        body = {"charity": charity, "account_id": str(account.pk), "role": role}
        return _propose(MEMBER, charity, str(account.pk), body, by)


def propose_partner(
    charity: str,
    *,
    name: str,
    uscc: str,
    evaluation: str,
    agreement: str,
    valid_from: date,
    valid_until: date,
    by: UUID,
    today: date,
) -> Decision:
    """Propose who works with a qualified charity under its name (Charity Law section 26).

    `evaluation` and `agreement` are SHA-256 of kept files. Raises DecisionRefusedError:
    "not-qualified", "name", "uscc", "own", "days", "evidence", "waits", "not-yours".
    Writes: jusha_decision.
    """
    if standing(certificate(charity, today), today) != "valid":
        raise DecisionRefusedError("not-qualified")
    if not 0 < len(name := name.strip()) <= NAME_MAX:
        raise DecisionRefusedError("name")
    try:
        uscc = credit_code.read(uscc)
    except ValueError as error:
        raise DecisionRefusedError("uscc") from error
    if Charity.objects.filter(code=charity, uscc=uscc).exists():
        raise DecisionRefusedError("own")
    if valid_until < valid_from:
        raise DecisionRefusedError("days")
    if not evaluation or not agreement:
        raise DecisionRefusedError("evidence")
    body = {
        "charity": charity,
        "name": name,
        "uscc": uscc,
        "evaluation": evaluation,
        "agreement": agreement,
        "valid_from": valid_from.isoformat(),
        "valid_until": valid_until.isoformat(),
    }
    return _propose(PARTNER, charity, uscc, body, by, evaluation, agreement)


def _propose(
    kind: str, charity: str, subject: str, body: dict[str, str], by: UUID, *evidence: str
) -> Decision:
    """One proposal a charity and subject at a time."""
    with transaction.atomic():
        Charity.objects.select_for_update().filter(code=charity).first()
        waiting = decisions.open_decisions(kind, charities=[charity])
        if waiting.filter(subject=subject).exists():
            raise DecisionRefusedError("waits")
        return decisions.propose(
            kind, charity=charity, subject=subject, body=body, by=by, evidence=evidence
        )
