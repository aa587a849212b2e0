"""A browser keeps the receipts of its gifts and checks them on every visit: what it finds, it
shows; what it cannot fetch, it does not call a fault."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, Route, expect

from jusha.merkle import note, tree
from jusha.merkle.checkpoint import Checkpoint, format_checkpoint
from jusha.merkle.tiles import grow
from jusha.web import live_files
from jusha.web.assets import asset
from jusha.web.tell import Teller
from tests.cast import BOOKS
from tests.merkle import logs
from tests.web.chromium import MARKS, SIZES
from tests.web.conftest import Site

pytestmark = MARKS
ALONE = f"log {logs.LOG.vkey.text}\nquorum none\n"
WITNESSED = (
    f"log {logs.LOG.vkey.text}\nwitness university {logs.UNIVERSITY.vkey.text}\nquorum university\n"
)
Entries = tuple[bytes, ...]


def entries(count: int, **changed: bytes) -> Entries:
    found = [logs.leaf(n) for n in range(count)]
    for place, entry in changed.items():
        found[int(place[1:])] = entry
    return tuple(found)


class Log:
    """The public folder of a log, written at will: an operator who may do anything."""

    def __init__(self, site: Site) -> None:
        self.public = site.log_folder / "public"
        self.put("vkey", f"{logs.LOG.vkey.text}\n".encode())
        self.put("policy", ALONE.encode())

    def put(self, name: str, data: bytes) -> None:
        path = self.public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def show(
        self, shown: Entries, *, witnesses: tuple[note.Cosigner, ...] = (), signed: Entries = ()
    ) -> logs.SmallLog:
        """Publish these entries; sign them, or `signed` ones instead."""
        for name, data in grow(old_size=0, entries=shown, read_tile=lambda _: None).files.items():
            self.put(name, data)
        log = logs.small_log(signed or shown, cosigners=witnesses)
        self.put("checkpoint", log.checkpoint)
        self.put(f"checkpoints/{len(log.entries)}", log.checkpoint)
        return log


class Visitor:
    """A browser on the page of its receipts."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def open(self) -> None:
        self.page.goto(f"{self.address}/receipts")

    def hold(self, number: int, text: str) -> None:
        """Put a receipt into the browser as the page of a gift does."""
        self.page.evaluate(
            "([n, text, module]) => import(module).then((store) => store.keep(n, text))",
            [number, text, f"/assets/{digest('store.js')}/store.js"],
        )
        self.open()

    def check(self) -> str:
        """Press the button; return the word under which the look ended."""
        self.page.click("#check")
        self.page.wait_for_selector("#checking [data-word=busy]", state="hidden")
        shown = self.page.locator("#checking [data-word]:visible")
        return str(shown.get_attribute("data-word"))

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(
            "JSON.parse(localStorage.getItem('jusha.kept.v1') ?? '{}')"
        )
        return found

    @property
    def troubles(self) -> list[str]:
        return [each["kind"] for each in self.state.get("troubles", [])]

    def verdicts(self) -> list[str]:
        self.open()
        found: list[str] = self.page.eval_on_selector_all(
            "#receipts > li", "all => all.map(e => e.dataset.state)"
        )
        return found

    def sees_alarm(self, path: str = "/") -> bool:
        self.page.goto(self.address + path)
        return self.page.locator(".kept-trouble").is_visible()


def digest(name: str) -> str:
    found = asset(name)
    assert found is not None
    return found.digest


@pytest.fixture
def log(site: Site, address: str) -> Log:
    return Log(site)


@pytest.fixture
def visitor(address: str, chromium: Browser) -> Iterator[Visitor]:
    context = chromium.new_context(locale="zh-CN", viewport=SIZES[0], accept_downloads=True)
    page = context.new_page()
    # Looks happen when a test asks for them, and not when the browser is idle.
    page.add_init_script("window.requestIdleCallback = () => 0")
    visitor = Visitor(page, address)
    visitor.open()
    yield visitor
    context.close()


@pytest.fixture
def donor(log: Log, visitor: Visitor) -> Visitor:
    """One who holds the receipt of entry 3 of five, and has checked it once."""
    visitor.hold(3, log.show(entries(5)).shared(3).decode())
    assert visitor.check() == "done"
    assert visitor.verdicts() == ["there"]
    return visitor


