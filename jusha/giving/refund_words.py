"""What a donor writes beside the reason: personal, so sealed and erasable."""

import msgspec

from jusha.giving.models import RefundCase, RefundWords
from jusha.people.donor_keys import donor_of_order, seal_for, unseal_for


def keep_words(case_id: int, words: str) -> None:
    """Seal the words of a case under its donor's key. Writes: jusha_refundwords."""
    order_no = RefundCase.objects.values_list("order_no", flat=True).get(pk=case_id)
    donor = donor_of_order(order_no)
    sealed = seal_for(donor, msgspec.msgpack.encode(words), _about(case_id))
    RefundWords.objects.create(case=case_id, donor=donor, sealed=sealed)


def read_words(case_id: int) -> str:
    """Open the words of a case; "" if there are none, or they were erased.

    Reads: jusha_refundwords.
    """
    found = RefundWords.objects.filter(case=case_id).first()
    if found is None:
        return ""
    plain = unseal_for(found.donor, bytes(found.sealed), _about(case_id))
    return msgspec.msgpack.decode(plain, type=str) if plain else ""


def erase_words(case_id: int) -> bool:
    """Forget the words of a case for good; say whether there were any.

    The case itself stays: it explains a movement of money. Writes: jusha_refundwords.
    """
    return bool(RefundWords.objects.filter(case=case_id).delete()[0])


def _about(case_id: int) -> bytes:
    return f"refund {case_id}".encode()
