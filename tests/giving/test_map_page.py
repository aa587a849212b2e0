"""The accountant's page of maps names every key, every form and every reason; it can be copied."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from jusha.giving.gift_maps import GiftMap, OpenPart, read_map
from jusha.giving.gift_rows import REASONS
from tests.home import REPO

PAGE = (REPO / "docs/zh/maps.md").read_text("utf-8")
WHOLE, *REST = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
TAKEN_OUT = re.compile(r"^# (?=[a-z_]+ = |\[)", re.MULTILINE)
"""How the page marks a line that is seldom needed."""


def keys_of(kind: Any) -> Iterator[str]:
    """Every key of a table and of the tables in it."""
    info = msgspec.inspect.type_info(kind)
    waiting: list[Any] = [info]
    while waiting:
        each = waiting.pop()
        if isinstance(each, msgspec.inspect.StructType):
            if each.cls.__name__ == "RuleTerms":  # a page of its own
                continue
            for field in each.fields:
                yield field.encode_name
                waiting.append(field.type)
        elif isinstance(each, msgspec.inspect.ListType):
            waiting.append(each.item_type)
        elif isinstance(each, msgspec.inspect.UnionType):
            waiting.extend(each.types)


@pytest.mark.parametrize("key", sorted(set(keys_of(GiftMap))))
def test_every_key_of_a_map_is_on_the_page(key: str) -> None:
    assert re.search(rf"(?<![a-z_]){key}(?![a-z_])", PAGE), key


def test_the_whole_example_is_taken_as_it_stands() -> None:
    given = read_map(WHOLE.encode())
    assert (given.channel, given.encoding, given.id.columns) == ("my-bank-2026", "gbk", ["流水号"])


def test_every_line_that_is_marked_as_seldom_is_taken_too() -> None:
    text = TAKEN_OUT.sub("", WHOLE)
    for line in ('form = "csv"', "header = "):  # a sheet is no CSV; a header of one's own is all
        text = re.sub(rf"^{re.escape(line)}.*$", "", text, flags=re.MULTILINE)
    text = text.replace('code = "general"', "", 1).replace("kind", 'form = "xlsx"\nkind', 1)
    given = read_map(text.encode())
    assert given.balance is not None
    assert given.payer is not None
    assert given.refund is not None
    assert given.time.clock == "交易时刻"
    assert given.refund.drop[0].values == ["失败"]


def test_the_other_pieces_are_what_the_code_reads() -> None:
    opening = next(piece for piece in REST if "[open]" in piece)
    told = tomllib.loads(opening)["open"]
    told.pop("rule")  # the page leads to where rules are written
    assert msgspec.convert(told, OpenPart).charity == "shan"
    for piece in REST:
        tomllib.loads(piece)
        for table in tomllib.loads(piece):
            assert table in {field.name for field in msgspec.structs.fields(GiftMap)}, table


def test_every_form_and_every_reason_is_on_the_page() -> None:
    forms = next(f for f in msgspec.structs.fields(GiftMap) if f.name == "form").type
    for word in (*forms.__args__, *REASONS):
        assert f"`{word}`" in PAGE, word
