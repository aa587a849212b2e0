"""What a kind may look at when it says what a rule gives. Pure."""

import msgspec


class Ask(msgspec.Struct, gc=False):
    """One gift before one rule. Amounts in the smallest unit.

    `given` holds what the rules before this one gave to the same gift, by rule code;
    `filled` what the rules that this one fills gave together. `draw` is 16 random bytes,
    `base` the match that a friends rule multiplies; both are there only for the kinds that
    use them.
    """

    amount: int
    given: dict[str, int]
    filled: int = 0
    draw: bytes = b""
    base: int = 0


def happens(draw: bytes, permille: int) -> bool:
    """Say whether a chance of so many per mille comes true: the draw's first 8 bytes decide."""
    return int.from_bytes(draw[:8], "big") * 1000 >> 64 < permille


def pick(draw: bytes, low: int, high: int) -> int:
    """Pick a whole number of low..high, each as likely: the draw's last 8 bytes decide."""
    return low + (int.from_bytes(draw[8:16], "big") * (high - low + 1) >> 64)
