"""A company asks for a page; two reviewers examine it; one of its people speaks for it here."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from jusha.charities import credit_code
from jusha.inbox.envelopes import CODE
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.people.vault import load, seal, unseal
from jusha.teams.codes import new_token
from jusha.teams.company_models import (
    Company,
    CompanyApplication,
    CompanyCode,
    CompanyContact,
    CompanyMember,
    CompanyReturn,
)
from jusha.teams.company_queries import application_of, is_open
from jusha.teams.company_rules import (
    APPLY_KIND,
    CAPABILITIES,
    CODE_MAX,
    INTRO_MAX,
    TEXT_MAX,
    CompanyRefusedError,
    is_domain,
    org,
)
from jusha.uploads import queries as uploads
from jusha.uploads.keep import adopt

SECRET: Final = "companies"  # noqa: S105 - the name of a file
CONTACT_MAX: Final = 80
NAME_MAX: Final = 120

log = structlog.get_logger("companies")


@dataclass(frozen=True, slots=True)
class NewCompany:
    """What an application says; `registration` is the SHA-256 of the business licence."""

    code: str
    name_zh: str
    name_en: str
    uscc: str
    intro: str
    capabilities: list[str]
    domain: str
    registration: str


def apply_company(said: NewCompany, *, contact: str, by: UUID) -> CompanyApplication:
    """Hand an application in; one that was handed back is followed by the next.

    Raises CompanyRefusedError. Writes: jusha_companyapplication, jusha_companycontact.
    """
    said = _checked(said, by=by)
    contact = contact.strip()
    if not 0 < len(contact) <= CONTACT_MAX:
        raise CompanyRefusedError("contact")
    last = application_of(by)
    if last is not None and is_open(last):
        raise CompanyRefusedError("waits")
    with transaction.atomic():
        made = CompanyApplication.objects.create(account=by, **asdict(said))
        keep_contact(made.pk, contact)
    log.info("company_applied", application=made.pk, company=made.code)
    return made


def keep_contact(application: int, contact: str) -> None:
    """Seal whom to ask about an application. Writes: jusha_companycontact."""
    sealed = seal(_key(), contact.encode(), _about(application))
    CompanyContact.objects.create(application=application, sealed=sealed)


def contact_of(application: int) -> str:
    """Whom to ask about an application; "" once it was erased. Reads: jusha_companycontact."""
    row = CompanyContact.objects.filter(application=application).first()
    return unseal(_key(), bytes(row.sealed), _about(application)).decode() if row else ""


def propose_company(number: int, *, by: UUID) -> Decision:
    """Propose to admit the company of an application; another reviewer confirms.

    Raises DecisionRefusedError. Writes: jusha_decision, jusha_upload.
    """
    with transaction.atomic():
        found = CompanyApplication.objects.select_for_update().filter(pk=number).first()
        if found is None or not is_open(found):
            raise DecisionRefusedError("ended")
        if decisions.open_decisions(APPLY_KIND).filter(subject=str(number)).exists():
            raise DecisionRefusedError("waits")
        fields = ("code", "name_zh", "name_en", "uscc", "intro", "capabilities", "domain")
        member = {"company": found.code, "account_id": str(found.account)}
        body: dict[str, Any] = {
            "company": {name: getattr(found, name) for name in fields},
            "member": member | {"role": "representative"},
        }
        adopt(found.registration, by=found.account, charity=org(found.code))
        return decisions.propose(
            APPLY_KIND, charity=org(found.code), subject=str(number), body=body, by=by,
            evidence=[found.registration],
        )  # fmt: skip


def confirm_company(number: int, *, by: UUID) -> None:
    """Admit a company as it was proposed, with who speaks for it. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_company, jusha_companymember, jusha_companycode.
    """

    def carry_out(found: Decision) -> None:
        body = found.body
        try:
            with transaction.atomic():
                Company.objects.create(decision=found.pk, **body["company"])
                CompanyMember.objects.create(decision=found.pk, **body["member"])
                CompanyCode.objects.create(company=body["company"]["code"], code=new_token())
        except IntegrityError as error:
            raise DecisionRefusedError("stale") from error

    decisions.confirm(number, kind=APPLY_KIND, by=by, apply=carry_out)


def decline_company(number: int, *, by: UUID, words: str) -> None:
    """Decline a proposal; the applicant reads why. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_companyreturn.
    """
    with transaction.atomic():
        ended = decisions.decline(number, kind=APPLY_KIND, by=by, words=words)
        hand_back(int(ended.subject), by=by, words=words)


def hand_back(number: int, *, by: UUID, words: str) -> None:
    """Hand an application back; `words` say what to mend.

    Raises DecisionRefusedError. Writes: jusha_companyreturn.
    """
    words = words.strip()[:TEXT_MAX]
    if not words:
        raise DecisionRefusedError("no-words")
    with transaction.atomic():
        found = CompanyApplication.objects.select_for_update().filter(pk=number).first()
        if found is None or not is_open(found):
            raise DecisionRefusedError("ended")
        if decisions.open_decisions(APPLY_KIND).filter(subject=str(number)).exists():
            raise DecisionRefusedError("proposed")
        CompanyReturn.objects.create(application=number, words=words, by=by)


def _checked(said: NewCompany, *, by: UUID) -> NewCompany:
    """What was said as it is kept. Raises CompanyRefusedError."""
    code, domain = said.code.strip(), said.domain.strip().lower()
    name, intro = said.name_zh.strip(), said.intro.strip()
    if not CODE.fullmatch(code) or code != code.lower() or len(code) > CODE_MAX:
        raise CompanyRefusedError("code")
    if Company.objects.filter(code=code).exists():
        raise CompanyRefusedError("code-taken")
    try:
        uscc = credit_code.read(said.uscc)
    except ValueError as error:
        raise CompanyRefusedError("uscc") from error
    if Company.objects.filter(uscc=uscc).exists():
        raise CompanyRefusedError("uscc-taken")
    for refusal, wrong in (
        ("name", not 0 < len(name) <= NAME_MAX),
        ("intro", not 0 < len(intro) <= INTRO_MAX),
        ("capabilities", not said.capabilities or not {*said.capabilities} <= {*CAPABILITIES}),
        ("domain", bool(domain) and not is_domain(domain)),
        ("registration", all(each.by != by for each in uploads.copies(said.registration))),
    ):
        if wrong:
            raise CompanyRefusedError(refusal)
    told: list[str] = [each for each in CAPABILITIES if each in said.capabilities]
    return replace(
        said, code=code, uscc=uscc, name_zh=name, intro=intro, domain=domain, capabilities=told
    )


def _key() -> bytes:
    return load(settings.HOME, SECRET)


def _about(application: int) -> bytes:
    return f"company application {application}".encode()
