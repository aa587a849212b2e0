"""Money lines from the log alone: told truly they are equal, every lie about them is named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verify.stories import AFTER, NOON, Entry, Story, m, of, ratio, sha

EV, WORDS = sha(b"files"), sha(b"words")
Lie = Callable[[Story], None]


def spend(story: Story, amt: int, at: list[int], line: str = "programme", **more: str) -> int:
    fields = {"prj": "books", "ref": "E1", "what": "goods", "ev": EV, "h": WORDS} | more
    return story.add("spend", NOON, amt=amt, at=at, line=line, **fields)


def story() -> Story:
    """Two gifts of 1000 (920 + 80), refunds before and after spending, a release taken back."""
    told = Story()
    told.rule(ratio())
    first = told.gift(1_000, m(1_000))
    second = told.gift(1_000, m(1_000), name="bob")
    told.add("refund", NOON, ref=first, amt=500, cur="CNY", m=[{"amt": 500, "pool": "tree"}])
    spend(told, 100, [0, 100])
    spend(told, 400, [100, 960])  # 360 left of the first, 460 void, 40 of the second
    spend(told, 40, [0, 40], "running")
    told.add("refund", NOON, ref=second, amt=1_000, cur="CNY", cov=40,
             m=[{"amt": 1_000, "pool": "tree"}])  # fmt: skip
    told.add("notice", AFTER, pool="tree", until=AFTER)
    told.add("close", AFTER, pool="tree", rest=10**6 - 500, to="sponsor")
    told.add("release", AFTER, amt=500, org="shan", pool="tree", prj="books")
    spend(told, 450, [960, 1_840 + 450])
    told.add("clawback", AFTER, ref=first, m=[{"amt": 500, "pool": "tree"}], cov=450)
    told.seal(books=(2, 2_000, 2_000, 1_500, 2_000))
    return told


def test_a_true_story_is_equal_and_says_what_is_left(tmp_path: Path) -> None:
    found = story().check(tmp_path)
    assert found["differences"] == []
    assert found["lines"] == {
        "books programme": {"in": 2_300, "void": 1_340 + 10, "spent": 950, "left": 0},
        "books running": {"in": 200, "void": 40 + 80 + 40, "spent": 40, "left": 0},
    }


def change(kind: str, place: int, **fields: object) -> Lie:
    def tell(told: Story) -> None:
        entry: Entry = of(told, kind, place)
        entry.update(fields)

    return tell


def forget(kind: str, name: str) -> Lie:
    def tell(told: Story) -> None:
        del of(told, kind, -1)[name]

    return tell


LIES: dict[str, tuple[Lie, str]] = {
    "a gap": (change("spend", 1, at=[101, 961]), "not [100, 960]"),
    "an overlap": (change("spend", 1, at=[99, 960]), "not [100, 960]"),
    "voids counted as money": (change("spend", 1, at=[100, 500]), "not [100, 960]"),
    "too much": (change("spend", 1, amt=10_000), "10000 spent"),
    "nothing": (change("spend", 0, amt=0), "amt is 0"),
    "another line": (change("spend", 2, line="both"), "unknown line"),
    "a short hash": (change("spend", 0, ev="AAAA"), "ev is no SHA-256"),
    "a name for a reference": (change("spend", 0, ref="Mr Li"), "no code"),
    "a cover left out": (forget("refund", "cov"), "40 of it is spent"),
    "a cover of its own": (change("refund", 0, cov=1), "0 of it is spent"),
    "a cover of a release": (change("clawback", 0, cov=449), "450 of it is spent"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_a_line_is_named(tmp_path: Path, name: str) -> None:
    lie, words = LIES[name]
    told = story()
    lie(told)
    found = told.told(tmp_path)
    assert any(words in what for _, what in found), found
