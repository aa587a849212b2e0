"""The browser verifier on the site: from a gift's own page to a copy that needs no site."""

import json
import re
import shlex
import sys
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path
from subprocess import run

import pytest
from playwright.sync_api import Browser, expect

from tests.home import REPO
from tests.merkle import logs
from tests.web.chromium import CHROMIUM, SIZES
from tests.web.conftest import Site

PROVEN = "已证明：账本里有这条记录，一字未改。"


@pytest.mark.parametrize("name", ["verify", "recompute", "watch"])
def test_a_program_is_served_byte_for_byte_and_linked_where_its_command_stands(
    site: Site, name: str
) -> None:
    site.house.give(2000)
    site.publish()
    answer = site.get(f"/verify/{name}.py")
    assert answer.content == (REPO / "verify" / f"{name}.py").read_bytes()
    assert f'filename="{name}.py"' in answer.headers["Content-Disposition"]
    check = site.text("/log")
    assert f'href="/verify/{name}.py"' in check
    assert f"python {name}.py " in check
    assert site.get(f"/verify/{name}x.py").status_code == 404
    assert site.get("/verify/readers/golden.py").status_code == 404


def test_the_command_on_the_page_of_checks_proves_the_newest_entry(
    site: Site, tmp_path: Path
) -> None:
    site.house.give(2000)
    site.publish()
    page = site.text("/log")
    program = site.get("/verify/verify.py").content
    assert sha256(program).hexdigest() in page
    (tmp_path / "verify.py").write_bytes(program)
    command = unescape(re.search(r">python (verify\.py [^<]*)<", page)[1])  # type: ignore[index]
    (proof,) = set(re.findall(r'href="(/d/[0-9]+\.tlog-proof)"', page))
    answer = site.get(proof)
    name = answer.headers["Content-Disposition"].split('"')[1]
    (tmp_path / name).write_bytes(answer.content)
    argv = [sys.executable, *shlex.split(command)]
    assert run(argv, cwd=tmp_path, check=False).returncode == 0
    lines = answer.content.replace(b"index ", b"index 1", 1)
    (tmp_path / name).write_bytes(lines)
    assert run(argv, cwd=tmp_path, check=False).returncode == 1


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_gift_is_proven_from_its_page_and_from_a_copy_without_network(
    site: Site, address: str, chromium: Browser, tmp_path: Path
) -> None:
    context = chromium.new_context(locale="zh-CN", viewport=SIZES[0], accept_downloads=True)
    page = context.new_page()
    page.goto(f"{address}/d/7")
    with page.expect_download() as proof:
        page.get_by_role("link", name="下载证明").click()
    page.get_by_role("link", name="在我的浏览器里核对").click()
    page.wait_for_selector(".is-proven")
    expect(page.locator("#verdict h2")).to_have_text(PROVEN)
    expect(page.locator("#found")).to_contain_text("第 7 条")
    command = page.locator("#command").inner_text()
    assert f"python verify.py {proof.value.suggested_filename} --vkey " in command
    with page.expect_download() as program:
        page.get_by_role("link", name="下载 verify.py").click()
    assert Path(program.value.path()).read_bytes() == (REPO / "verify/verify.py").read_bytes()
    with page.expect_download() as copy:
        page.get_by_role("link", name="下载这一页").click()
    page.goto(f"{address}/log")
    copy.value.save_as(tmp_path / "copy.html")
    proof.value.save_as(tmp_path / "proof.tlog-proof")
    assert sha256((tmp_path / "copy.html").read_bytes()).hexdigest() in page.inner_text("#check")
    context.close()

    context = chromium.new_context(offline=True, locale="zh-CN")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "copy.html").as_uri())
    page.set_input_files("#file", tmp_path / "proof.tlog-proof")
    expect(page.locator("#verdict h2")).to_have_text(PROVEN)
    expect(page.locator("#found .deed-sum")).to_have_text("¥20.00")
    assert page.locator("#command").inner_text().startswith("python verify.py proof.tlog-proof ")
    expect(page.locator("#which-file")).not_to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_the_site_hands_its_policy_to_the_page(site: Site) -> None:
    site.house.give(2000)
    site.publish()
    (site.log_folder / "public" / "policy").write_text(logs.POLICY)
    text = site.text("/verify")
    built_in = json.loads(text.split('id="built-in">')[1].split("</script>")[0])
    assert built_in["policy"] == logs.POLICY
    assert logs.UNIVERSITY.vkey.text in text.split("<script")[0]
    assert 'data-word="sandbox">沙盒演示' in text


def test_the_policy_of_the_page_allows_its_own_code_and_no_connection(site: Site) -> None:
    site.publish()
    page, file = site.get("/verify"), site.get("/verify.html")
    assert page.content == file.content
    assert 'filename="jusha-verify.html"' in file.headers["Content-Disposition"]
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src" not in policy, "so default-src forbids it"
    text = page.content.decode()
    for tag in ("style", "script"):
        code = text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        digest = b64encode(sha256(code.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert site.get("/verify", lang="en").content == page.content
