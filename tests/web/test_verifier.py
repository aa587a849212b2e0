"""The browser verifier as visitors use it: from the site, and from a copy with the network off."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from jusha.merkle import commitment, note
from jusha.merkle.encoding import encode64
from jusha.web.verifier import verifier
from tests.merkle import logs
from tests.web.chromium import MARKS, SIZES, launched

pytestmark = MARKS
LOG = logs.small_log(tuple(logs.leaf(n) for n in range(6)))
OTHER_KEY = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("other")).vkey.text
PROVEN = "已证明：账本里有这条记录，一字未改。"
SLOW_ANSWERS = """() => {
    const importKey = crypto.subtle.importKey.bind(crypto.subtle);
    const answers = new Promise((go) => { window.answer = () => go(); });
    crypto.subtle.importKey = async (...all) => { await answers; return importKey(...all); };
}"""

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def one() -> Iterator[Browser]:
    """One Chromium for all of this file; no test in it asks the database."""
    with launched() as found:
        yield found


@pytest.fixture
def offline(one: Browser) -> Iterator[BrowserContext]:
    context = one.new_context(offline=True, locale="zh-CN", viewport=SIZES[0])
    context.on("weberror", lambda error: pytest.fail(str(error.error)))
    yield context
    context.close()


@pytest.fixture
def saved(offline: BrowserContext, tmp_path: Path) -> Open:
    """Opens a file with the network off; by default the verifier that believes LOG's key."""

    def open_file(
        text: str | bytes | None = None, name: str = "verify.html", hash_: str = ""
    ) -> Page:
        body = verifier(vkey=logs.LOG.vkey.text).body if text is None else text
        path = tmp_path / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        page = offline.new_page()
        page.goto(path.as_uri() + hash_)
        return page

    return open_file


def choose(page: Page, data: bytes, name: str = "jusha-3.tlog-proof") -> None:
    """Choose a file, as with the file picker, and wait for the verdict on it."""
    page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": data})
    page.wait_for_selector(f"#verdict .verdict-name:text-is('{name}')")


def believe(page: Page, trust: str) -> None:
    """Type whose signature to believe, and leave the field."""
    page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true; })")
    page.fill("#trust", trust)
    page.locator("#trust").blur()


def verdict(page: Page) -> str:
    """The sentence that a screen reader hears."""
    return page.locator("#verdict h2").inner_text()


def lied(**changes: Any) -> bytes:
    """Receipt 3 with something else in its record."""
    return LOG.proof(3, extra=commitment.share_extra(leaf=logs.leaf(3, **changes))).to_bytes()


def misplaced_opening() -> bytes:
    extra = {"leaf": {}, "private": logs.PRIVATE | {"name": "王芳"}, "r": encode64(logs.R)}
    raw = commitment.canonical_json(extra).replace(b"{}", logs.leaf(3), 1)
    return LOG.proof(3, extra=raw).to_bytes()


def with_other_path() -> bytes:
    lines = LOG.shared(3).split(b"\n")
    lines[3] = encode64(bytes(32)).encode()
    return b"\n".join(lines)


def test_what_the_browser_saved_after_use_works_again(saved: Open) -> None:
    page = saved()
    choose(page, LOG.kept(3))
    believe(page, OTHER_KEY)
    again = saved(page.content(), "saved.html")
    expect(again.locator("#result")).not_to_be_visible()
    expect(again.locator(".no-script")).not_to_be_visible()
    choose(again, LOG.shared(1), "jusha-1.tlog-proof")
    assert verdict(again) == PROVEN
    choose(again, lied(amt=200_000), "lie.tlog-proof")
    assert verdict(again).startswith("不能证明")


def test_a_single_file_that_cannot_run_says_what_to_do(saved: Open, tmp_path: Path) -> None:
    page = saved()
    session = page.context.new_cdp_session(page)
    archive = session.send("Page.captureSnapshot", {"format": "mhtml"})["data"]
    (tmp_path / "one.mhtml").write_text(archive, newline="")
    page.goto((tmp_path / "one.mhtml").as_uri())
    expect(page.get_by_text("这一页需要浏览器运行它的脚本")).to_be_visible()
    expect(page.get_by_text("选择凭证文件")).not_to_be_visible()


