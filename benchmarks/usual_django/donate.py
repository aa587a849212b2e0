"""The service function: one gift, one transaction."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from benchmarks.usual_django.models import (
    Account,
    Donation,
    DonorDay,
    LedgerEntry,
    Pool,
    Project,
    Window,
)
from benchmarks.workload import day_of

OPENED_AT = datetime(2026, 9, 6, 16, tzinfo=UTC)  # midnight of the first day in Shanghai


def donate(
    *, key: UUID, pool_id: int, project_id: int, person: int, amount_fen: int, second: int
) -> Donation:
    """Record a gift once, match it 1:1 as far as cap, window and pool allow, post its entries.

    Returns the donation when it is committed; the same key gives the first donation again,
    whatever else the call says. Raises Window.DoesNotExist for a day without a window and
    IntegrityError for an unknown project.
    """
    # Outside the transaction: a first call, which nearly all are, has nothing to hold open.
    if repeated := Donation.objects.filter(key=key).first():
        return repeated
    try:
        return _settle(
            key=key,
            pool_id=pool_id,
            project_id=project_id,
            person=person,
            amount_fen=amount_fen,
            second=second,
        )
    except IntegrityError:
        # Two calls with one key at the same moment: the unique index let one of them through.
        if winner := Donation.objects.filter(key=key).first():
            return winner
        raise


@transaction.atomic
def _settle(
    *, key: UUID, pool_id: int, project_id: int, person: int, amount_fen: int, second: int
) -> Donation:
    """Lock window and pool, then the person's day; decide; write. The locks end at commit."""
    window = (
        Window.objects.select_for_update()
        .select_related("pool")
        .get(pool_id=pool_id, day=day_of(second))
    )
    donor_day = (
        DonorDay.objects.select_for_update().filter(window_id=window.pk, person=person).first()
    )
    used_fen = donor_day.matched_fen if donor_day else 0
    matched_fen = min(
        amount_fen,
        window.person_day_cap_fen - used_fen,
        window.available_fen,
        window.pool.available_fen,
    )
    donation = Donation.objects.create(
        key=key,
        project_id=project_id,
        window_id=window.pk,
        person=person,
        amount_fen=amount_fen,
        matched_fen=matched_fen,
        paid_at=OPENED_AT + timedelta(seconds=second),
    )
    LedgerEntry.objects.bulk_create(_entries(donation))
    if matched_fen and donor_day:
        DonorDay.objects.filter(pk=donor_day.pk).update(matched_fen=F("matched_fen") + matched_fen)
    elif matched_fen:
        # No second first row can appear meanwhile: who writes these rows holds the window's lock.
        DonorDay.objects.create(window_id=window.pk, person=person, matched_fen=matched_fen)
    Project.objects.filter(pk=project_id).update(
        given_fen=F("given_fen") + amount_fen,
        matched_fen=F("matched_fen") + matched_fen,
        gifts=F("gifts") + 1,
    )
    if matched_fen:
        Window.objects.filter(pk=window.pk).update(available_fen=F("available_fen") - matched_fen)
        Pool.objects.filter(pk=pool_id).update(available_fen=F("available_fen") - matched_fen)
    return donation


def _entries(donation: Donation) -> list[LedgerEntry]:
    """The gift's two sides and, if anything was matched, the match's two sides."""
    sides = [
        (Account.RECEIVABLE, donation.amount_fen),
        (Account.FUND, -donation.amount_fen),
        (Account.AVAILABLE, donation.matched_fen),
        (Account.PROMISED, -donation.matched_fen),
    ]
    return [
        LedgerEntry(donation=donation, account=account, amount_fen=fen)
        for account, fen in sides
        if fen
    ]
