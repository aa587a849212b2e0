"""Whom a receipt is for: personal, so sealed and erasable."""

from datetime import date

import msgspec

from jusha.giving.models import Receipt, ReceiptPayer
from jusha.giving.receipt_rules import Payer
from jusha.people.donor_keys import donor_of_order, seal_for, unseal_for


def keep_payer(receipt: int, payer: Payer) -> None:
    """Seal the payer of a receipt under its donor's key, in place of an earlier one.

    Writes: jusha_receiptpayer.
    """
    donor = donor_of_order(Receipt.objects.values_list("order_no", flat=True).get(pk=receipt))
    sealed = seal_for(donor, msgspec.msgpack.encode(payer), _about(receipt), use="receipts")
    ReceiptPayer.objects.update_or_create(
        receipt=receipt, defaults={"sealed": sealed, "donor": donor, "kept_until": None}
    )


def read_payer(receipt: int, *, for_issuer: bool = False) -> Payer | None:
    """Open the payer of a receipt; None if there is none, or its person was erased.

    `for_issuer`: to finish what an issuer was asked before the person was erased.
    Raises SealBrokenError. Reads: jusha_receiptpayer.
    """
    found = ReceiptPayer.objects.filter(receipt=receipt).first()
    if found is None or (found.kept_until and not for_issuer):
        return None
    plain = unseal_for(found.donor, bytes(found.sealed), _about(receipt), use="receipts")
    return msgspec.msgpack.decode(plain, type=Payer) if plain else None


def locked_until(receipt: int) -> date | None:
    """The last day that the payer of an erased person is kept; None where none is locked away.

    Reads: jusha_receiptpayer.
    """
    found = ReceiptPayer.objects.filter(receipt=receipt).values_list("kept_until", flat=True)
    return found.first()


def _about(receipt: int) -> bytes:
    return f"receipt {receipt}".encode()