def test_without_javascript_the_page_says_what_to_do(one: Browser, tmp_path: Path) -> None:
    (tmp_path / "verify.html").write_bytes(verifier(vkey=logs.LOG.vkey.text).body)
    context = one.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((tmp_path / "verify.html").as_uri())
    notice = page.locator(".no-script")
    expect(notice).to_be_visible()
    for words in ("verify.py", logs.LOG.vkey.text, "Please allow JavaScript"):
        expect(notice).to_contain_text(words)
    context.close()


def test_the_command_shown_names_the_very_file(saved: Open) -> None:
    page = saved()
    command = page.locator("#command")
    key = f'--vkey "{logs.LOG.vkey.text}"'
    expect(command).to_have_text(f"python verify.py jusha-N.tlog-proof {key}")
    expect(page.locator("#which-file")).to_be_visible()
    choose(page, LOG.shared(3))
    expect(command).to_have_text(f"python verify.py jusha-3.tlog-proof {key}")
    choose(page, LOG.shared(3), 'my gift "$1.tlog-proof')
    expect(command).to_have_text(f'python verify.py "my gift \\"\\$1.tlog-proof" {key}')
    page.get_by_text("粘贴凭证的内容").click()
    page.fill("#pasted", LOG.shared(4).decode())
    page.locator("#paste-form button").click()
    page.locator("#found").get_by_text("第 4 条", exact=False).first.wait_for()
    expect(command).to_have_text(f"python verify.py jusha-4.tlog-proof {key}")
    expect(page.locator("#which-file")).not_to_be_visible()


def test_a_copy_whose_program_was_changed_does_not_run(saved: Open) -> None:
    text = verifier(vkey=logs.LOG.vkey.text).body.decode()
    page = saved(text.replace("s >= ORDER", "false", 1))
    expect(page.locator(".no-script")).to_be_visible()


