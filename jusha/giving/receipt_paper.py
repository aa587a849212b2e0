"""Write papers: numbers run by kind, charity and Shanghai year, and none is left out.

A counter's row is locked in the transaction that writes the paper, so what is rolled back has
used no number. Counters are locked in one order, so two writers never wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from jusha.giving.models import ReceiptPaper, ReceiptSeries
from jusha.giving.receipt_issuer import Stamp
from jusha.giving.receipt_rules import ISSUE, REVERSE


class Draft(NamedTuple):
    """A paper to write: over `amount` fen; `reverses` is the paper that it takes back."""

    receipt: int
    kind: str
    charity: str
    amount: int
    reverses: int | None = None
    stamp: Stamp | None = None


def write_papers(drafts: Sequence[Draft], *, now: datetime) -> list[ReceiptPaper]:
    """Number and write papers, in their order. Needs a transaction.

    Writes: jusha_receiptseries, jusha_receiptpaper.
    """
    assert transaction.get_connection().in_atomic_block, "numbers without a transaction have gaps"
    year = timezone.localtime(now).year
    series = {key: _locked(*key, year) for key in sorted({(d.kind, d.charity) for d in drafts})}
    papers = []
    for draft in drafts:
        counter = series[draft.kind, draft.charity]
        counter.last += 1
        stamp = draft.stamp or Stamp("", "", "")
        papers.append(
            ReceiptPaper(
                receipt=draft.receipt,
                kind=draft.kind,
                does=ISSUE if draft.reverses is None else REVERSE,
                charity=draft.charity,
                year=year,
                number=counter.last,
                amount=draft.amount,
                reverses=draft.reverses,
                issuer_code=stamp.code,
                issuer_number=stamp.number,
                issuer_check=stamp.check,
            )
        )
    for counter in series.values():
        counter.save(update_fields=["last"])
    return ReceiptPaper.objects.bulk_create(papers)


def _locked(kind: str, charity: str, year: int) -> ReceiptSeries:
    ReceiptSeries.objects.bulk_create(
        [ReceiptSeries(kind=kind, charity=charity, year=year)], ignore_conflicts=True
    )
    return ReceiptSeries.objects.select_for_update().get(kind=kind, charity=charity, year=year)
