"""The kinds of account, and which side each grows on. Pure.

One book is one legal entity: a charity (`charity:<code>`), a sponsor's pool
(`pool:<code>`), or a channel's unidentified claims (`channel:<code>`). None of them
is an account of Jusha: the platform never holds money (blueprint decision 4).
"""

from typing import Final

DEBIT: Final = 1
CREDIT: Final = -1

PLACES: Final = 16
"""Transfers one entry may post: a transfer's id is entry number x PLACES + place."""

NORMAL_SIDE: Final = {
    # charity's book
    "receivable": DEBIT,  # what a channel owes the charity (owner: channel)
    "fund": CREDIT,  # restricted fund of a project (owner: project)
    "refundable": CREDIT,  # to be paid back through a channel (owner: channel)
    "due-from-sponsor": DEBIT,  # a match released to the charity, not paid yet (owner: pool)
    "banked": DEBIT,  # what a sponsor paid in (owner: pool)
    "due-to-sponsor": CREDIT,  # matches taken back after their release (owner: project)
    "programme-spent": CREDIT,  # paid out of the fund for its purpose (owner: project)
    "running-spent": CREDIT,  # paid out of the fund for running costs (owner: project)
    "covered": DEBIT,  # unrestricted money put in for refunds of spent money (owner: project)
    "residue-received": DEBIT,  # what could not be refunded elsewhere, paid to it (owner: payer)
    "residue": CREDIT,  # the same, for its purposes as the regulator named it (owner: payer)
    # channel's book
    "unidentified": DEBIT,  # authentic money of which the payee is not yet known
    "suspense": CREDIT,  # the same, as a claim to be cleared by a case
    "suspense-refundable": CREDIT,  # cleared by sending it back
    # pool's book
    "secured": DEBIT,  # sponsor's money that is in the charity's reach
    "trusted": DEBIT,  # sponsor's pledge within its published trust limit
    "available": CREDIT,  # what the pool can still promise
    "promised": CREDIT,  # promised to a project (owner: project)
    "sharing": CREDIT,  # set aside for shares that are being paid (owner: pool)
    "returned": CREDIT,  # came back through refunds and claw-backs, settled at close
    "payable": CREDIT,  # released, to be paid by the sponsor (owner: charity)
    "recoverable": DEBIT,  # taken back after its release: the charity's debt (owner: project)
    "unspent": CREDIT,  # goes back to the sponsor at close
}


def transfer_id(number: int, place: int) -> int:
    """Name the transfer at `place` of entry `number`. Raises ValueError past the last place."""
    if not 0 <= place < PLACES:
        message = f"entry {number} has no transfer place {place}"
        raise ValueError(message)
    return number * PLACES + place
