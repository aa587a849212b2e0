"""The assets Jusha counts, and how each appears in the public log.

An amount is always an integer in the asset's smallest unit (fen for CNY, cents
for USD and HKD), so that no sum anywhere depends on rounding.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing that can be counted: its code, its number in tables, its decimals."""

    code: str
    number: int
    decimals: int
    log_class: str
    """`leaf`: one log entry a deed. (`batch` and `sum` classes come with their assets.)"""


ASSETS: Final = {
    asset.code: asset
    for asset in (
        Asset("CNY", 1, 2, "leaf"),
        Asset("USD", 2, 2, "leaf"),
        Asset("HKD", 3, 2, "leaf"),
    )
}
ASSETS_BY_NUMBER: Final = {asset.number: asset for asset in ASSETS.values()}

AMOUNT_MAX: Final = 10**13
"""Largest single amount the door takes: 100 billion yuan, far below 2^53, the largest
integer a JSON reader in any language keeps exact."""


def decimal_text(amount: int, asset: str) -> str:
    """Write an amount in whole units with all its decimals: (123456, "CNY") -> "1234.56"."""
    decimals = ASSETS[asset].decimals
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}d}" if decimals else f"{sign}{whole}"
