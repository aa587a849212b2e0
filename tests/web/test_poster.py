"""A poster's code leads to its project; what was pasted over it leads nowhere."""

from pathlib import Path

import pytest

from jusha.web.poster import Poster, read, sign
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site


def test_a_code_is_read_back_and_every_changed_letter_is_refused(tmp_path: Path) -> None:
    poster = Poster(BOOKS, "day")
    text = sign(tmp_path, poster)
    assert read(tmp_path, text) == poster
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        assert read(tmp_path, text[:place] + other + text[place + 1 :]) is None
    assert read(tmp_path / "elsewhere", text) is None


@pytest.mark.parametrize("text", ["", "~~", "a~b", "a~b~c~d", "a b~~x", "项~~x"])
def test_what_is_no_code_is_none(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) is None


def test_scanning_leads_to_giving_and_a_foreign_code_says_so(site: Site, tmp_path: Path) -> None:
    picture = site.get(f"/p/{BOOKS}/poster.svg?campaign=day")
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture.content.startswith(b"<?xml")
    text = sign(tmp_path, Poster(BOOKS, "day"))
    answer = site.get(f"/q/{text}")
    assert (answer.status_code, answer["Location"]) == (302, f"/p/{BOOKS}/donate?campaign=day")
    foreign = site.get(f"/q/{text.replace(BOOKS, WATER)}")
    assert foreign.status_code == 404
    assert "没有扣款" in foreign.content.decode()
    assert site.get(f"/p/{BOOKS}/poster.svg?campaign=a~b").status_code == 404


def test_giving_again_needs_no_typing(site: Site) -> None:
    assert 'value="20.50"' in site.text(f"/p/{BOOKS}/donate?yuan=20.50")
    assert '">alert(1)' not in site.text(f"/p/{BOOKS}/donate?yuan=%22%3Ealert(1)")