def reports(site: Site) -> list[tuple[int, int, int]]:
    return site.house.web.execute("SELECT reports, checked, missing FROM tlog_rechecks").fetchall()


# --- keeping --------------------------------------------------------------------------------------


def test_a_gift_is_kept_where_it_is_proven_and_checked_on_the_next_visit(
    site: Site, address: str, cashier: str, chromium: Browser
) -> None:
    context = chromium.new_context(locale="zh-CN", viewport=SIZES[0])
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/p/{BOOKS}/donate?campaign=day")
    page.check("input[value='7000']")
    page.get_by_role("button", name="去付款").click()
    page.wait_for_url(lambda url: cashier in url)
    query = parse_qs(urlsplit(page.url).query)
    site.house.settle()
    number = site.house.give(7000, "", order=int(query["order"][0]), campaign="")
    site.publish()
    with page.expect_response("**/kept/report", timeout=60_000) as told:  # when it is idle
        page.goto(query["back"][0])
        page.wait_for_selector("text=这张凭证也留在了您的这个浏览器里")
    assert told.value.status == 204
    kept = page.evaluate("JSON.parse(localStorage.getItem('jusha.kept.v1')).receipts")
    assert [each["n"] for each in kept] == [number]
    assert "private" not in kept[0]["text"]
    assert reports(site) == [(1, 1, 0)]
    cache.clear()
    page.goto(address)
    expect(page.locator(".audited")).to_contain_text("核对 1 张凭证，缺 0 张")
    assert all(url.startswith(address) or cashier in url for url in asked)
    context.close()


def test_a_stranger_to_the_order_keeps_nothing(site: Site, address: str, visitor: Visitor) -> None:
    site.house.send(order := site.house.order(3000), lane="web")
    site.house.settle()
    site.house.give(3000, "", order=order.no, campaign="")
    site.publish()
    visitor.page.goto(f"{address}/o/{order.no}")
    expect(visitor.page.locator("[data-keep]")).to_have_count(0)


def test_the_newest_twenty_are_kept_and_keeping_can_be_switched_off(
    log: Log, visitor: Visitor
) -> None:
    small = log.show(entries(25))
    for number in range(22):
        visitor.hold(number, small.shared(number).decode())
    assert [each["n"] for each in visitor.state["receipts"]] == list(range(21, 1, -1))
    visitor.page.get_by_role("button", name="删除", exact=True).first.click()
    assert len(visitor.state["receipts"]) == 19
    visitor.page.get_by_role("button", name="全部删除").click()
    assert visitor.state["receipts"] == []
    visitor.page.uncheck("#keeping")
    visitor.hold(3, small.shared(3).decode())
    assert visitor.state["receipts"] == []


def test_a_downloaded_receipt_is_the_kept_one_and_can_be_put_back(
    donor: Visitor, tmp_path: Path
) -> None:
    text = donor.state["receipts"][0]["text"]
    with donor.page.expect_download() as download:
        donor.page.get_by_role("button", name="下载", exact=True).click()
    download.value.save_as(tmp_path / "one.tlog-proof")
    assert (tmp_path / "one.tlog-proof").read_text() == text
    donor.page.get_by_role("button", name="全部删除").click()
    donor.page.set_input_files("#add", tmp_path / "one.tlog-proof")
    donor.page.wait_for_selector("#receipts > li")
    (tmp_path / "no").write_text("not a proof")
    donor.page.set_input_files("#add", tmp_path / "no")
    donor.page.wait_for_selector("#not-a-proof", state="visible")
    assert [each["text"] for each in donor.state["receipts"]] == [text]


def test_a_browser_that_refuses_storage_is_told_so(address: str, chromium: Browser) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused') } })"
    )
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{address}/receipts")
    page.wait_for_selector("text=这个浏览器不让网站留东西（")
    page.goto(address)
    assert wrong == []
    context.close()


