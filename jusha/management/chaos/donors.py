"""Donors at the site: a page, an order, some seconds of hesitation, the cashier.

Order and payment come through two doors (lanes), at two moments, perhaps under two
clocks. A paid order must become one gift, and must never be held as unknown.
"""

import http.client
import random
import re
import threading
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import psycopg

from jusha.management.demo.build import WORLD

EVERY_SECONDS: Final = 0.25
HESITATION_SECONDS: Final = 8.0
GIVE_UP_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 5.0
TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PLACED: Final = re.compile(r"/pay\?order=([0-9]+)&amount=([0-9]+)&")

DEEDS_SQL: Final = """
SELECT order_no, count(*), bool_or(held), sum(amount)::bigint
FROM giving_deed WHERE order_no = ANY(%s) GROUP BY order_no"""


@dataclass(slots=True)
class Placed:
    """An order that the site has taken, and when its donor will pay."""

    order: str
    amount: str
    pay_at: float
    paid: bool = False


class Donors:
    """Place and pay orders over HTTP, in a thread of their own, until told to stop."""

    def __init__(self, *, web_port: int, cashier_port: int, seed: int) -> None:
        self._web, self._cashier = web_port, cashier_port
        self._chance = random.Random(seed)  # noqa: S311 - a drill, not a secret
        self.placed: list[Placed] = []
        self.tried = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._give, name="donors", daemon=True)

    def start(self) -> None:
        """Begin to give."""
        self._thread.start()

    def stop(self) -> None:
        """Place no more orders; those that were placed are paid."""
        self._stop.set()
        self._thread.join()

    def _give(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self.tried += 1
            if placed := self._place():
                self.placed.append(placed)
            self._pay_due(time.monotonic())
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while self._open() and time.monotonic() < give_up:
            self._pay_due(give_up)
            time.sleep(EVERY_SECONDS)

    def _open(self) -> list[Placed]:
        return [placed for placed in self.placed if not placed.paid]

    def _pay_due(self, now: float) -> None:
        for placed in self._open():
            if placed.pay_at <= now:
                back = f"http://127.0.0.1:{self._web}/o/{placed.order}"
                form = {"order": placed.order, "amount": placed.amount, "back": back}
                status, _, _ = _ask(self._cashier, "POST", "/pay", form)
                placed.paid = status == http.HTTPStatus.SEE_OTHER

    def _place(self) -> Placed | None:
        """Open the page and order; None if the site did not take it, or nobody knows."""
        project = self._chance.choice(WORLD["project"])["code"]
        path = f"/p/{project}/donate?campaign={WORLD['campaign']['code']}"
        status, headers, page = _ask(self._web, "GET", path)
        token = TOKEN.search(page)
        if status != http.HTTPStatus.OK or token is None:
            return None
        yuan = self._chance.choice((1, 6, 20, 66))
        form = {"csrfmiddlewaretoken": token[1], "own": str(yuan), "display": "anonymous"}
        form["campaign"] = WORLD["campaign"]["code"]
        cookie = (headers.get("set-cookie") or "").split(";")[0]
        status, headers, _ = _ask(self._web, "POST", path, form, cookie=cookie)
        found = PLACED.search(headers.get("location") or "")
        if status != http.HTTPStatus.SEE_OTHER or found is None:
            return None
        pause = self._chance.uniform(0, HESITATION_SECONDS)
        return Placed(found[1], found[2], time.monotonic() + pause)

    def differences(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Compare what was paid with what was settled."""
        orders = [int(placed.order) for placed in self.placed]
        found = {row[0]: row[1:] for row in connection.execute(DEEDS_SQL, (orders,)).fetchall()}
        wrong = []
        for placed in self.placed:
            count, held, amount = found.get(int(placed.order), (0, False, 0))
            if placed.paid and (count, held, amount) != (1, False, int(placed.amount)):
                wrong.append(
                    f"order {placed.order} of {placed.amount} fen was paid:"
                    f" {count} deeds of {amount} fen{', held' if held else ''}"
                )
        return wrong

    def summary(self) -> str:
        """How many orders were placed and paid."""
        paid = len(self.placed) - len(self._open())
        return f"{self.tried} tried, {len(self.placed)} placed, {paid} paid"


def _ask(
    port: int, method: str, path: str, form: dict[str, str] | None = None, *, cookie: str = ""
) -> tuple[int, http.client.HTTPMessage, str]:
    """One request: (status, headers, page); status 0 without an answer."""
    site = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    headers = {"content-type": "application/x-www-form-urlencoded"} | (
        {"cookie": cookie} if cookie else {}
    )
    try:
        site.request(method, path, urlencode(form) if form else None, headers)
        answer = site.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, http.client.HTTPMessage(), ""
    finally:
        site.close()
