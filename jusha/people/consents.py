"""Consents: given, withdrawn and asked for. Each change is a row of its own; the newest holds."""

from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from jusha.people.consent_rules import KINDS, kind_of
from jusha.people.models import Consent


def has_consent(subject: UUID, kind: str) -> bool:
    """Whether a person agrees to `kind` in its newest wording; False if never asked.

    `subject` is an account or a browser's donor key. Raises UnknownConsentError.
    Reads: jusha_consent.
    """
    newest = Consent.objects.filter(subject=subject, kind=kind_of(kind).name).order_by("-id")
    found = newest.values_list("given", "version").first()
    return found == (True, KINDS[kind].version)


def consenting(kind: str) -> QuerySet[Consent, UUID]:
    """All subjects that agree to `kind` in its newest wording: a set to join or to list.

    Raises UnknownConsentError. Reads: jusha_consent.
    """
    known = kind_of(kind)
    newest = (
        Consent.objects.filter(kind=known.name, subject__isnull=False)
        .order_by("subject", "-id")
        .distinct("subject")
    )
    agreed = Consent.objects.filter(id__in=newest.values("id"), given=True, version=known.version)
    return cast("QuerySet[Consent, UUID]", agreed.values_list("subject", flat=True))


def agreed_to(subject: UUID) -> dict[str, bool]:
    """What a person agrees to now, of every kind. Reads: jusha_consent."""
    newest = Consent.objects.filter(subject=subject).order_by("kind", "-id").distinct("kind")
    held = {row.kind: row.given and row.version == KINDS[row.kind].version for row in newest}
    return {name: held.get(name, False) for name in KINDS}


def set_consent(subject: UUID, kind: str, *, given: bool) -> bool:
    """Give or withdraw a consent to the newest wording; say whether that changed anything.

    Raises UnknownConsentError. Writes: jusha_consent.
    """
    known = kind_of(kind)
    if has_consent(subject, kind) == given:
        return False
    Consent.objects.create(subject=subject, kind=known.name, version=known.version, given=given)
    return True


def history(subject: UUID) -> list[Consent]:
    """Every consent that a person gave or withdrew, oldest first. Reads: jusha_consent."""
    return list(Consent.objects.filter(subject=subject).order_by("id"))


def forget_subject(*subjects: UUID) -> int:
    """Cut consents from their persons: how often what was agreed to stays, by whom does not.

    Writes: jusha_consent.
    """
    return Consent.objects.filter(subject__in=subjects).update(subject=None)
