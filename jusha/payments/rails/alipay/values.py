"""Alipay's way of writing money and time: yuan with decimals, and clocks in Shanghai."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from jusha.money.assets import AMOUNT_MAX

SHANGHAI: Final = timezone(timedelta(hours=8))
"""China has had no summer time since 1991, and no order is older."""
YUAN: Final = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?")
TIME: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


class ValueRefusedError(ValueError):
    """Not an amount or a time as Alipay writes them."""


def yuan(fen: int) -> str:
    """Write an amount in fen as yuan with two decimals: 3505 is "35.05".

    Raises ValueRefusedError for what nobody can pay.
    """
    if not 0 < fen <= AMOUNT_MAX:
        raise ValueRefusedError("no amount to pay")
    return f"{fen // 100}.{fen % 100:02d}"


def fen(text: object) -> int:
    """Read yuan exactly, by their digits: "35.05" is 3505, "35" and "35.0" are 3500.

    Raises ValueRefusedError for a third decimal, signs, exponents and anything but a string.
    """
    found = YUAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueRefusedError("not an amount in yuan")
    amount = int(found[1]) * 100 + int(f"{found[2] or '':0<2}")
    if amount > AMOUNT_MAX:
        raise ValueRefusedError("an amount above all bounds")
    return amount


def time_text(seconds: int) -> str:
    """Write Unix seconds as the clock in Shanghai shows them."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def seconds(text: object) -> int:
    """Read a time of the clock in Shanghai as Unix seconds. Raises ValueRefusedError."""
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise ValueRefusedError("not a time")
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())
    except ValueError as error:  # 30 February
        raise ValueRefusedError("not a time") from error
