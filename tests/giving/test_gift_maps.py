"""A map is checked whole, and every complaint names the key and what is allowed."""

import re
from pathlib import Path

import msgspec
import pytest

from jusha.giving.gift_maps import GiftMap, MapRefusedError, read_map
from jusha.giving.gift_rows import REASONS

MAPS = Path(__file__).resolve().parents[2] / "maps"
GOOD = """
channel = "post-office"
campaign = "day"

[project]
code = "shan-books"

[id]
columns = ["slip"]

[time]
column = "date"
format = "%Y-%m-%d"
timezone = "Asia/Shanghai"

[amount]
column = "yuan"
unit = "yuan"
"""
OPEN = """
[open]
charity = "shan"
[[open.projects]]
code = "shan-books"
[open.campaign]
opens = "2026-01-01T00:00Z"
closes = "2027-01-01T00:00Z"
[open.pool]
code = "tree"
sponsor = "Tree Ltd"
amount = 100
how = "secured"
[open.rule]
code = "R1"
begins = "2026-01-01T00:00Z"
terms = {gives = {kind = "ratio", numerator = 1, denominator = 1}, window = {budget = 100}}
"""


def test_a_good_map_is_read_and_its_defaults_are_the_plain_ones() -> None:
    found = read_map(GOOD.encode())
    assert isinstance(found, GiftMap)
    assert (found.encoding, found.delimiter, found.payer, found.open) == ("utf-8", ",", None, None)
    assert found.columns == ["slip", "date", "yuan"]
    assert found.project_codes == ["shan-books"]


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.toml")), ids=lambda path: path.name)
def test_every_map_that_we_ship_is_good(path: Path) -> None:
    found = read_map(path.read_bytes())
    # The rails' own maps, lists and other money open nothing: beside.toml does, or nobody.
    gives = found.form == "csv" and found.currency == "CNY" and not path.stem.endswith("_list")
    assert (found.open is not None) == gives


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('channel = "post', 'chnnl = "post', "chnnl is not known; the map may hold: channel,"),
        ("unit = ", "units = ", "amount.units is not known; [amount] may hold: column, unit"),
        ('[id]\ncolumns = ["slip"]', "", "id is missing; the map may hold"),
        ('column = "yuan"', "", "amount.column is missing; [amount] may hold"),
        ('"yuan"\nunit = "yuan"', '"yuan"\nunit = "jiao"', "unit = 'jiao'; allowed: 'fen', 'yuan'"),
        ('campaign = "day"', 'encoding = "latin1"', "allowed: 'gb18030', 'gbk', 'utf-8'"),
        ('campaign = "day"', 'delimiter = ":"', "delimiter = ':'; allowed:"),
        ('["slip"]', '["slip", 3]', "id.columns[1] = 3: expected `str`, got `int`"),
        ('["slip"]', "[]", "id.columns names at least one column"),
        ("post-office", "邮局", "channel = '邮局'; allowed: 1 to 40 of A-Z"),
        ('code = "shan-books"', "", "project needs exactly one of: code, column"),
        ('code = "shan-books"', 'code = "a"\ncolumn = "b"', "project needs exactly one of"),
        ("Asia/Shanghai", "Asia/Wuhan", "allowed: a name such as Asia/Shanghai"),
        ("%Y-%m-%d", "%H:%M", 'allowed: "iso", or a pattern with %Y, %m and %d'),
        ('timezone = "Asia/Shanghai"', "", "time.timezone is missing"),
        ("sponsor = ", "sponsors = ", "open.pool.sponsors is not known; [open.pool] may hold"),
        (
            "budget = 100",
            "budget = 100, to_minute = 1441",
            "open.rule.terms: a window lies within one day",
        ),
        ("2027-01-01T00:00Z", "2027-01-01", "a UTC minute such as 2020-01-23T16:00Z"),
        ('campaign = "day"', "", "open.campaign goes with campaign"),
    ],
)
def test_a_wrong_map_is_told_which_key_and_what_is_allowed(
    old: str, new: str, complaint: str
) -> None:
    text = GOOD + OPEN
    assert old in text
    with pytest.raises(MapRefusedError) as refused:
        read_map(text.replace(old, new, 1).encode())
    assert complaint in str(refused.value)


def test_what_is_not_toml_is_refused_in_words() -> None:
    with pytest.raises(MapRefusedError, match="not TOML"):
        read_map(b"date,amount\n2026-01-01,5\n")
    with pytest.raises(MapRefusedError, match="at most"):
        read_map(b"#" * 70_000)


def test_the_how_to_names_every_key_of_a_map_and_every_reason_in_the_codes_own_words() -> None:
    page = (MAPS.parent / "docs" / "how-to-import-gifts.md").read_text("utf-8")
    for field in msgspec.structs.fields(GiftMap):
        assert re.search(rf"(^|# )\[*{field.encode_name}\b", page, re.MULTILINE), field.name
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", page, re.MULTILINE))
    assert rows == REASONS


def test_the_map_in_the_how_to_is_good() -> None:
    page = (MAPS.parent / "docs" / "how-to-import-gifts.md").read_text("utf-8")
    first, second = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    found = read_map((first + second).encode())
    assert found.open is not None
    assert found.open.projects[0].running_permille == 80
