"""Somebody asks for a charity to be admitted, and mends what a reviewer handed back."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from jusha.charities import credit_code
from jusha.charities.models import Admission, Application, ApplicationReturn, Charity, Payee
from jusha.charities.queries import application_of, is_open, roles_of
from jusha.charities.rules import ORGANISATIONS, POLICY
from jusha.inbox.envelopes import CODE
from jusha.notices.rules import APPLICATION
from jusha.notices.tell import tell
from jusha.people import decisions
from jusha.people.models import Officer, UserAccount
from jusha.uploads import queries as uploads

ADMIT: Final = "admit"
"""The kind of decision by which a charity is admitted."""
WORDS_MAX: Final = 400
REFUSALS: Final = (
    "code-form",
    "code-taken",
    "uscc",
    "uscc-taken",
    "kind",
    "certificate",
    "days",
    "evidence",
    "policy",
    "waits",
    "staff",
    "unknown",
    "no-words",
    "proposed",
)

log = structlog.get_logger("charities")


class NotAppliedError(Exception):
    """Nothing was handed in; `code` is one of REFUSALS, `field` what it is about, or ""."""

    def __init__(self, code: str, field: str = "") -> None:
        """Keep why, and where to say it."""
        super().__init__(code)
        self.code, self.field = code, field


@dataclass(frozen=True, slots=True)
class Asked:
    """What an application says; files by the SHA-256 under which they were kept."""

    code: str
    kind: str
    raises: bool
    name_zh: str
    name_en: str
    uscc: str
    address_zh: str
    address_en: str
    phone: str
    contact: str
    registration: str
    number: str = ""
    issuer: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    evidence: str = ""
    policy: int = POLICY


def apply(asked: Asked, *, account: UserAccount) -> Application:
    """Hand an application in; reviewers see it at once. Another one of the account is replaced
    only when it was handed back. Raises NotAppliedError. Writes: jusha_application.
    """  # noqa: D205 - one thought
    asked = check(asked, by=account.pk)
    with transaction.atomic():
        UserAccount.objects.select_for_update().get(pk=account.pk)
        if Officer.objects.filter(account=account).exists() or roles_of(account.pk):
            raise NotAppliedError("staff")
        last = application_of(account.pk)
        if last is not None and is_open(last):
            raise NotAppliedError("waits")
        made = Application.objects.create(account=account.pk, **asdict(asked))
    log.info("charity_applied", application=made.pk, charity=asked.code, uscc=asked.uscc)
    return made


def hand_back(number: int, *, by: UUID, words: str) -> None:
    """Hand an application back to its applicant; `words` tell what to mend.

    The page asks for the office of reviewer. One that a colleague has proposed to admit is declined
    (admit.decline_admission), not handed back beside it.
    Raises NotAppliedError: "unknown", "no-words", "proposed".
    Writes: jusha_applicationreturn.
    """
    words = words.strip()[:WORDS_MAX]
    if not words:
        raise NotAppliedError("no-words")
    with transaction.atomic():
        found = Application.objects.select_for_update().filter(pk=number).first()
        if found is None or not is_open(found):
            raise NotAppliedError("unknown")
        if decisions.open_decisions(ADMIT).filter(subject=str(number)).exists():
            raise NotAppliedError("proposed")
        ApplicationReturn.objects.create(application=found, words=words, by=by)
        tell_applicant(found, "returned")
    log.info("application_returned", application=number, by=str(by))


def tell_applicant(found: Application, state: str) -> None:
    """Tell whoever handed an application in how it ended. Writes: jusha_message."""
    facts = {"state": state, "name": found.name_zh}
    tell([found.account], kind=APPLICATION, about=found.pk, facts=facts, now=timezone.now())


def check(asked: Asked, *, by: UUID) -> Asked:
    """What may be handed in by an account, its credit code as it is kept.

    Raises NotAppliedError.
    """
    if not CODE.fullmatch(asked.code) or asked.code != asked.code.lower():
        raise NotAppliedError("code-form", "code")
    if is_code_taken(asked.code):
        raise NotAppliedError("code-taken", "code")
    if asked.kind not in ORGANISATIONS:
        raise NotAppliedError("kind", "kind")
    try:
        asked = replace(asked, uscc=credit_code.read(asked.uscc))
    except ValueError as error:
        raise NotAppliedError("uscc", "uscc") from error
    if is_uscc_taken(asked.uscc):
        raise NotAppliedError("uscc-taken", "uscc")
    if not _is_own(asked.registration, by):
        raise NotAppliedError("evidence", "registration")
    if asked.policy != POLICY:
        raise NotAppliedError("policy", "policy")
    if asked.raises:
        _check_certificate(asked, by)
    elif asked.number or asked.issuer or asked.evidence or asked.valid_from or asked.valid_until:
        raise NotAppliedError("certificate", "number")
    return asked


def _check_certificate(asked: Asked, by: UUID) -> None:
    for field in ("number", "issuer", "valid_from", "valid_until"):
        if not getattr(asked, field):
            raise NotAppliedError("certificate", field)
    assert asked.valid_from is not None
    assert asked.valid_until is not None
    if asked.valid_until < asked.valid_from:
        raise NotAppliedError("days", "valid_until")
    if not _is_own(asked.evidence, by):
        raise NotAppliedError("evidence", "evidence")


def _is_own(sha256: str, by: UUID) -> bool:
    """Whether the account itself handed the file in."""
    return any(each.by == by for each in uploads.copies(sha256))


def is_code_taken(code: str) -> bool:
    """Whether a charity has this code, here or in the public log.

    Reads: jusha_charity, charities_payee.
    """
    return (
        Charity.objects.filter(code__iexact=code).exists()
        or Payee.objects.filter(code=code).exists()
    )


def is_uscc_taken(uscc: str) -> bool:
    """Whether a charity with this credit code is here. Reads: jusha_charity, jusha_admission."""
    return (
        Charity.objects.filter(uscc=uscc).exists() or Admission.objects.filter(uscc=uscc).exists()
    )
