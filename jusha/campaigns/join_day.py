"""Charities in a giving day: they sign the pact, apply with projects, the platform approves.

An exclusion by two persons keeps a charity out for a time, a year at most.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from jusha.campaigns.day_models import Exclusion, Pact, PactSignature, Participation
from jusha.campaigns.day_rules import (
    EXCLUDE_KIND,
    JOIN_KIND,
    PACT_KIND,
    PACT_MAX,
    PROJECTS_MAX,
    DayRefusedError,
    check_exclusion,
    unprintable,
)
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.queries import closes_at
from jusha.charities import queries as charities
from jusha.people import decisions
from jusha.people.models import Decision
from jusha.projects import queries as projects


def digest(words_zh: str, words_en: str) -> str:
    """Name the words of a pact: SHA-256 of both texts with a NUL between."""
    return sha256(f"{words_zh}\0{words_en}".encode()).hexdigest()


def propose_pact(words_zh: str, words_en: str, *, by: UUID) -> Decision:
    """Put a new version of the pact before a second person.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    both = [each.strip().replace("\r\n", "\n") for each in (words_zh, words_en)]
    if any(not 0 < len(each) <= PACT_MAX or unprintable(each) for each in both):
        raise DayRefusedError("words")
    with transaction.atomic():
        if decisions.open_decisions(PACT_KIND).exists():
            raise DayRefusedError("waits")
        newest = current_pact()
        version = newest.version + 1 if newest else 1
        body = {
            "version": version,
            "words_zh": both[0],
            "words_en": both[1],
            "sha256": digest(*both),
        }
        return decisions.propose(PACT_KIND, charity="", subject="pact", body=body, by=by)


def confirm_pact(number: int, *, by: UUID) -> Decision:
    """Let a version of the pact stand. Raises DecisionRefusedError, DayRefusedError("stale").

    Writes: jusha_decisionend, jusha_pact.
    """
    return decisions.confirm(
        number, kind=PACT_KIND, by=by, apply=lambda found: _create(Pact, found)
    )


def current_pact() -> Pact | None:
    """The newest version. Reads: jusha_pact."""
    return Pact.objects.order_by("-version").first()


def sign_pact(charity: str, *, version: int, role: str, by: UUID) -> PactSignature:
    """Sign the newest version for a charity; what is signed already stays signed.

    Raises DayRefusedError: "no-pact", "stale" where a newer one stands, "not-signed" where the
    person may not. Writes: jusha_pactsignature.
    """
    pact = current_pact()
    if pact is None:
        raise DayRefusedError("no-pact")
    if pact.version != version:
        raise DayRefusedError("stale")
    before = PactSignature.objects.filter(charity=charity, version=version).first()
    if before is not None:
        return before
    try:
        with transaction.atomic():
            return PactSignature.objects.create(
                charity=charity, version=version, sha256=pact.sha256, role=role, by=by
            )
    except IntegrityError as error:
        raise DayRefusedError("not-signed") from error


