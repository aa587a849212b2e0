"""Audit of entries by which refunded money is owed no longer: delivered, or given as residue."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.settlement.audit_gifts import Transfer
from jusha.settlement.audit_read import Facts, of_entry
from jusha.settlement.audit_state import State


class Wanted(NamedTuple):
    """What such an entry must be: its row in giving_repaid, its fields, its transfers."""

    row: tuple[Any, ...]
    fields: dict[str, Any]
    transfers: list[Transfer]


Derive = Callable[[State, Facts, int, dict[str, Any]], Wanted]


def sent(state: State, deed: Facts, number: int, body: dict[str, Any]) -> Wanted:
    """Money that reached its donor. Raises LookupError where it is more than is owed."""
    transfer, amount = _owed_no_longer(state, deed, number, body), body["amount"]
    asset = ASSETS_BY_NUMBER[deed.asset].code
    fields = {"k": "repaid", "amt": amount, "cur": asset, "ref": deed.number}
    row = (number, deed.number, amount, body["reference"], 0, b"")
    return Wanted(row, fields, [transfer])


def residue(state: State, deed: Facts, number: int, body: dict[str, Any]) -> Wanted:
    """Money that went to another charity. Raises LookupError where it may not."""
    transfer, org, amount = (
        _owed_no_longer(state, deed, number, body),
        body["charity"],
        body["amount"],
    )
    if deed.held or state.funds_by_id[deed.project].payee_code == org:
        raise LookupError("no money that another charity could get")
    giver = state.funds_by_id[deed.project].payee_code
    (payee,) = (id_ for id_, (code, _) in state.payees.items() if code == org)
    fields = {
        "k": "residue",
        "amt": amount,
        "cur": ASSETS_BY_NUMBER[deed.asset].code,
        "h": encode64(body["words"]),
        "order": body["order"],
        "org": org,
        "ref": deed.number,
    }
    kinds = ("residue-received", "residue")
    received, held = (state.account(f"charity:{org}", kind, giver, deed.asset) for kind in kinds)
    row = (number, deed.number, amount, body["order"], payee, body["words"])
    return Wanted(row, fields, [transfer, (of_entry(number, 1), received, held, amount)])


def _owed_no_longer(state: State, deed: Facts, number: int, body: dict[str, Any]) -> Transfer:
    amount = body["amount"]
    if not 0 < amount <= state.refunded[deed.number] - state.repaid[deed.number]:
        raise LookupError("more than was refunded")
    state.repaid[deed.number] += amount
    channel = next(c for c in state.channels.values() if c.id == deed.channel)
    if deed.held:
        book, kinds = f"channel:{channel.code}", ("suspense-refundable", "unidentified")
    else:
        book = f"charity:{state.funds_by_id[deed.project].payee_code}"
        kinds = ("refundable", "receivable")
    due, claim = (state.account(book, kind, channel.code, deed.asset) for kind in kinds)
    return of_entry(number, 0), due, claim, amount
