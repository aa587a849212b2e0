"""The tutorial is followed word by word: its commands run, its buttons exist, its promises hold."""

import re
import subprocess
import time
from collections.abc import Iterator
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest

from jusha.management.drill.installation import Installation
from tools import words

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = ROOT / "docs" / "tutorial.md"
CHINESE = ROOT / "docs" / "zh" / "tutorial.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = "git clone <where you found this> jusha\ncd jusha\nmake run\n"
ENTRY_WAIT_SECONDS = 60
READY_SECONDS = 30


def blocks(page: Path) -> list[str]:
    """The commands of a tutorial, block by block."""
    return BLOCK.findall(page.read_text("utf-8"))


@pytest.fixture
def giving_day() -> Iterator[Installation]:
    """What `make run` starts, with a home and ports of its own."""
    installation = Installation()
    try:
        installation.start()
        yield installation
    finally:
        installation.remove()


class Visitor:
    """A browser without a screen: follows links, fills forms, keeps cookies."""

    def __init__(self, installation: Installation) -> None:
        self.site = f"http://localhost:{installation.ports['JUSHA_WEB_PORT']}"
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def send(self, url: str, form: dict[str, str] | None = None) -> tuple[str, bytes]:
        """Open an address, or send a form to it; return where it led, and what is there."""
        data = None if form is None else urlencode(form).encode()
        request = Request(url, data, {"accept-language": "en", "referer": self.site + "/"})  # noqa: S310
        with self.opener.open(request, timeout=30) as answer:
            return str(answer.url), bytes(answer.read())

    def found(self, pattern: str, page: bytes) -> str:
        """What a pattern's group finds on a page."""
        match = re.search(pattern, unescape(page.decode()))
        assert match is not None, pattern
        return match[1]

    def give(self) -> str:
        """Give 20 yuan with a name and a note to a project of the day; return the order's page."""
        project = self.found(r'href="(/p/[a-z0-9-]+)"', self.send(self.site + "/")[1])
        donate = self.found(r'href="(/p/[^"]+/donate[^"]*)"', self.send(self.site + project)[1])
        page = self.send(self.site + donate)[1]
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.decode())
        own = {"own": "20", "display": "name", "shown_name": "李华", "note": "for the children"}
        at, page = self.send(self.site + donate, dict(hidden) | own | {"rail": "wechat"})
        assert at.startswith(self.site + "/o/"), at
        until = time.monotonic() + READY_SECONDS
        while b'data-state="ready"' not in page and time.monotonic() < until:
            page = self.send(at)[1]
        wallet, page = self.send(self.found(r'href="(http[^"]*/bizpayurl[^"]*)"', page))
        wish = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.decode()))
        origin = urlsplit(wallet)
        _paid, page = self.send(f"{origin.scheme}://{origin.netloc}/pay", wish)
        assert "支付成功" in page.decode()
        return at.partition("/pay")[0]


def commands(page: Path, visitor: Visitor) -> str:
    """All blocks but the first as one script for this installation."""
    script = "\n".join(blocks(page)[1:]).replace("http://localhost:8000", visitor.site)
    assert "localhost:8" not in script.replace(visitor.site, "")
    return script


def test_both_tutorials_have_the_same_commands_and_begin_with_a_clone() -> None:
    assert blocks(ENGLISH) == blocks(CHINESE)
    assert blocks(ENGLISH)[0] == FIRST


def test_what_the_tutorials_press_is_on_the_pages() -> None:
    catalogue = words.read(words.ENGLISH)
    english = {form for each in catalogue if each.id for form in words.forms(each)}
    chinese = {each.id for each in catalogue if isinstance(each.id, str)}
    for page, said in ((ENGLISH, english), (CHINESE, chinese)):
        pressed = re.findall(r"\*\*([^*]+)\*\*", page.read_text("utf-8"))
        assert len(pressed) == 4
        assert set(pressed) <= said, set(pressed) - said


@pytest.mark.drill
def test_the_tutorial_holds_what_it_promises(giving_day: Installation, tmp_path: Path) -> None:
    visitor = Visitor(giving_day)
    order = visitor.give()
    receipts: list[str] = []

    def sealed() -> bool:
        page = visitor.send(order)[1].decode()
        receipts[:] = re.findall(r'href="(/o/[0-9]+\.tlog-proof)"', page)
        return bool(receipts)

    giving_day.wait(sealed, "the receipt to appear", ENTRY_WAIT_SECONDS)
    (tmp_path / "Downloads").mkdir()
    receipt = tmp_path / "Downloads" / "jusha-256-keep.tlog-proof"
    receipt.write_bytes(visitor.send(visitor.site + receipts[0])[1])
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands(ENGLISH, visitor)],
        cwd=ROOT,
        env=giving_day.environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    parts = (
        "PROVEN: this record is in the public log, unchanged",
        "fits the public commitment (name, note, order)",
        "NOT PROVEN",
        "refused, exit code 1",
        "EQUAL 一致",
        "in order",
        "0 wrong",
    )
    places = [said.find(part) for part in parts]
    assert -1 not in places, said
    assert places == sorted(places), "in the order in which they are told"
    assert said.count("in order") == 9, "nine rooms"
    page = visitor.send(visitor.site + "/verify")[1].decode()
    assert "选择凭证文件" in page
