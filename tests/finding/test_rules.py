"""How words are cut, compared and marked, as worked examples and for every text."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.finding.rules import (
    ASKED_MAX,
    TERMS_MAX,
    Cursor,
    asked,
    cursor,
    folded,
    marked,
    pairs,
    region_of,
    snippet,
    words,
)

TEXT = st.text(max_size=80) | st.text(
    alphabet="书香進山里裡水 <>&'\"\\:*!|()%ＡBcé\u0000\u202e", max_size=80
)


def test_a_run_is_cut_into_pairs_and_its_last_character() -> None:
    assert pairs(["书香进山"]) == "书香 香进 进山 山"
    assert pairs(["水"]) == "水"
    assert pairs(["水，土地"]) == "水 土地 地"
    assert pairs(["Clean water 126"]) == ""


def test_traditional_wide_and_capital_letters_are_the_same_as_plain_ones() -> None:
    assert pairs(["書香進山"]) == pairs(["书香进山"])
    assert folded("ＡＩ助學 Ｎｏ.１") == "ai助学 no.1"
    assert words(["Reading-Lamps", "lamps"]) == "reading lamps"


@given(TEXT)
def test_folding_keeps_the_length_and_is_done_once(text: str) -> None:
    assert len(folded(text)) == len(text)
    assert folded(folded(text)) == folded(text)


@given(TEXT, TEXT)
def test_what_is_marked_together_is_the_text(text: str, looked_for: str) -> None:
    parts = marked(text, asked(looked_for).terms)
    assert "".join(part.text for part in parts) == text
    for part in parts:
        assert part.hit <= bool(part.text)


@given(TEXT)
def test_a_search_is_short_and_has_nothing_that_a_query_could_misread(text: str) -> None:
    read = asked(text)
    assert len(read.text) <= ASKED_MAX
    assert len(read.terms) <= TERMS_MAX
    assert "\0" not in read.text
    quoted = read.pairs.replace("':*", "'").split(" & ") if read.pairs else []
    for each in quoted:
        assert each[0] == each[-1] == "'"
        assert not set(each[1:-1]) & set("'\\ &|!()<>:*")
    assert read.words.replace(" ", "").isalnum() or not read.words


def test_hits_are_marked_in_the_characters_that_are_shown() -> None:
    assert [p.text for p in marked("書香進山，書香", asked("书香").terms) if p.hit] == ["書香"] * 2
    assert [p.text for p in marked("Reading lamps", asked("lamp").terms) if p.hit] == ["lamp"]
    assert [p.text for p in marked("A lamp", asked("lamps").terms) if p.hit] == ["lamp"]
    assert [p.text for p in marked("clamps", asked("lamp").terms) if p.hit] == []


def test_a_snippet_begins_shortly_before_the_first_hit() -> None:
    story = "山" * 40 + "白鹭" + "水" * 80
    parts = snippet(story, asked("白鷺").terms)
    assert [p.text for p in parts if p.hit] == ["白鹭"]
    assert parts[0].text.startswith("…山")
    assert parts[-1].text.endswith("水…")
    assert snippet(story, asked("芦苇").terms) == ()


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("云南省昭通市", "云南"),
        ("演示省石坂县", "演示"),
        ("内蒙古自治区赤峰市", "内蒙古"),
        ("北京市西城区", "北京"),
        ("云岭", ""),
        ("", ""),
    ],
)
def test_a_place_names_its_province_or_none(place: str, region: str) -> None:
    assert region_of(place) == region


def test_a_cursor_is_read_back_and_nothing_else_is_read() -> None:
    made = Cursor(date(2026, 11, 23), 1, -(1 << 63), 12)
    assert cursor(str(made)) == made
    for wrong in (
        "",
        "2026-13-01.0.1.1",
        "2026-02-30.0.1.1",
        "2026-11-23.2.1.1",
        "2026-11-23.0.9999999999999999999.1",
        "2026-11-23.0.1.1\n",
        "2026-11-23.0.١.1",
        "x" * 500,
    ):
        assert cursor(wrong) is None, wrong
