"""From an empty database to an answered complaint: a charity's whole way, by pages alone.

Nothing is prepared but the two reviewers whom an operator names by command. The house runs in
its own processes with simulated gateways; letters lie in its folder; staff use an authenticator.
"""

import email
import email.policy
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.utils.timezone import localdate
from playwright.sync_api import Browser, Page, expect

from jusha.management.drill.installation import Installation
from tests.web.chromium import MARKS, SIZES, launched
from tests.web.join import credit_code
from tests.web.test_join_browser import fill
from tests.web.test_projects_browser import TYPED, scan
from tests.web.test_story_rails import audit

pytestmark = [*MARKS, pytest.mark.drill]
CODE = re.compile(r"^ {4}(\S+)$", re.MULTILINE)
PERIOD_SECONDS = 30
PLAN = TYPED | {"备案编号": f"{credit_code()}A26001"}
LATE_SQL = """
    INSERT INTO jusha_disclosure (key, charity, project, kind, place, from_on, until_on, due_on, at)
    SELECT %(key)s, charity, project, 'progress', 1, %(today)s::date - 92, %(today)s,
           %(today)s::date - 1, now()
    FROM jusha_disclosure WHERE project = %(project)s LIMIT 1"""
FILED = ("备案编号", "备案日期", "募捐开始日期", "募捐结束日期")


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    installation = Installation(world="--gateways")
    try:
        installation.start()
        for name in ("a", "b"):
            command(installation, "staff", "add", f"{name}@platform.example",
                    "--platform", "--role", "reviewer")  # fmt: skip
        yield installation
    finally:
        installation.remove()


def command(running: Installation, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "jusha", *words],
        env=running.environment, check=True, capture_output=True,
    )  # fmt: skip