def propose_join(
    charity: str, campaign: str, codes: list[str], *, by: UUID, now: datetime
) -> Decision:
    """Apply for a campaign with projects of one's own.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    codes = sorted(set(codes))
    page = _check_campaign(campaign, now)
    if not 0 < len(codes) <= PROJECTS_MAX:
        raise DayRefusedError("no-projects")
    _check_own(charity, codes)
    version = _check_charity(charity, page, now)
    with transaction.atomic():
        waiting = decisions.open_decisions(JOIN_KIND, charities=[charity])
        if waiting.filter(subject=campaign).exists():
            raise DayRefusedError("waits")
        body = {"charity": charity, "campaign": campaign, "projects": codes, "version": version}
        return decisions.propose(JOIN_KIND, charity=charity, subject=campaign, body=body, by=by)


def confirm_join(number: int, *, by: UUID, now: datetime) -> Decision:
    """Let a charity's projects take part: they stand on the campaign's page from now on.

    Raises DayRefusedError, DecisionRefusedError.
    Writes: jusha_decisionend, jusha_participation, jusha_campaign_projects.
    """

    def apply(found: Decision) -> None:
        page = _check_campaign(found.subject, now)
        _check_own(found.charity, found.body["projects"])
        if _check_charity(found.charity, page, now) != found.body["version"]:
            raise DayRefusedError("stale")
        _create(Participation, found)
        page.projects.add(*(each.pk for each in projects.named(found.body["projects"]).values()))

    return decisions.confirm(number, kind=JOIN_KIND, by=by, apply=apply)


def _check_campaign(code: str, now: datetime) -> Campaign:
    """The page of a campaign that is not over, drafted or open. Raises DayRefusedError."""
    page = Campaign.objects.filter(code=code).first()
    if page is None:
        raise DayRefusedError("code")
    terms = Terms.objects.filter(code=code).first()
    closes = closes_at(terms) if terms else page.closes
    if closes is not None and closes <= now:
        raise DayRefusedError("over", code)
    return page


def _check_own(charity: str, codes: list[str]) -> None:
    own = {each.code for each in projects.of_charity(charity)}
    for code in codes:
        if code not in own:
            raise DayRefusedError("own-project", code)


def _check_charity(charity: str, page: Campaign, now: datetime) -> int:
    """The version of the pact that a charity signed. Raises DayRefusedError."""
    check_charities([charity], page.opens, page.closes, now=now)
    pact = current_pact()
    if pact is None:
        raise DayRefusedError("no-pact")
    if not PactSignature.objects.filter(charity=charity, version=pact.version).exists():
        raise DayRefusedError("not-signed")
    return pact.version


def excluded(charity: str, on: date) -> Exclusion | None:
    """The exclusion that holds on a day, the longest; None. Reads: jusha_exclusion."""
    found = Exclusion.objects.filter(charity=charity, begins__lte=on, ends__gt=on)
    return found.order_by("-ends").first()


def out_during(
    codes: Collection[str], opens: datetime | None, closes: datetime | None, *, now: datetime
) -> Exclusion | None:
    """An exclusion of one of the charities that overlaps what is left of a window, the longest.

    A campaign without a window is asked of today. Reads: jusha_exclusion.
    """
    today = localdate(now)
    first = max(localdate(opens), today) if opens else today
    last = localdate(closes - timedelta(microseconds=1)) if closes else first
    found = Exclusion.objects.filter(charity__in=codes, begins__lte=max(first, last))
    return found.filter(ends__gt=first).order_by("-ends").first()


def check_charities(
    codes: Collection[str], opens: datetime | None, closes: datetime | None, *, now: datetime
) -> None:
    """Raise DayRefusedError("excluded") with who and until when, if one is kept out of a window."""
    if (out := out_during(codes, opens, closes, now=now)) is not None:
        raise DayRefusedError("excluded", f"{out.charity} {out.ends:%Y-%m-%d}")


def _leave_drafts(charity: str, now: datetime) -> None:
    """Take an excluded charity's projects off every draft that its exclusion overlaps."""
    own = [each.pk for each in projects.of_charity(charity)]
    drafts = Campaign.objects.exclude(code__in=Terms.objects.values("code"))
    for page in drafts.filter(projects__in=own).distinct():
        if out_during([charity], page.opens, page.closes, now=now) is not None:
            page.projects.remove(*own)


def propose_exclude(
    charity: str, *, begins: date, ends: date, words: str, by: UUID, today: date
) -> Decision:
    """Ask a second person to keep a charity out of campaigns for a time.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    if charities.find(charity) is None:
        raise DayRefusedError("nobody")
    check_exclusion(begins, ends, words, today=today)
    body = {
        "charity": charity,
        "begins": begins.isoformat(),
        "ends": ends.isoformat(),
        "words": words.strip(),
    }
    return decisions.propose(EXCLUDE_KIND, charity=charity, subject=charity, body=body, by=by)


def confirm_exclude(number: int, *, by: UUID, now: datetime) -> Decision:
    """Keep the charity out, and off the drafts it stood on; what settlement opened goes on.

    Raises DecisionRefusedError, DayRefusedError.
    Writes: jusha_decisionend, jusha_exclusion, jusha_campaign_projects.
    """

    def apply(found: Decision) -> None:
        _create(Exclusion, found)
        _leave_drafts(found.charity, now)

    return decisions.confirm(number, kind=EXCLUDE_KIND, by=by, apply=apply)


def _create(model: type[Pact | Participation | Exclusion], found: Decision) -> None:
    """Write the row that a decision says. Raises DayRefusedError("stale")."""
    try:
        with transaction.atomic():
            model.objects.create(decision=found.pk, **found.body)
    except IntegrityError as error:
        raise DayRefusedError("stale") from error