@pytest.mark.parametrize(
    ("data", "trust", "words", "step"),
    [
        (lied(amt=200_000), "", "不能证明：记录不在日志的这个位置。", "记录在账本的这个位置"),
        (lied(prj="P2026-0018"), "", "不能证明：记录不在日志的这个位置。", "记录在账本的这个位置"),
        (with_other_path(), "", "不能证明：记录不在日志的这个位置。", "记录在账本的这个位置"),
        (
            LOG.shared(3).replace(b"index 3", b"index 2"),
            "",
            "不能证明：记录不在日志的这个位置。",
            "记录在账本的这个位置",
        ),
        (
            LOG.proof(2, extra=commitment.share_extra(leaf=LOG.entries[3])).to_bytes(),
            "",
            "不能证明：记录不在日志的这个位置。",
            "记录在账本的这个位置",
        ),
        (LOG.shared(3), OTHER_KEY, "不能证明：没有日志的有效签名。", "账本签了名"),
        (misplaced_opening(), "", "不能证明：私密部分与承诺不符。", "私密部分与承诺相符"),
        (LOG.kept(3)[:-9], "", "不能证明：检查点格式不对。", "检查点属于您相信的账本"),
        (LOG.kept(3).replace(b"\n6\n", b"\n7\n"), "", "不能证明：签名无效。", "账本签了名"),
        (LOG.kept(3).replace(b"\n", b"\r\n"), "", "不能证明：换行被改过，请重新下载。", "文件完整"),
        (b"%PDF-1.7", "", "不能证明：文件不是完整的收据。", "文件完整"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_named(
    saved: Open, data: bytes, trust: str, words: str, step: str
) -> None:
    page = saved()
    believe(page, trust)
    choose(page, data)
    assert verdict(page) == words
    expect(page.locator(".is-broken .step-name")).to_have_text(step)
    expect(page.locator(".is-proven")).not_to_be_visible()
    assert "¥" not in page.inner_text("#found"), "what is not proven is not shown"


def test_the_record_is_told_in_words_and_its_opening_only_on_demand(saved: Open) -> None:
    page = saved()
    choose(page, LOG.kept(3))
    found = page.inner_text("#found")
    for words in (
        "捐赠",
        "¥20.00",
        "P2026-0017",
        "北京时间 2026-09-09 09:12",
        "配捐 8.20 元：到了这位捐赠人当天的配捐上限。",
        "规则 R12.3，配捐池 Q7",
        "第 3 条，账本共 6 条",
        "另有 2 个签名，您没有给出它们的公钥，没有核对。",
        "用两套程序各算了一遍",
        "钱花到了哪里",
        "没有要求见证人签名",
    ):
        assert words in found
    assert "陈静" not in found
    page.get_by_text("私密部分（只有这个文件里有）").click()
    expect(page.get_by_text("陈静")).to_be_visible()


def test_witnesses_are_named_where_a_policy_asks_for_them(saved: Open) -> None:
    page = saved()
    believe(page, logs.POLICY)
    choose(page, LOG.shared(3))
    found = page.inner_text("#found")
    assert "2 位见证人的签名有效" in found
    assert "university · 2026-09-09" in found
    assert "没有要求见证人签名" not in found
    one = logs.small_log(LOG.entries, cosigners=(logs.UNIVERSITY,))
    choose(page, one.shared(3), "one.tlog-proof")
    assert verdict(page) == "不能证明：见证人不够。"
    believe(page, f"{logs.POLICY}nonsense\n")
    page.wait_for_selector(".is-unable")
    assert verdict(page) == "无法核对：信任文件第 9 行有误。"


def test_a_receipt_is_taken_by_drop_by_paste_and_from_the_address(saved: Open) -> None:
    page = saved()
    transfer = page.evaluate_handle(
        """(text) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.tlog-proof"));
            return transfer;
        }""",
        LOG.shared(1).decode(),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    page.wait_for_selector("text=dropped.tlog-proof")
    expect(page.locator("#found")).to_contain_text("第 1 条")
    page.get_by_text("粘贴凭证的内容").click()
    page.fill("#pasted", f"\n  {LOG.shared(2).decode().strip()}\n\n")
    page.get_by_role("button", name="核对", exact=True).click()
    page.wait_for_selector("text=第 2 条，账本共 6 条")
    page.evaluate(
        """(text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            document.body.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        LOG.shared(4).decode(),
    )
    page.wait_for_selector("text=第 4 条，账本共 6 条")
    url = b64encode(LOG.shared(5)).decode().translate({43: 45, 47: 95}).rstrip("=")
    page = saved(hash_=f"#proof={url}")
    page.wait_for_selector("text=第 5 条，账本共 6 条")
    page = saved(hash_=f"#proof={url[:-40]}")
    page.wait_for_selector(".is-refused")


def test_the_page_speaks_english_too_and_keeps_what_it_found(saved: Open) -> None:
    page = saved()
    choose(page, lied(amt=1))
    page.get_by_role("button", name="English").click()
    assert verdict(page) == "Not proven: the record is not at this place in the log."
    assert page.evaluate("document.documentElement.lang") == "en"
    visible = page.evaluate("document.body.innerText")
    chinese = [letter for letter in visible if "\u4e00" <= letter <= "\u9fff"]
    assert "".join(chinese) == "简体繁體不符", "the buttons of the other languages, and the seal"
    page.get_by_role("button", name="繁體").click()
    assert verdict(page) == "不能證明：記錄不在日誌的這個位置。"
    assert page.evaluate("document.documentElement.lang") == "zh-Hant"
    page.get_by_role("button", name="简体").click()
    assert verdict(page) == "不能证明：记录不在日志的这个位置。"


def test_the_page_works_by_keyboard_and_tells_screen_readers(saved: Open) -> None:
    page = saved()
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert "file" in reached
    assert reached.count("SUMMARY") == 2
    choose(page, LOG.shared(3))
    status = page.get_by_role("status")
    expect(status.filter(has_text=PROVEN)).to_have_count(1)
    expect(page.locator("#verdict")).to_have_attribute("aria-live", "polite")


def test_waiting_is_shown_when_it_takes_long(saved: Open) -> None:
    page = saved()
    page.evaluate(SLOW_ANSWERS)
    page.set_input_files(
        "#file", {"name": "slow", "mimeType": "text/plain", "buffer": LOG.shared(3)}
    )
    page.wait_for_selector("text=正在核对…")
    page.evaluate("answer()")
    page.wait_for_selector(".is-proven")
    expect(page.locator("#busy")).not_to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_results_fit_on_a_phone_and_on_a_desk(one: Browser, tmp_path: Path, scheme: str) -> None:
    (tmp_path / "verify.html").write_bytes(verifier(vkey=logs.LOG.vkey.text).body)
    for size in SIZES:
        for lang in ("zh-CN", "en-US"):
            context = one.new_context(viewport=size, locale=lang, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto((tmp_path / "verify.html").as_uri())
            for data in (LOG.kept(3), lied(amt=5)):
                choose(page, data, sha256(data).hexdigest())
                page.eval_on_selector_all("details", "all => all.forEach(e => e.open = true)")
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            context.close()
