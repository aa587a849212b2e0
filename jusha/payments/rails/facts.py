"""One name for what a rail said of a payment, whichever way it said it.

A retry of a notice is encrypted or signed anew, and an answer to a question has other bytes
than the notice it replaces. The facts are the same, so a deed's body is a hash of the facts.
"""

import msgspec

from jusha.payments.rails.seam import Paid


def facts_bytes(paid: Paid) -> bytes:
    """A payment's facts in one form: equal for a notice, its retries and the answer to a query.

    The JSON array of the fields in their order, without blanks, in UTF-8: no two different
    payments have the same text. It holds the payer's id, so it is hashed under a secret only.
    """
    return msgspec.json.encode(paid)
