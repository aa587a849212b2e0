"""A rule document says one thing only, and a wrong one says where and what is allowed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.matching.document import (
    NUMBER_MAX,
    TAGS,
    DocumentRefusedError,
    read_document,
    schema_text,
    write_document,
)
from jusha.matching.rules import RuleTerms, check_terms, document, terms_hash

REPO = Path(__file__).resolve().parent.parent.parent
RULE = """title_zh = "一比一"
decided = "at-once"

[gives]
kind = "ratio"
numerator = 1
denominator = 1

[window]
from_minute = 600
to_minute = 1320
budget = 5_000_000

[caps]
gift = 20_000
"""
HASH = "A" * 43 + "="
KINDS: dict[str, dict[str, Any]] = {
    "ratio": {"numerator": 1, "denominator": 3},
    "flat": {"amount": 99},
    "per-unit": {"unit": 1_000, "each": 100, "units_max": 5},
    "tier-bonus": {"tiers": [[10_000, 200], [50_000, 300]]},
    "random-range": {"low": 50, "high": 500, "chance": 300},
    "one-one-x": {"on": "R1", "low": 100, "high": 500},
    "friends": {"on": "R1", "friends": 10, "low": 3, "high": 10},
    "coupon": {"count": 100, "permille": 1_000, "most": 2_000},
    "lump-sum": {"threshold": 100_000, "amount": 10_000},
    "quadratic": {"unit": 100},
}


def terms_of(kind: str, **more: Any) -> RuleTerms:
    decided = "close" if kind == "quadratic" else "at-once"
    raw = {"gives": {"kind": kind} | KINDS[kind], "window": {"budget": 900}, "decided": decided}
    return msgspec.convert(raw | more, RuleTerms)


def test_every_kind_stands_in_these_tests() -> None:
    assert set(KINDS) == set(TAGS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_of_any_kind_is_the_same_after_writing_and_reading(kind: str) -> None:
    terms = terms_of(kind)
    assert check_terms(terms) == ""
    assert read_document(write_document(terms)) == terms
    assert read_document(json.dumps(document(terms))) == terms


@given(
    title=st.text(max_size=40),
    budget=st.integers(0, NUMBER_MAX),
    carry=st.sampled_from([0, 1]),
    anonymous=st.sampled_from(["none", "gift"]),
)
def test_any_title_and_amount_survives_writing_and_reading(
    title: str, budget: int, carry: int, anonymous: str
) -> None:
    window = {"budget": budget, "carry": carry == 1, "surprise": HASH}
    terms = terms_of("flat", window=window, title_zh=title, anonymous=anonymous)
    assert read_document(write_document(terms)) == terms


def test_toml_and_json_of_one_rule_have_one_hash() -> None:
    terms = read_document(RULE)
    assert terms_hash(read_document(json.dumps(document(terms)))) == terms_hash(terms)
    assert terms_hash(terms) in write_document(terms)


def test_what_is_written_says_yuan_and_clock_beside_fen_and_minutes() -> None:
    text = write_document(read_document(RULE))
    assert "budget = 5000000  # ¥50,000.00" in text
    assert "from_minute = 600  # 10:00" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("budget = 5_000_000", 'budget = "x"', "line 12: window.budget: expected int, got str"),
        ("5_000_000", "1.5", "line 12: window.budget: expected int, got float"),
        ("5_000_000", "true", "line 12: window.budget: expected int, got bool"),
        ("5_000_000", str(NUMBER_MAX + 1), f"line 12: window.budget: at most {NUMBER_MAX}"),
        ("5_000_000", "-1", "amounts may not be negative"),
        (
            '"ratio"',
            '"ration"',
            f"line 5: gives.kind: there is no such kind; there are {', '.join(TAGS)}",
        ),
        ('kind = "ratio"\n', "", f"gives.kind: is missing; there are {', '.join(TAGS)}"),
        (
            "numerator = 1\n",
            "numerator = 1\nextra = 2\n",
            "line 7: gives.extra: there is no such field; there are kind, numerator, denominator",
        ),
        (
            "gift = 20_000",
            "gifts = 20_000",
            "line 15: caps.gifts: there is no such field; there are gift, person_day,",
        ),
        (
            '"at-once"',
            '"later"',
            "line 2: decided: 'later' is not one of at-once, slice, close, retro",
        ),
        ("denominator = 1", "denominator = 0", "a ratio needs two positives"),
        ("denominator = 1\n", "", "gives.denominator: is missing"),
        ("[window]", "[windows]", "line 9: windows: there is no such field"),
        ("gift = 20_000", "gift = ", "line 15: not TOML: invalid value"),
        (
            '"at-once"',
            '"retro"\nsince = "soon"\nuntil = "later"',
            "since and until are UTC minutes such as 2026-09-09T01:12Z",
        ),
    ],
)
def test_a_wrong_document_names_line_field_and_what_is_allowed(
    old: str, new: str, said: str
) -> None:
    assert old in RULE
    with pytest.raises(DocumentRefusedError) as refusal:
        read_document(RULE.replace(old, new))
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "gives: is missing"),
        ("gives = 3", "line 1: gives: expected object, got int"),
        ("{", "line 1: not JSON: Expecting property name"),
        ('{"decided": "close", "decided": "retro"}', "decided: stands twice"),
        (
            '{"gives": {"kind": "flat",\n "amount": 9},\n "window": {"budget": "x"}}',
            "line 3: window.budget: expected int, got str",
        ),
        (
            '[gives]\nkind = "tier-bonus"\ntiers = [[1, 2], [3, "x"]]\n[window]\nbudget = 1',
            "line 3: gives.tiers[1][1]: expected int, got str",
        ),
    ],
)
def test_other_damage_is_named_too(text: str, said: str) -> None:
    with pytest.raises(DocumentRefusedError) as refusal:
        read_document(text)
    assert str(refusal.value).startswith(said)


def test_the_schema_in_the_docs_is_the_one_of_the_code() -> None:
    written = (REPO / "docs" / "rule.schema.json").read_text("utf-8")
    assert written == schema_text(), "write matching.document.schema_text() to it"
