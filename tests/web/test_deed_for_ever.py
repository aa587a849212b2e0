"""/d/<number> answers something true for every number, for ever."""

import re

import pytest

from tests.cast import BOB
from tests.web.conftest import Site


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_a_number_not_yet_given_is_told_how_far_the_log_is(site: Site) -> None:
    number = site.house.give(2000)
    html = text(site.text(f"/d/{number + 1}", status=404))
    assert f"还没有第 {number + 1} 条：账本现在有 {number + 1} 条" in html
    assert site.get(f"/d/{number + 1}.tlog-proof").status_code == 404
    later = site.house.give(3000, person=BOB)
    assert later == number + 1
    assert f"第 {later} 条，等待下一次签名" in text(site.text(f"/d/{later}"))
    assert site.get(f"/d/{later}.tlog-proof").status_code == 404, "settled, not yet published"
    site.publish()
    assert f"已写入公示账本 第 {later} 条" in text(site.text(f"/d/{later}"))
    assert site.get(f"/d/{later}.tlog-proof").status_code == 200


@pytest.mark.parametrize(
    "path", ["/d/999999999999999", "/d/01", "/d/-1", "/d/1e3", "/d/9" + "9" * 15]
)
def test_a_number_that_nobody_will_write_so_is_not_found(site: Site, path: str) -> None:
    site.text(path, status=404)


def test_entries_of_every_kind_are_published_at_their_number(site: Site) -> None:
    number = site.house.give(2000)
    site.house.give(100, "no-such-project")
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    site.house.instruct("seal", campaign="day")
    site.publish()
    for entry in site.house.entries():
        shown = text(site.text(f"/d/{entry['n']}"))
        assert f"已写入公示账本 第 {entry['n']} 条" in shown, entry["k"]
        proof = site.get(f"/d/{entry['n']}.tlog-proof").content.decode()
        assert f"\nindex {entry['n']}\n" in proof


def test_what_was_published_stays_though_the_database_is_older(site: Site) -> None:
    kept = site.house.give(2000)
    lost = site.house.give(3000, person=BOB)
    site.publish()
    before = site.get(f"/d/{lost}.tlog-proof").content
    site.house.settle_connection.rollback()
    forget(site, lost)
    html = text(site.text(f"/d/{lost}"))
    assert f"已写入公示账本 第 {lost} 条" in html
    assert "¥30.00" in html
    assert site.get(f"/d/{lost}.tlog-proof").content == before
    assert site.get(f"/d/{kept}").status_code == 200
    assert "账本现在有" in text(site.text(f"/d/{lost + 1}", status=404))


def forget(site: Site, first: int) -> None:
    """Take the database back to before entry `first`, as a restored backup is."""
    import psycopg  # noqa: PLC0415 - only here, as its owner

    from jusha.config.postgres import database_url  # noqa: PLC0415 - as above
    from tests.home import HOME  # noqa: PLC0415 - as above

    url = database_url("owner", HOME, site.house.database)
    with psycopg.connect(url, autocommit=True) as owner:
        for table, column in (("tlog_entries", "first"), ("giving_deed", "number")):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            owner.execute(f"DELETE FROM {table} WHERE {column} >= %s", (first,))
