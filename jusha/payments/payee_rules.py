"""What a charity's account at a rail or a bank looks like, and how a change of it stands. Pure."""

import re
from datetime import datetime
from typing import Final, Literal

RAIL_KIND: Final = "payee-rail"
BANK_KIND: Final = "payee-bank"
KINDS: Final = (RAIL_KIND, BANK_KIND)
"""Of decisions: an account at a rail, a bank account."""
BANK: Final = "bank"
WAIT_RULE: Final = "payee-change-days"
"""The figure of the law table for the days between decision and use."""
MERCHANTS: Final = {
    "wechat": re.compile(r"[0-9]{8,32}", re.ASCII),
    "alipay": re.compile(r"2088[0-9]{12}", re.ASCII),
}
"""A sub-merchant's number at WeChat Pay; a seller's id at Alipay."""
NUMBER: Final = re.compile(r"[0-9A-Z](?:[0-9A-Z-]{4,32})[0-9A-Z]", re.ASCII)
"""Account numbers as banks in China and abroad (ISO 13616) write them, without blanks."""
BANK_MAX: Final = 80
State = Literal["waits-token", "coming", "stopped", "now", "before"]


def is_address(rail: str, text: str) -> bool:
    """Whether a text may be an account there; False for a rail that donors are not offered."""
    form = NUMBER if rail == BANK else MERCHANTS.get(rail)
    return form is not None and form.fullmatch(text) is not None


def squeezed(text: str) -> str:
    """A number without the blanks that people write into it."""
    return "".join(text.split())


def state_of(
    *, since: datetime, now: datetime, is_stopped: bool, waits_token: bool, is_newest: bool
) -> State:
    """How an account stands: `is_newest` of those that began and were not stopped."""
    if is_stopped:
        return "stopped"
    if since > now:
        return "coming"
    if waits_token:
        return "waits-token"
    return "now" if is_newest else "before"
