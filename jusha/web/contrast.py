"""Contrast of two colours, so that the styleguide states what it claims. Pure.

Source: WCAG 2.2, relative luminance and contrast ratio.
"""

from typing import Final

LINEAR_BELOW: Final = 0.04045
WEIGHTS: Final = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue."""


def ratio(one: str, other: str) -> float:
    """The contrast ratio of two colours, each as #RRGGBB: 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def contrast(one: str, other: str) -> str:
    """The ratio with one decimal, cut and not rounded: 4.49 is not 4.5."""
    return f"{int(ratio(one, other) * 10) / 10:.1f}"


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [_linear(part) for part in parts]
    return sum(weight * part for weight, part in zip(WEIGHTS, linear, strict=True))


def _linear(part: float) -> float:
    return part / 12.92 if part <= LINEAR_BELOW else float(((part + 0.055) / 1.055) ** 2.4)