def test_without_javascript_nothing_is_missing(address: str, chromium: Browser) -> None:
    context = chromium.new_context(locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/receipts")
    assert page.locator("noscript .note").bounding_box() is not None
    expect(page.get_by_text("怎么数的")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("今天还没有访客的浏览器回报核对结果。")).to_be_visible()
    expect(page.locator(".today strong")).to_be_visible()
    expect(page.get_by_text("数字停在")).not_to_be_visible()
    context.close()


# --- checking -------------------------------------------------------------------------------------


def test_a_receipt_is_found_again_in_a_log_that_grew(donor: Visitor, log: Log) -> None:
    log.show(entries(700))
    assert donor.check() == "done"
    assert donor.verdicts() == ["there"]
    assert donor.state["seen"]["size"] == 700
    assert not donor.sees_alarm()


def test_one_changed_bit_is_not_proven_and_is_no_fault_of_the_log(
    donor: Visitor, site: Site, log: Log
) -> None:
    donor.page.evaluate(
        """() => {
          const state = JSON.parse(localStorage.getItem('jusha.kept.v1'));
          const text = state.receipts[0].text;
          const at = text.indexOf('extra ') + 20;
          const flipped = String.fromCharCode(text.charCodeAt(at) ^ 1);
          state.receipts[0].text = text.slice(0, at) + flipped + text.slice(at + 1);
          state.receipts[0].told = undefined;
          localStorage.setItem('jusha.kept.v1', JSON.stringify(state));
        }"""
    )
    told = reports(site)
    donor.open()
    assert donor.check() == "done"
    assert donor.verdicts() == ["unproven"]
    expect(donor.page.get_by_text("未证明：这张凭证自己验不过")).to_be_visible()
    assert donor.troubles == []
    assert reports(site) == told, "it counts neither as checked nor as missing"


def test_a_checkpoint_that_went_back_is_shown_until_it_is_there_again(
    donor: Visitor, log: Log
) -> None:
    log.show(entries(9))
    assert donor.check() == "done"
    newer = (log.public / "checkpoint").read_bytes()
    log.put("checkpoint", (log.public / "checkpoints/5").read_bytes())
    assert donor.check() == "trouble"
    assert donor.troubles == ["shorter"]
    assert donor.sees_alarm()
    donor.open()
    expect(donor.page.get_by_text("这个浏览器见过 9 条，现在网站只给出 5 条")).to_be_visible()
    with donor.page.expect_download() as download:
        donor.page.get_by_role("button", name="下载以前的").click()
    assert Path(download.value.path()).read_bytes() == newer
    log.put("checkpoint", newer)
    assert donor.check() == "done"
    assert not donor.sees_alarm()


def test_two_trees_of_one_size_are_evidence_that_the_visitor_can_hand_in(
    donor: Visitor, site: Site, log: Log
) -> None:
    log.show(entries(5, n4=logs.leaf(4, amt=1)))
    assert donor.check() == "trouble"
    assert donor.troubles == ["fork"]
    assert donor.sees_alarm("/log")
    donor.open()
    donor.page.get_by_role("button", name="把证据交给本站公开").click()
    donor.page.wait_for_selector("text=收到了，已经放在公示账本的页面上。")
    files = list((log.public / "evidence").glob("*.json"))
    assert len(files) == 1
    assert json.loads(files[0].read_text())["kind"] == "same-size"
    donor.page.goto(f"{donor.address}/log")
    assert files[0].name in donor.page.content()


def test_a_longer_tree_that_changed_the_past_is_proven_by_what_this_browser_kept(
    donor: Visitor, site: Site, log: Log
) -> None:
    log.show(entries(700))
    assert donor.check() == "done"
    log.show(entries(900, n610=logs.leaf(610, amt=1)))
    assert donor.check() == "trouble"
    found = donor.state["troubles"][0]
    assert (found["kind"], found["evidence"]["kind"]) == ("fork", "diverging")
    donor.open()
    donor.page.get_by_role("button", name="把证据交给本站公开").click()
    donor.page.wait_for_selector("text=收到了，已经放在公示账本的页面上。")
    assert donor.state["seen"]["size"] == 700, "what was seen first stays"


def test_a_smaller_tree_that_contradicts_the_one_seen_is_a_fork_and_not_only_shorter(
    donor: Visitor, log: Log
) -> None:
    log.show(entries(700))
    assert donor.check() == "done"
    other = logs.small_log(entries(300, n299=logs.leaf(299, amt=1)), cosigners=())
    for name, data in grow(
        old_size=256, entries=other.entries[256:], read_tile=lambda _: None
    ).files.items():
        if ".p/" in name:
            log.put(name, data)
    log.put("tile/1/000.p/1", tree.root(tree.leaf_hashes(other.entries[:256])))
    log.put("checkpoint", other.checkpoint)
    assert donor.check() == "trouble"
    assert donor.troubles == ["fork"]


def test_another_entry_in_the_receipts_place_is_missing_and_is_reported(
    donor: Visitor, site: Site, log: Log
) -> None:
    donor.page.evaluate(
        """() => {
          const state = JSON.parse(localStorage.getItem('jusha.kept.v1'));
          Object.assign(state, { seen: null });
          state.receipts[0].told = undefined;
          localStorage.setItem('jusha.kept.v1', JSON.stringify(state));
        }"""
    )
    log.show(entries(8, n3=logs.leaf(3, amt=1)))
    assert donor.check() == "trouble"
    assert donor.troubles == ["missing"]
    assert donor.verdicts() == ["missing"]
    assert sum(missing for _, _, missing in reports(site)) == 1
    cache.clear()
    assert donor.sees_alarm("/")
    expect(donor.page.locator(".audited")).to_contain_text("缺 1 张")
    expect(donor.page.get_by_text("缺是什么意思，怎么办")).to_be_visible()


def test_tiles_that_lie_below_the_root_do_not_pass(donor: Visitor, log: Log) -> None:
    """The tiles of the old tree with the checkpoint and the upper tiles of another one."""
    log.show(entries(300))
    assert donor.check() == "done"
    changed = entries(3_000, n299=logs.leaf(299, amt=1))
    log.show(changed)
    old = grow(old_size=0, entries=entries(512), read_tile=lambda _: None).files
    log.put("tile/0/001", old["tile/0/001"])
    assert donor.check() == "trouble"
    assert donor.troubles == ["tiles"]


def test_a_file_of_somebody_else_or_none_at_all_is_no_finding(
    donor: Visitor, log: Log, address: str
) -> None:
    def sign_in(route: Route) -> None:
        route.fulfill(body="<html>sign in to this network</html>", content_type="text/html")

    answers: dict[str, Any] = {
        "away": lambda route: route.abort(),
        "busy": lambda route: route.fulfill(status=503, body=""),
        "gone": lambda route: route.fulfill(status=404, body=""),
        "captive": sign_in,
    }
    for pattern in ("**/log/checkpoint", "**/log/policy", "**/log/tile/**"):
        log.show(entries(6 + len(pattern)))
        for name, answer in answers.items():
            if name == "gone" and "checkpoint" not in pattern:
                continue  # a log may have no policy; one that does not serve its tiles owes them
            if name == "captive" and "tile" in pattern:
                continue  # as above
            donor.page.route(pattern, answer)
            assert donor.check() == "away", (pattern, name)
            donor.page.unroute(pattern)
    assert donor.troubles == []
    donor.page.context.set_offline(True)
    assert donor.check() == "away"
    donor.page.context.set_offline(False)
    assert donor.troubles == []


def test_a_checkpoint_that_another_key_signed_is_shown(donor: Visitor, log: Log) -> None:
    other = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("another"))
    text = format_checkpoint(Checkpoint(logs.ORIGIN, 9, bytes(32)))
    log.put("checkpoint", note.sign_note(text, signers=[other]))
    assert donor.check() == "trouble"
    assert donor.troubles == ["unsigned"]
    log.show(entries(9))
    assert donor.check() == "done"
    assert donor.troubles == []


