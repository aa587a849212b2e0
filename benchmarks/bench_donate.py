"""How long a donor waits: from the button to the code, and from the paid wallet to the result.

A whole installation as `make run` starts it, with its simulated gateways, and a real browser
(Chromium by Playwright) at phone size. The second time begins when the wallet's page says that it
is paid, and ends when the donor's own page shows the settled gift; in it are the gateway's notice,
the door, settlement, and the page's next look. Left out: networks, and what a real rail takes.
"""

import argparse
import os
import time
from statistics import median
from typing import Any, Final

import django
from playwright.sync_api import Page, sync_playwright

from benchmarks.results import append_result

WAIT_MS: Final = 60_000
PHONE: Final = {"width": 390, "height": 844}
GIFTS: Final = 40
P95: Final = 0.95


def one_gift(page: Page, donate: str) -> tuple[float, float]:
    """Give 1 yuan by WeChat Pay; seconds to the code, and from paid to shown."""
    page.goto(donate)
    page.locator("input[name=own]").fill("1")
    began = time.monotonic()
    page.locator("button[value=wechat]").click()
    page.wait_for_selector("[data-state=ready]")
    to_code = time.monotonic() - began
    with page.context.expect_page() as opened:
        page.locator("a[target=_blank]").first.click()
    wallet = opened.value
    wallet.wait_for_load_state()
    wallet.locator("button").first.click()
    wallet.wait_for_load_state()
    page.bring_to_front()
    paid = time.monotonic()
    page.wait_for_selector("[data-state^=given]")
    to_result = time.monotonic() - paid
    wallet.close()
    return to_code, to_result


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, int(len(values) * P95 + 0.999) - 1)]


def run(*, gifts: int) -> dict[str, Any]:
    """Measure and append one line to the results; returns that line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    django.setup()
    from jusha.management.demo.build import WORLD  # noqa: PLC0415 - models
    from jusha.management.drill.installation import Installation  # noqa: PLC0415 - as above

    installation = Installation()
    codes, results = [], []
    try:
        installation.start()
        site = f"http://localhost:{installation.ports['JUSHA_WEB_PORT']}"
        donate = f"{site}/p/{WORLD['project'][0]['code']}/donate"
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium")
            for _ in range(gifts):
                context = chromium.new_context(viewport=PHONE)  # type: ignore[arg-type] # a size
                context.set_default_timeout(WAIT_MS)
                to_code, to_result = one_gift(context.new_page(), donate)
                codes.append(to_code)
                results.append(to_result)
                context.close()
            chromium.close()
    finally:
        installation.remove()
    figures = {
        "gifts": gifts,
        "code_p50_s": round(median(codes), 2),
        "code_p95_s": round(p95(codes), 2),
        "result_p50_s": round(median(results), 2),
        "result_p95_s": round(p95(results), 2),
    }
    return append_result("donate", figures, postgres="")


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_donate [--gifts 40]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gifts", type=int, default=GIFTS)
    print(run(gifts=parser.parse_args().gifts))


if __name__ == "__main__":
    main()
