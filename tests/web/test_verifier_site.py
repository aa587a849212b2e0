"""The browser verifier on the site: from a gift's own page to a copy that needs no site."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.merkle import logs
from tests.web.chromium import CHROMIUM, SIZES
from tests.web.conftest import Site

PROVEN = "已证明：账本里有这条记录，一字未改。"


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
    assert page.locator("#verdict h2").inner_text() == PROVEN
    assert "第 7 条" in page.inner_text("#found")
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
    assert page.locator("#verdict h2").inner_text() == PROVEN
    assert page.locator("#found .deed-sum").inner_text() == "¥20.00"
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