def test_another_key_is_believed_only_when_the_visitor_says_so(donor: Visitor, log: Log) -> None:
    other = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("another"))
    log.put("policy", f"log {other.vkey.text}\nquorum none\n".encode())
    log.show(entries(9))
    log.put("checkpoint", logs.small_log(entries(9), signers=(other,), cosigners=()).checkpoint)
    assert donor.check() == "trouble"
    assert donor.troubles == ["key"]
    donor.open()
    donor.page.get_by_role("button", name="以后信任新的").click()
    assert donor.check() == "done"
    assert donor.verdicts() == ["unproven"], "the old key's receipt is not the new key's"


# --- witnesses ------------------------------------------------------------------------------------


def test_the_newest_witnessed_checkpoint_counts_and_a_late_witness_is_no_fault(
    log: Log, visitor: Visitor
) -> None:
    log.put("policy", WITNESSED.encode())
    small = log.show(entries(5))
    visitor.hold(3, small.shared(3).decode())
    assert visitor.check() == "waiting"
    assert visitor.verdicts() == ["new"]
    log.show(entries(5), witnesses=(logs.UNIVERSITY,))
    assert visitor.check() == "done"
    log.put("witnesses.json", json.dumps({"witnesses": [{"cosigned_size": 7}]}).encode())
    log.show(entries(7), witnesses=(logs.UNIVERSITY,))
    log.show(entries(9))
    assert visitor.check() == "done"
    assert visitor.state["seen"]["size"] == 7, "nine are signed, seven are witnessed"
    assert visitor.troubles == []


