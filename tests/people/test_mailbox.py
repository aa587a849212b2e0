"""An address is sealed once; everything else knows an alias that tells nothing."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.people import mailbox
from jusha.people.mailbox import NotAnAddressError, alias_of, masked, normal
from jusha.people.rules import SamePersonError, second_person

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789._", min_size=1, max_size=20).filter(
    lambda text: text.strip(".") == text and ".." not in text
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    settings.HOME = tmp_path


def test_an_address_has_one_alias_however_it_is_written() -> None:
    assert alias_of("Lin@Example.org") == alias_of(" lin@example.ORG ")
    assert alias_of("ｌｉｎ@example.org") == alias_of("lin@example.org")
    assert alias_of("lin@example.org") != alias_of("lin@example.com")


def test_an_alias_passes_for_an_address_and_reaches_nobody() -> None:
    alias = alias_of("lin@example.org")
    name, _, domain = alias.partition("@")
    assert domain == "sealed.invalid"
    assert len(name) == 32
    assert "lin" not in alias
    with pytest.raises(NotAnAddressError):
        alias_of(alias)


def test_another_installation_has_other_aliases(tmp_path: Path, settings: Any) -> None:
    here = alias_of("lin@example.org")
    settings.HOME = tmp_path / "elsewhere"
    assert alias_of("lin@example.org") != here


@given(NAMES)
def test_what_is_masked_tells_the_domain_and_one_letter(name: str) -> None:
    shown = masked(f"{name}@example.org")
    assert shown == f"{name[0]}•••@example.org"


@given(NAMES)
def test_one_spelling_is_its_own_spelling(name: str) -> None:
    once = normal(f" {name.upper()}@Example.org")
    assert normal(once) == once == f"{name}@example.org"


@pytest.mark.parametrize("text", ["", "lin", "lin@", "@example.org", "a b@example.org", "x" * 255])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAnAddressError):
        normal(text)


ONE = "5b3ff3c2-4d5a-4b8e-9d6a-111111111111"
TWO = "5b3ff3c2-4d5a-4b8e-9d6a-222222222222"


def test_two_persons_are_two_accounts_however_they_are_written() -> None:
    second_person(ONE, TWO)
    with pytest.raises(SamePersonError):
        second_person(ONE, ONE.upper())
    with pytest.raises(SamePersonError):
        second_person(ONE, ONE.replace("-", ""))


@pytest.mark.parametrize("first", ["", "li", "demo"])
def test_a_name_that_is_no_account_is_no_second_person(first: str) -> None:
    with pytest.raises(SamePersonError):
        second_person(first, TWO)


def test_the_secret_is_a_file_of_its_own(tmp_path: Path) -> None:
    alias_of("lin@example.org")
    assert (tmp_path / "secrets" / f"{mailbox.SECRET}.secret").stat().st_mode & 0o777 == 0o600
