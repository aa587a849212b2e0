"""The audit's own word on whether money could be booked as asked: why it is held, or that it fits.

A reason is the first that is true in a fixed order. It depends on what the walk has passed:
orders, payments of orders, gifts of a channel within a minute and a day.
"""

from typing import Final

from jusha.inbox.envelopes import Deed
from jusha.money.assets import ASSETS
from jusha.settlement.audit_read import Order
from jusha.settlement.audit_state import Channel, Fund, State
from jusha.settlement.decide import MINUTE_US

FUNDED: Final = "CNY"


def reason(  # noqa: PLR0911 - a reason a line
    state: State, channel: Channel, deed: Deed, order: Order | None, number: int, received_us: int
) -> str:
    """Say why a deed with this entry's number must be held, or "" if it is a gift."""
    fund = state.funds_by_id.get(order.project) if order else state.funds.get(deed.project)
    if deed.order:
        if order is None or deed.order not in state.ordered:
            return "unknown-order"
        if 0 <= order.paid_by < number:
            return "order-paid"
        if ASSETS[deed.asset].number != order.asset:
            return "wrong-asset"
        if deed.amount != order.amount:
            return "wrong-amount"
        if deed.project and (fund is None or deed.project != fund.code):
            return "wrong-project"
    if fund is None or not fund.state:
        return "unknown-project"
    if fund.state != "open":
        return "project-gone"
    if deed.payee and deed.payee != fund.payee_code:
        return "wrong-payee"
    return _beyond(channel, deed, fund, received_us)


def _beyond(channel: Channel, deed: Deed, fund: Fund, received_us: int) -> str:
    terms = channel.terms
    if deed.asset not in terms.assets or deed.asset != FUNDED:
        return "asset-not-admitted"
    if terms.projects and fund.code not in terms.projects:
        return "project-not-admitted"
    if terms.gift_max and deed.amount > terms.gift_max:
        return "over-gift-limit"
    minute, day = channel.given_in(received_us // MINUTE_US)
    if terms.minute_max and minute + deed.amount > terms.minute_max:
        return "over-minute-limit"
    if terms.day_max and day + deed.amount > terms.day_max:
        return "over-day-limit"
    return ""
