"""What browsers report counts as a report, bounded by address and day; evidence proves itself."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from jusha.merkle.tree import leaf_hashes, root
from jusha.tlog import rechecks
from jusha.tlog.evidence import judged
from jusha.web import limits
from jusha.web.limits import A_DAY, A_MINUTE, Limits, address_of
from jusha.web.views import kept
from tests.merkle import logs
from tests.web.conftest import Site

OWN = {"sec-fetch-site": "same-origin"}
NOON = 1_795_406_400


@pytest.fixture(autouse=True)
def unused_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LIMITS", Limits())


def post(site: Site, body: Any, path: str = "/kept/report", **more: Any) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body)
    more = {"headers": OWN, "content_type": "application/json"} | more
    return int(Client(enforce_csrf_checks=True).post(path, data, **more).status_code)


def counted(site: Site) -> list[tuple[Any, ...]]:
    return site.house.web.execute(
        "SELECT day, reports, checked, missing FROM tlog_rechecks ORDER BY day"
    ).fetchall()


# --- reports --------------------------------------------------------------------------------------


def test_reports_of_a_day_are_one_row_of_sums(site: Site) -> None:
    assert post(site, {"checked": 20, "missing": 0}) == 204
    assert post(site, {"checked": 3, "missing": 1}) == 204
    [(_, reports, checked, missing)] = counted(site)
    assert (reports, checked, missing) == (2, 23, 1)
    cache.clear()
    html = site.text("/")
    assert "核对 23 张凭证，缺 1 张" in html
    assert 'href="/receipts#counted"' in html


def test_home_says_so_when_nobody_reported(site: Site) -> None:
    assert "今天还没有访客的浏览器回报核对结果。" in site.text("/")


@pytest.mark.parametrize(
    "body",
    [
        {"checked": 0, "missing": 0}, {"checked": 21, "missing": 0}, {"checked": 2, "missing": 3},
        {"checked": 2, "missing": -1}, {"checked": True, "missing": 0},
        {"checked": 1.0, "missing": 0},
        {"checked": "1", "missing": 0}, {"checked": 1},
        {"checked": 1, "missing": 0, "n": 7}, [1, 0],
        b"", b"{", b"[" * 150, b'{"checked": 1, "missing": 0}' + b" " * 200,
    ],
)  # fmt: skip
def test_anything_but_two_small_numbers_is_refused(site: Site, body: Any) -> None:
    assert post(site, body) == 400
    assert counted(site) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://elsewhere.example"},
        {"origin": "null"},
        {},
    ],
)
def test_only_pages_of_this_site_report(site: Site, headers: dict[str, str]) -> None:
    assert post(site, {"checked": 1, "missing": 0}, headers=headers) == 400
    assert counted(site) == []


def test_a_browser_that_tells_no_fetch_site_is_known_by_its_origin(site: Site) -> None:
    told = {"origin": "http://testserver"}
    assert post(site, {"checked": 1, "missing": 0}, headers=told) == 204
    one = {"checked": 1, "missing": 0}
    assert post(site, one, headers=told, content_type="text/plain") == 400
    assert Client().get("/kept/report").status_code == 405


def test_an_address_may_report_so_much_a_minute_and_no_more(site: Site) -> None:
    body = {"checked": 1, "missing": 0}
    answers = [post(site, body) for _ in range(A_MINUTE + 2)]
    assert answers.count(204) <= A_MINUTE * 2, "at most two minutes can have been met"
    assert counted(site)[0][1] == answers.count(204)
    assert post(site, body, REMOTE_ADDR="192.0.2.7") == 204


# --- limits ---------------------------------------------------------------------------------------


def test_limits_count_by_minute_by_day_and_by_network() -> None:
    found = Limits()

    def take(address: str, receipts: int = 1, *, at: int = NOON, day: int = 1) -> bool:
        return found.take(address, receipts, now_s=at, day=day)

    assert all(take("192.0.2.1") for _ in range(A_MINUTE))
    assert not take("192.0.2.1")
    assert take("192.0.2.2")
    assert take("192.0.2.1", at=NOON + 60)
    assert take("::ffff:192.0.2.9", A_DAY)
    assert not take("192.0.2.9", at=NOON + 120)
    assert take("192.0.2.9", at=NOON + 120, day=2), "a new day counts anew"
    assert take("2001:db8::1", A_DAY, day=2)
    assert not take("2001:db8::ffff:1", day=2)
    assert take("2001:db8:0:1::1", day=2)
    assert take("no address at all", day=2)


def test_no_address_is_kept_and_no_more_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESSES_MAX", 3)
    found = Limits()
    assert [found.take(f"192.0.2.{n}", 1, now_s=NOON, day=1) for n in range(5)] == [
        True, True, True, False, False
    ]  # fmt: skip
    first = set(found._used)
    assert all(len(name) == 8 for name in first)
    for n in range(3):
        found.take(f"192.0.2.{n}", 1, now_s=NOON, day=2)
    assert not first & set(found._used), "another day's key makes other names"


def test_the_address_behind_our_own_proxies_is_the_one_they_saw() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.1, 10.0.0.2"}
    assert address_of(meta, proxy_hops=0) == "10.0.0.1"
    assert address_of(meta, proxy_hops=1) == "10.0.0.2"
    assert address_of(meta, proxy_hops=2) == "192.0.2.1"
    assert address_of(meta, proxy_hops=9) == "10.0.0.1"
    assert address_of({"REMOTE_ADDR": "10.0.0.1"}, proxy_hops=1) == "10.0.0.1"


# --- evidence -------------------------------------------------------------------------------------


def fork(**more: Any) -> dict[str, Any]:
    """Two signed trees of one size."""
    one, other = (
        logs.small_log((*(logs.leaf(n) for n in range(4)), logs.leaf(4, amt=amount)), cosigners=())
        for amount in (1, 2)
    )
    assert root(leaf_hashes(one.entries)) != root(leaf_hashes(other.entries))
    return {
        "format": "jusha-evidence/v1", "kind": "same-size", "log": logs.LOG.vkey.text,
        "found": "2026-11-23T01:00Z", "older": one.checkpoint.decode(),
        "newer": other.checkpoint.decode(),
    } | more  # fmt: skip


@pytest.fixture
def accused(site: Site) -> Site:
    """The site with the key of the log that signed the fork."""
    public = site.log_folder / "public"
    public.mkdir(parents=True)
    (public / "vkey").write_text(f"{logs.LOG.vkey.text}\n")
    return site


def files(site: Site) -> list[str]:
    return sorted(path.name for path in (site.log_folder / "public" / "evidence").glob("*"))


def test_evidence_that_holds_is_shown_once_whoever_hands_it_in(accused: Site) -> None:
    assert post(accused, fork(), "/kept/evidence") == 204
    swapped = fork(extra="<script>") | {"older": fork()["newer"], "newer": fork()["older"]}
    assert post(accused, swapped, "/kept/evidence") == 204
    assert len(files(accused)) == 1
    kept_ = (accused.log_folder / "public" / "evidence" / files(accused)[0]).read_text()
    assert "script" not in kept_
    assert judged("", kept_.encode(), log_key=logs.LOG.vkey).is_proven


@pytest.mark.parametrize(
    "change",
    [
        {"newer": fork()["older"]},
        {"kind": "withheld", "why": "x"},
        {"older": fork()["older"].replace("\n5\n", "\n6\n")},
        {"format": "other"},
        {"newer": 7},
    ],
    ids=["one tree", "withheld", "unsigned", "format", "number"],
)
def test_what_proves_nothing_is_not_kept(accused: Site, change: dict[str, Any]) -> None:
    assert post(accused, fork(**change), "/kept/evidence") == 422
    assert files(accused) == []


def test_evidence_is_bounded_in_bytes_and_in_number(accused: Site) -> None:
    assert post(accused, fork(pad="x" * 70_000), "/kept/evidence") == 400
    folder = accused.log_folder / "public" / "evidence"
    folder.mkdir()
    for n in range(50):
        (folder / f"{n}.json").write_text("{}")
    assert post(accused, fork(), "/kept/evidence") == 507
    assert len(files(accused)) == 50


def test_a_log_that_has_no_key_yet_has_no_evidence_against_it(site: Site) -> None:
    assert post(site, fork(), "/kept/evidence") == 422


def test_a_local_day_is_its_date() -> None:
    assert rechecks.date_of(0) == date(1970, 1, 1)
    now = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert rechecks.date_of((int(now.timestamp()) + 28_800) // 86_400) == date(2026, 11, 23)
