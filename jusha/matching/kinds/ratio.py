"""The oldest kind: for each yuan given, so much from the pool."""


def ratio(numerator: int, denominator: int, amount: int) -> int:
    """Return floor(amount x numerator / denominator), in the smallest unit."""
    return amount * numerator // denominator