class Someone:
    """A person with a browser of their own, who signs in with letter and authenticator."""

    def __init__(self, running: Installation, browser: Browser, address: str = "") -> None:
        size = SIZES[0] if "donor" in address or not address else SIZES[1]
        self.running = running
        context = browser.new_context(locale="zh-CN", viewport=size)
        context.set_default_timeout(60_000)
        self.page: Page = context.new_page()
        self.site = f"http://localhost:{running.ports['JUSHA_WEB_PORT']}"
        self.address = address

    def open(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def sign_in(self, path: str) -> Page:
        """Sign in by letter on the way to a page."""
        page = self.open(f"/account/sign-in?next={path}")
        page.get_by_label("邮箱").fill(self.address)
        page.get_by_role("button", name="寄码给我").click()
        page.get_by_label("码", exact=True).fill(self._letter())
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(lambda url: not url.endswith("/code"))
        return page

    def go_to_work(self, path: str) -> Page:
        """Open a page of the desk for the first time: it asks for an authenticator first."""
        page = self.open(path)
        secret = page.locator(".factor-secret").inner_text()
        number = hotp_value(secret, int(time.time()) // PERIOD_SECONDS)
        page.get_by_label("数字").fill(format_hotp_value(number))
        page.get_by_role("button", name="开启", exact=True).click()
        expect(page.get_by_role("heading", name="备用码")).to_be_visible()
        return self.open(path)

    def _letter(self) -> str:
        folder = self.running.home / "mail"

        def mine() -> list[str]:
            letters = (
                email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime)
            )
            return [
                found[1]
                for each in letters
                if self.address in str(each["to"]) and (found := CODE.search(_text(each)))
            ]

        self.running.wait(mine, f"a letter to {self.address}")
        return mine()[-1]


def _text(letter: email.message.EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return str(body.get_content()) if body else ""


class Cast:
    """Everybody of the story."""

    def __init__(self, running: Installation, browser: Browser) -> None:
        self.running, self.browser = running, browser
        self.donor = Someone(running, browser)
        self.lin = Someone(running, browser, "lin@qingshan.example")
        self.wang = Someone(running, browser, "wang@qingshan.example")
        self.a = Someone(running, browser, "a@platform.example")
        self.b = Someone(running, browser, "b@platform.example")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def test_a_charitys_way_from_an_empty_database_to_an_answered_complaint(
    running: Installation, chromium: Browser, tmp_path: Path
) -> None:
    cast = Cast(running, chromium)
    _comes(cast, tmp_path)
    parent = _publishes(cast, tmp_path)
    _gets_accounts(cast)
    _is_late_and_reports(cast, parent, tmp_path)
    _publishes(cast, tmp_path, parent=parent, name="甲校")
    child = _publishes(cast, tmp_path, parent=parent, name="乙校")
    _receives(cast, child)
    _spends(cast, child, tmp_path)
    _answers(cast, child)
    assert "0 wrong" in audit(running)


def _comes(cast: Cast, folder: Path) -> None:
    """A stranger applies; two reviewers admit the charity; it invites its finance."""
    page = cast.lin.sign_in("/join")
    fill(page, folder)
    page.get_by_label("统一社会信用代码", exact=True).fill(credit_code())
    page.get_by_role("button", name="交给审核员").click()
    expect(page.get_by_text("正在审核")).to_be_visible()
    for reviewer, button in ((cast.a, "都核对过，提议入驻"), (cast.b, "确认入驻")):
        reviewer.sign_in("/desk")
        desk = reviewer.go_to_work("/desk/applications")
        desk.get_by_role("link", name="青山公益基金会").click()
        for box in desk.locator("input[name=checked]").all():
            box.check()
        desk.get_by_role("button", name=button).click()
        expect(desk.get_by_role("button", name=button)).to_have_count(0)
    page = cast.lin.go_to_work("/desk/charities/qingshan")
    page.get_by_text("邀请同事", exact=True).click()
    page.get_by_label("同事的邮箱").fill(cast.wang.address)
    page.locator("label", has_text="财务").click()
    page.get_by_role("button", name="提出邀请").click()
    expect(page.get_by_text(cast.wang.address)).to_be_visible()
    desk = cast.a.open("/desk/charities")
    desk.get_by_role("button", name="确认").click()
    expect(desk.get_by_text(cast.wang.address)).to_have_count(0)
    cast.wang.sign_in("/desk")
    cast.wang.go_to_work("/desk")


def _gets_accounts(cast: Cast) -> None:
    """The simulated gateways open an account for every charity when they are started."""
    cast.running.stop()
    cast.running.start()


def _publishes(cast: Cast, folder: Path, *, parent: str = "", name: str = "") -> str:
    """The officer writes a plan, a reviewer publishes it; the project's code."""
    page = cast.lin.open("/desk/projects")
    page.get_by_role("button", name="阅读包").click()
    for label, text in PLAN.items():
        if not parent or label not in FILED:
            page.get_by_label(label, exact=True).fill(text)
    if parent:
        page.get_by_label("项目名称").fill(f"阅读包·{name}")
        page.get_by_label("属于哪个母计划").select_option(parent)
    else:
        for count in page.get_by_label("多少份").all():
            count.fill(str(2 * int(count.input_value() or 0) or ""))
        page.get_by_label("备案证明").set_input_files(scan(folder))
    page.get_by_label("目标金额（元）").fill("100000" if parent else "200000")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("等待审核").first).to_be_visible()
    page = cast.a.open("/desk/projects")
    page.get_by_role("link", name=name or "阅读包").click()
    page.get_by_role("button", name="审核通过，发布").click()
    expect(page.get_by_text("已发布").first).to_be_visible()
    return page.url.rpartition("/")[2]


def _three_months_go_by(cast: Cast, project: str) -> None:
    """Running processes have no other clock than the machine's: only the due day is moved."""
    told = {"key": f"p/{project}/progress/1", "project": project, "today": localdate()}
    with cast.running.connect("owner") as owner:
        assert owner.execute(LATE_SQL, told).rowcount == 1


def _is_late_and_reports(cast: Cast, project: str, folder: Path) -> None:
    """Its quarterly report is late, so it takes no gifts; two persons publish it, and it does."""
    _three_months_go_by(cast, project)
    page = cast.donor.open(f"/p/{project}")
    expect(page.locator(".deadline-overdue")).to_be_visible()
    expect(page.get_by_role("link", name="我要捐")).to_have_count(0)
    desk = cast.lin.open("/desk/disclosures")
    desk.get_by_role("link", name="写这一份").first.click()
    desk.get_by_label("标题").fill("第一季")
    desk.get_by_label("正文", exact=True).fill("两所学校量好了尺寸。")
    desk.get_by_role("button", name="提交给财务确认").click()
    expect(desk.get_by_text("等财务同事确认")).to_be_visible()
    desk = cast.wang.open("/desk/disclosures")
    desk.get_by_role("link", name="第一季").click()
    desk.get_by_role("button", name="核对过了，公开").click()
    expect(desk.get_by_role("heading", name="等第二个人确认")).to_have_count(0)
    give = page.get_by_role("link", name="我要捐").first
    cast.running.wait(lambda: page.reload() and give.is_visible(), "the project to be open again")


def _receives(cast: Cast, project: str) -> None:
    """Somebody gives 20 yuan by the simulated WeChat Pay to a child."""
    page = cast.donor.open(f"/p/{project}")
    give = page.locator("a[href*='/donate']:visible").first
    cast.running.wait(lambda: page.reload() and give.is_visible(), "the book to open")
    give.click()
    page.get_by_label("或者自己写").fill("20")
    page.locator("button[name=rail][value=wechat]").click()
    page.wait_for_selector("[data-state=ready]")
    with page.context.expect_page() as opened:
        page.get_by_text("打开模拟钱包").click()
    wallet = opened.value
    wallet.locator("button").first.click()
    wallet.wait_for_load_state()
    wallet.close()
    page.wait_for_selector("[data-state^=given]")


def _spends(cast: Cast, project: str, folder: Path) -> None:
    """Programme asks, finance confirms; the donor sees on which expense the 20 yuan went."""
    page = cast.lin.open("/desk/spending/new")
    page.locator("#project").select_option(project)
    page.get_by_label("金额（元）").fill("5")
    page.get_by_label("用途，捐赠人会看到").fill("童书 1 本")
    page.get_by_label("地点，到县就够了").fill("云岭县")
    page.get_by_label("付款的那天").fill(f"{localdate()}")
    page.get_by_label("付给了谁，不公开").fill("云岭书店")
    page.get_by_label("发票或付款凭证，不公开").set_input_files(scan(folder))
    page.get_by_role("button", name="交给财务确认").click()
    expect(page.get_by_text("童书 1 本").first).to_be_visible()
    desk = cast.wang.open("/desk/spending")
    desk.get_by_role("link", name="童书 1 本").click()
    desk.get_by_role("button", name="确认这笔支出").click()
    expect(desk.get_by_text(re.compile("正在记账|已记账")).first).to_be_visible()
    page = cast.donor.page
    page.get_by_role("link", name="看这条记录的全部").click()
    cast.running.wait(lambda: page.reload() and "童书 1 本" in page.inner_text("main"), "the trace")


def _answers(cast: Cast, project: str) -> None:
    """A complaint is answered within its clock, and closed."""
    page = cast.donor.open(f"/p/{project}")
    page.get_by_role("link", name="这个项目有问题？举报").click()
    page.locator("label", has_text="钱的去向有问题").click()
    page.get_by_label("发生了什么").fill("书没有送到学校。")
    page.get_by_role("button", name="提交举报").click()
    expect(page.get_by_role("heading", name="正在核实")).to_be_visible()
    desk = cast.a.open("/desk/complaints")
    desk.get_by_role("link", name="阅读包").click()
    desk.get_by_label("给举报人的答复").fill("书在仓库，周五送到，我们会再看。")
    desk.get_by_role("button", name="答复举报人").click()
    expect(desk.get_by_role("button", name="办结")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="已经答复")).to_be_visible()
    desk.locator("label", has_text="部分属实").click()
    desk.get_by_label("写给举报人").fill("送书晚了两周，已经送到。")
    desk.get_by_role("button", name="办结").click()
    expect(desk.get_by_role("button", name="办结")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="已经办结")).to_be_visible()