def test_a_policy_that_asks_for_less_is_not_taken_in_silence(log: Log, visitor: Visitor) -> None:
    log.put("policy", WITNESSED.encode())
    small = log.show(entries(5), witnesses=(logs.UNIVERSITY,))
    visitor.hold(3, small.shared(3).decode())
    assert visitor.check() == "done"
    log.put("policy", ALONE.encode())
    log.show(entries(8))
    assert visitor.check() == "trouble"
    assert visitor.troubles == ["policy"]
    assert visitor.state["trust"] == WITNESSED
    visitor.open()
    visitor.page.get_by_role("button", name="以后信任新的").click()
    assert visitor.check() == "done"


# --- the tree -------------------------------------------------------------------------------------


def test_the_browsers_tree_agrees_with_ours_at_every_size(visitor: Visitor) -> None:
    most = 66_000
    leaves = tree.leaf_hashes([b"%d" % n for n in range(most)])
    files = grow(old_size=0, entries=[b"%d" % n for n in range(most)], read_tile=lambda _: None)
    tiles = {name: list(data) for name, data in files.files.items() if "entries" not in name}
    code = """async ([module, tiles, size, root, asked]) => {
      const { Tree, partsOf, fold } = await import(module);
      const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
      const hex = (all) => Array.from(all, (b) => b.toString(16).padStart(2, "0")).join("");
      const read = async (path) => (tiles[path] ? Uint8Array.from(tiles[path]) : null);
      const tree = new Tree(read, size, bytes(root));
      const found = [];
      for (const older of asked) found.push(hex(fold(await tree.parts(older))));
      const last = await tree.proven([asked[0] - 1, asked[0]]);
      return [found, hex(last.hash)];
    }"""
    module = f"/assets/{digest('tree.js')}/tree.js"
    asked = [most, 1, 2, 3, 255, 256, 257, 511, 65_535, 65_536, 65_537, 65_900]
    found, last = visitor.page.evaluate(code, [module, tiles, most, tree.root(leaves).hex(), asked])
    assert found == [tree.root(leaves[:size]).hex() for size in asked]
    assert last == leaves[-1].hex()


# --- live numbers ---------------------------------------------------------------------------------


@pytest.fixture
def begun(address: str) -> datetime:
    """The teller has told once, and then died."""
    now = datetime.now(UTC)
    Teller().tell(now)
    return now


def test_live_numbers_move_say_so_and_stand_still_when_their_teller_is_dead(
    address: str, begun: datetime, chromium: Browser
) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.clock.install()
    page.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => document.querySelector('[data-live]')"
        "?.addEventListener('jusha:numbers', (event) => { window.moved = event.detail }))"
    )
    page.goto(address)
    shown = page.locator(".today strong")
    expect(shown).to_have_text("1")
    older = (live_files.folder() / "today.zh-hans.html").read_text()
    moved = older.replace("<strong>1<", "<strong>7<")
    moved = re.sub(r'data-at="\d+"', f'data-at="{int(begun.timestamp()) + 60}"', moved)
    moved = moved.replace("&quot;deeds&quot;: 1", "&quot;deeds&quot;: 7")
    live_files.write("today.zh-hans.html", moved.encode())
    with page.expect_response("**/live/today.zh-hans.html"):
        page.clock.run_for(5_000)
    page.wait_for_selector(".today strong:text-is('7')")
    assert page.evaluate("[moved.before.deeds, moved.after.deeds]") == [1, 7]
    live_files.write("today.zh-hans.html", older.encode())  # an older file never takes its place
    with page.expect_response("**/live/today.zh-hans.html"):
        page.clock.run_for(5_000)
    expect(shown).to_have_text("7")
    with page.expect_response("**/live/today.zh-hans.html"):
        page.clock.run_for(12_000)
    page.get_by_text("数字停在").wait_for(state="visible")
    context.close()
