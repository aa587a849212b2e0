"""Keys of deeds and persons: made from the id alone, telling nothing without the secret."""

import calendar
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.inbox.keys import deed_key, id_time_us, person_key

SECRET = bytes(32)


@pytest.mark.parametrize(
    ("external_id", "time_us"),
    [
        ("0201202001240909260081013438", 1_579_856_966_000_000),
        ("20200124090926", 1_579_856_966_000_000),
        ("018f3f5a-7c00-7000-8000-000000000000", 0x018F3F5A7C00 * 1000),
        ("20209999999999", 0),
        ("order-17", 0),
    ],
)
def test_the_time_in_an_id_is_read_from_the_id_alone(external_id: str, time_us: int) -> None:
    assert id_time_us(external_id) == time_us


@given(
    st.from_regex(
        r"[0-9]{0,6}20[0-9]{2}[01][0-9][0-3][0-9][0-2][0-9][0-6][0-9][0-6][0-9][0-9]*",
        fullmatch=True,
    )
    | st.text(alphabet="012345", min_size=14, max_size=40)
)
def test_the_time_in_an_id_is_the_first_that_the_standard_library_reads(external_id: str) -> None:
    wanted = 0
    for found in re.finditer(r"(?=(20[0-9]{12}))", external_id):
        try:
            parsed = time.strptime(found.group(1), "%Y%m%d%H%M%S")
        except ValueError:
            continue
        wanted = calendar.timegm(parsed) * 1_000_000
        break
    assert id_time_us(external_id) == wanted


def test_keys_of_later_ids_sort_behind_earlier_ones() -> None:
    early = deed_key(SECRET, "qr", "0201202001240909260081013438")
    late = deed_key(SECRET, "qr", "0201202001240909270081013438")
    assert len(early) == len(late) == 16
    assert early < late


def test_one_id_has_other_keys_in_other_channels_and_under_other_secrets() -> None:
    keys = {
        deed_key(SECRET, "a", "x"),
        deed_key(SECRET, "b", "x"),
        deed_key(bytes([1]) * 32, "a", "x"),
        person_key(SECRET, "a", "x"),
    }
    assert len(keys) == 4
