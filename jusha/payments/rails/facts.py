"""One name for what a rail said of a payment, whichever way it said it.

A retry of a notice is encrypted or signed anew, and an answer to a question has other bytes
than the notice it replaces. The facts are the same, so a deed's body is the hash of the facts.
"""

import hashlib

import msgspec

from jusha.payments.rails.seam import Paid


def facts_digest(paid: Paid) -> bytes:
    """SHA-256 of a payment's facts: equal for a notice, its retries and the answer to a query.

    Hashed is the JSON array of the fields in their order, without blanks, in UTF-8: no two
    different payments have the same text.
    """
    return hashlib.sha256(msgspec.json.encode(paid)).digest()
