"""Residue from the log alone: told truly it is equal, every lie about it is named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.stories import NOON, Story, m, of, ratio, sha

Lie = Callable[[Story], None]


def story() -> Story:
    """A gift of 1000 that was refunded whole: 400 arrived, 600 went to another charity."""
    told = Story()
    told.add("charity", org="lian")
    told.rule(ratio())
    given = told.gift(1_000, m(1_000))
    told.add("refund", NOON, ref=given, amt=1_000, cur="CNY", m=[{"amt": 1_000, "pool": "tree"}])
    told.add("repaid", NOON, ref=given, amt=400, cur="CNY")
    told.add("residue", NOON, ref=given, amt=600, cur="CNY", org="lian", order="R7", h=sha(b"no."))
    told.seal(books=(1, 1_000, 1_000, 1_000, 1_000))
    return told


def test_a_true_story_is_equal(tmp_path: Path) -> None:
    assert story().check(tmp_path)["differences"] == []


LIES: dict[str, tuple[dict[str, object], str]] = {
    "more than was owed": ({"amt": 601}, "400 + 601 given of 1000 refunded"),
    "nothing": ({"amt": 0}, "amt is 0"),
    "another currency": ({"cur": "USD"}, "no gift of USD"),
    "a charity that nobody knows": ({"org": "elsewhere"}, "the charity is unknown"),
    "the very charity whose gift it was": ({"org": "shan"}, "the charity's own gift"),
    "an order that is no code": ({"order": "two words"}, "order is no code"),
    "words that are no hash": ({"h": "AAAA"}, "h is no SHA-256"),
    "an entry that is no gift": ({"ref": 0}, ""),
    "a further field": ({"to": "li"}, ""),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_named(tmp_path: Path, name: str) -> None:
    told, (fields, words) = story(), LIES[name]
    entry = of(told, "residue")
    entry.update(fields)
    assert [n for n, what in told.told(tmp_path) if words in what] == [entry["n"]]
