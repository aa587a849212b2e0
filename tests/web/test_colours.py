"""Contrast is computed, not judged by eye (WCAG 2.2: 4.5 for text, 3 for graphics)."""

import re
from itertools import product

import pytest

from jusha.web.assets import FOLDER

TEXT = (
    *product(("ink", "ink-2", "ink-3"), ("paper", "card", "sand-1")),
    *product(("cinnabar-text", "jade-text", "amber-text"), ("paper", "card")),
    ("on-cinnabar", "cinnabar"),
    ("on-cinnabar", "cinnabar-deep"),
    ("on-jade", "jade"),
    ("jade-text", "jade-ground"),
    ("jade-text", "sand-1"),
    ("amber-text", "amber-ground"),
    ("ink", "sand-2"),
)
GRAPHICS = (
    *product(("grain-1", "grain-2", "grain-3", "grain-new", "jade"), ("paper", "card")),
    ("grain-1", "sand-1"),
    ("grain-2", "sand-1"),
)


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the light and the dark scheme, by token."""
    light, dark = (FOLDER / "tokens.css").read_text("utf-8").split("@media")
    return {
        name: dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", css))
        for name, css in (("light", light), ("dark", dark))
    }


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "ground", "least"),
    [(*pair, 4.5) for pair in TEXT] + [(*pair, 3.0) for pair in GRAPHICS],
)
def test_what_meets_can_be_told_apart(scheme: str, front: str, ground: str, least: float) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[front], colours[ground]) >= least


def test_both_schemes_define_the_same_colours() -> None:
    light, dark = schemes().values()
    assert light.keys() == dark.keys()


def test_every_token_that_a_style_uses_exists_and_no_colour_is_written_elsewhere() -> None:
    defined = set(re.findall(r"--([a-z0-9-]+):", (FOLDER / "tokens.css").read_text("utf-8")))
    for path in FOLDER.glob("*.css"):
        css = path.read_text("utf-8")
        assert set(re.findall(r"var\(--([a-z0-9-]+)\)", css)) <= defined, path.name
        if path.name != "tokens.css":
            assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", css)) <= {"#FFF"}, path.name
