"""The report shows every number and every difference, and mends nothing."""

from datetime import UTC, datetime
from io import BytesIO

import pytest

from jusha.giving.daily_report import (
    CampaignUnknownError,
    campaign_days,
    labelled_days,
    render,
)
from jusha.giving.gift_maps import read_map
from jusha.giving.published_tables import (
    Cell,
    Columns,
    PublishedRefusedError,
    read_published,
    steps,
)
from jusha.inbox.envelopes import NO_PERSON
from tests.cast import House

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
COLUMNS = Columns("day", "n", "yuan", "all")


def noon(day: int) -> int:
    """Noon in Shanghai of a day of March 2026."""
    return int(datetime(2026, 3, day, 4, tzinfo=UTC).timestamp())


def furnished(house: House) -> None:
    """Two gifts on the first of March, one on the second, by their own times."""
    house.furnish(channel={"clock": "file"})
    for amount, day in ((12_345, 1), (5_000, 1), (50, 2)):
        house.give(amount, person=bytes(range(16)), paid_at=noon(day))


def lines_of(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    section = text.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_days_are_summed_by_the_gifts_own_shanghai_day(house: House) -> None:
    furnished(house)
    late = int(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC).timestamp())
    house.give(1, paid_at=late, person=NO_PERSON)
    house.give(2, paid_at=late + 1, person=NO_PERSON)
    text = render(campaign_days(house.web, code="day"), now=NOW)
    assert lines_of(text, "As settled") [:3] == [
        ["2026-03-01", "3", "173.46", "2", "173.45", "0.00"],
        ["2026-03-02", "2", "0.52", "0", "0.00", "0.00"],
        ["**all**", "5", "173.98", "2", "173.45", "0.00"],
    ]  # fmt: skip


def test_held_money_is_told_beside_the_days(house: House) -> None:
    furnished(house)
    house.give(777, project="shan-nowhere", paid_at=noon(1))
    text = render(campaign_days(house.web, code="day"), now=NOW)
    assert "Held in suspense in these channels: 1 deeds, 7.77 yuan. Cases: 1." in text
    assert lines_of(text, "As settled")[0][:3] == ["2026-03-01", "2", "173.45"]


def test_every_published_number_stands_beside_ours_with_the_difference(house: House) -> None:
    furnished(house)
    table = "day,n,yuan,all\n2026-03-01,3,173.45,1000\n2026-03-02,,1.00,1001.5\n2026-03-03,,,\n"
    published = read_published(table.splitlines(), COLUMNS)
    text = render(campaign_days(house.web, code="day"), now=NOW, published=published, shifts=(0, 1))
    assert lines_of(text, "The published table by itself") == [
        ["2026-03-01", "3", "173.45", "1000", "—", "—"],
        ["2026-03-02", "—", "1.00", "1001.5", "1.50", "-0.50"],
        ["2026-03-03", "—", "—", "—", "—", "—"],
    ]
    assert lines_of(text, "Beside the published table: same day") == [
        ["2026-03-01", "2026-03-01", "2", "3", "-1", "173.45", "173.45", "0.00", "—", "—"],
        ["2026-03-02", "2026-03-02", "1", "—", "—", "0.50", "1.00", "-0.50", "1.50", "-1.00"],
        ["2026-03-03", "2026-03-03", "—", "—", "—", "—", "—", "—", "—", "—"],
    ]
    shifted = lines_of(text, "Beside the published table: table's label +1 day")
    assert shifted[1][:5] == ["2026-03-01", "2026-03-02", "2", "—", "—"]
    assert shifted[0][:5] == ["2026-02-28", "2026-03-01", "—", "3", "-3"]


def test_the_files_own_days_are_held_against_the_gifts_own_times(house: House) -> None:
    furnished(house)
    given = read_map(
        b'channel="partner"\n[project]\ncode="x"\n[id]\ncolumns=["id"]\n'
        b'[time]\ncolumn="t"\n[amount]\ncolumn="fen"\nunit="fen"\n'
    )
    file = (
        b"id,label,t,fen\na,2026-03-01,2026-03-01T12:00:00+08:00,12345\n"
        b"b,2026-03-02,2026-03-01T23:59:00+08:00,5000\nc,2026-03-02,2026-03-02T12:00:00+08:00,50\n"
        b"d,2026-03-02,never,50\n"
    )
    labelled = labelled_days(BytesIO(file), given=given, day_column="label", now=NOW)
    text = render(campaign_days(house.web, code="day"), now=NOW, labelled=labelled)
    assert lines_of(text, "Beside the file's own column `label`") == [
        ["2026-03-01", "2", "1", "+1", "173.45", "123.45", "+50.00"],
        ["2026-03-02", "1", "2", "-1", "0.50", "50.50", "-50.00"],
        # the moved rows' table follows
        ["line", "label", "own time, Shanghai", "amount"],
        ["---", "---:", "---:", "---:"],
        ["3", "2026-03-02", "2026-03-01 23:59:00", "50.00"],
    ]
    assert "1 rows carry another day" in text
    assert "1 rows of the file were not readable" in text


def test_numbers_that_are_not_exact_in_fen_are_shown_and_not_computed_with() -> None:
    table = ["day,n,yuan,all", "2026-03-01,1.5,0.005,about 3"]
    (line,) = read_published(table, COLUMNS)
    assert (line.count, line.sum) == (Cell("1.5", None), Cell("0.005", None))
    assert line.cumulative == Cell("about 3", None)
    assert steps([line]) == {}


def test_a_published_table_that_cannot_be_read_is_refused_in_words() -> None:
    with pytest.raises(PublishedRefusedError, match="no column n, yuan, all; it has: day"):
        read_published(["day"], COLUMNS)
    with pytest.raises(PublishedRefusedError, match=r"line 2: '1\.3\.26' is not a day"):
        read_published(["day", "1.3.26"], Columns("day"))
    with pytest.raises(PublishedRefusedError, match="do not rise"):
        read_published(["day", "2026-03-02", "2026-03-01"], Columns("day"))


def test_a_campaign_nobody_knows_has_no_report(house: House) -> None:
    with pytest.raises(CampaignUnknownError, match="no campaign autumn"):
        campaign_days(house.web, code="autumn")
