"""The reference (附言) of a bank transfer: an order's number in twelve characters. Pure.

A rail gives an order's number back as it got it; a person writes the reference into a form, and a
bank may add blanks or words around it. So it is short, has no characters that look alike, and two
of the twelve are checks: a Reed-Solomon code over 31 characters, in which no one or two wrong
characters, and no two that changed places, make another reference. Nothing is ever corrected: what
does not check is said, and a person decides.
"""

import re
import unicodedata
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 characters, a prime number; 0, 1, I, L and O look like others."""
BASE: Final = len(ALPHABET)
PAYLOAD: Final = 10
LENGTH: Final = 12
GROUP: Final = 4
FIRST_DAY: Final = date(2020, 1, 1)
LAST_DAY: Final = date(2119, 12, 31)
DAY_ORDERS: Final = 10**10
"""An order's number is its day, yyyymmdd, and ten digits (payments/order.py)."""
_PLACE: Final = {character: place for place, character in enumerate(ALPHABET)}
_GAP: Final = r"[ \-_.]?"
_ALONE: Final = re.compile(
    rf"(?<![A-Z0-9])([A-Z0-9]{{4}}){_GAP}([A-Z0-9]{{4}}){_GAP}([A-Z0-9]{{4}})(?![A-Z0-9])"
)
_RUN: Final = re.compile(rf"[{ALPHABET}]{{{LENGTH},}}")
_DASHES: Final = re.compile(r"[\u2010-\u2015\u2212]")


class Reading(NamedTuple):
    """What a text says: `order` where `state` is found, else 0.

    `mistyped`: something has a reference's form and does not check; `several`: two different ones.
    """

    state: Literal["found", "none", "mistyped", "several"]
    order: int = 0


def reference_of(order_no: int) -> str:
    """An order's reference, in three groups of four. Raises ValueError for no order's number."""
    day, rest = divmod(order_no, DAY_ORDERS)
    at = date.fromisoformat(str(day))
    if not FIRST_DAY <= at <= LAST_DAY:
        message = f"{order_no} is no order of these hundred years"
        raise ValueError(message)
    value = (at - FIRST_DAY).days * DAY_ORDERS + rest
    digits = []
    for _ in range(PAYLOAD):
        value, digit = divmod(value, BASE)
        digits.append(digit)
    digits.reverse()
    plain, weighted = _sums(digits)
    last = (PAYLOAD + 1) * plain - weighted
    digits += [(-plain - last) % BASE, last % BASE]
    text = "".join(ALPHABET[digit] for digit in digits)
    return "-".join(text[place : place + GROUP] for place in range(0, LENGTH, GROUP))


def read_reference(text: str) -> Reading:
    """Find the one order that a text names; a reference standing alone goes before one in a run."""
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text).upper())
    alone = ["".join(found.groups()) for found in _ALONE.finditer(plain)]
    orders = {order for each in alone if (order := _order_of(each))}
    if not orders:
        together = re.sub(r"[\s\-_.]", "", plain)
        orders = {
            order
            for run in _RUN.finditer(together)
            for place in range(len(run[0]) - LENGTH + 1)
            if (order := _order_of(run[0][place : place + LENGTH]))
        }
    if len(orders) == 1:
        return Reading("found", orders.pop())
    if orders:
        return Reading("several")
    is_like_one = any(any(c.isdigit() for c in each) for each in alone)
    return Reading("mistyped" if is_like_one else "none")


def _order_of(text: str) -> int:
    """The order that twelve characters name; 0 where they name none."""
    if any(character not in _PLACE for character in text):
        return 0
    digits = [_PLACE[character] for character in text]
    plain, weighted = _sums(digits)
    if plain % BASE or weighted % BASE:
        return 0
    value = 0
    for digit in digits[:PAYLOAD]:
        value = value * BASE + digit
    days, rest = divmod(value, DAY_ORDERS)
    if days > (LAST_DAY - FIRST_DAY).days:
        return 0
    return int(f"{FIRST_DAY + timedelta(days=days):%Y%m%d}") * DAY_ORDERS + rest


def _sums(digits: list[int]) -> tuple[int, int]:
    """The two sums that are 0 modulo 31 over a whole reference: plain, and weighted by place."""
    return sum(digits), sum(place * digit for place, digit in enumerate(digits, start=1))
