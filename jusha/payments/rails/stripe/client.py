"""The client of Stripe's API: a form out, JSON back, over TLS.

An answer carries no signature; that it came from Stripe is TLS's word alone, so an address that
is not on this machine must be HTTPS, and the key goes to that address and Stripe's files only.
What binds or moves carries an Idempotency-Key, made of the verb and our key: Stripe answers a
repeat within a day with the same bytes, refusals too, which is why a cancel carries none.

Stripe names payments by itself and knows our order as metadata. It is found by search, which may
lag behind by minutes, and then among the newest intents, which never lag.
Source: docs.stripe.com/api, connect/direct-charges, api/idempotent_requests, search.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Final
from urllib.parse import urlsplit

import httpx

from jusha.payments.rails.seam import (
    Ask,
    Paid,
    Payable,
    Payee,
    RailRefusedError,
    RailUnsureError,
    Returned,
    State,
)
from jusha.payments.rails.stripe import charge as said
from jusha.payments.rails.stripe.charge import ORDER, REFUND, NotSaidError, Object

VERSION: Final = "2024-06-20"
"""Pinned: Stripe answers in the form of the version that is asked for."""
FILES_HOST: Final = "files.stripe.com"
ANSWER_MAX: Final = 1 << 21
TITLE_MAX: Final = 40
PAGE: Final = 100
PAGES_MAX: Final = 20
LAG_SECONDS: Final = 3_600
"""How far search may be behind (Stripe: a minute, in an outage up to an hour)."""
GOOD: Final = range(200, 300)
UNSURE: Final = frozenset({401, 403, 409, 429})
"""A key that was changed, which an operator mends; the same key under way; too many calls."""
WRONG_STATE: Final = "payment_intent_unexpected_state"
REPORT: Final = "balance_change_from_activity.itemized.3"
SHANGHAI: Final = timezone(timedelta(hours=8))
OPEN: Final = frozenset(
    {
        "requires_payment_method", "requires_confirmation", "requires_action", "processing",
        "requires_capture",
    }
)  # fmt: skip


class Stripe:
    """Stripe for one platform; implements seam.Rail. `Payee.merchant` is a connected account.

    `http` keeps the connections and sets the patience; the caller closes it.
    """

    name = "stripe"

    def __init__(
        self,
        *,
        api_key: str,
        address: str,
        http: httpx.Client,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep who asks whom."""
        self._api_key, self.address, self.http = api_key, address.rstrip("/"), http
        self.clock = clock

    def create(self, ask: Ask, *, key: str) -> Payable:
        """Make the order's payment intent; what a browser needs is its client secret.

        An intent has no expiry: it ends when `close` cancels it.
        """
        currency = ask.asset.lower()
        if ask.way != "page" or not (currency.isascii() and currency.isalpha()) or ask.amount <= 0:
            raise RailRefusedError("unsupported", ask.way)
        fields = {
            "amount": str(ask.amount),
            "currency": currency,
            "description": ask.title[:TITLE_MAX],
            "automatic_payment_methods[enabled]": "true",
            f"metadata[{ORDER}]": str(ask.order),
        }
        made = self._made(ask, fields, key)
        is_it = (made.get("amount"), made.get("currency"), said.noted(made, ORDER))
        if is_it != (ask.amount, currency, str(ask.order)):
            raise RailUnsureError("mismatch", "payment_intents")
        if made.get("status") == "succeeded":
            raise RailRefusedError("paid")
        if made.get("status") == "canceled":
            raise RailRefusedError("closed")
        secret = made.get("client_secret")
        if not isinstance(secret, str) or not secret:
            raise RailUnsureError("unreadable", "client_secret")
        return Payable(parameters={"client_secret": secret, "account": ask.payee.merchant})

    def query(self, order: int, payee: Payee) -> State:
        """Ask what became of an order; `unknown` if Stripe has no intent for it."""
        intent = self._intent(order, payee)
        if intent is None:
            return State("unknown")
        status = intent.get("status")
        if status in OPEN:
            return State("unpaid")
        if status == "canceled":
            return State("closed")
        charge = intent.get("latest_charge")
        if status != "succeeded" or not isinstance(charge, dict):
            raise RailUnsureError("unreadable", "payment_intent")
        try:
            paid = said.paid(charge, account=payee.merchant)
        except NotSaidError as error:
            raise RailUnsureError("unreadable", str(error)) from error
        if paid.order != str(order):
            raise RailUnsureError("mismatch", "charge")
        return State("refunded" if charge.get("refunded") is True else "paid", paid)

    def close(self, order: int, payee: Payee, *, key: str) -> None:  # noqa: ARG002 - see above
        """Cancel the order's intent; again is nothing, and so is an order that has none.

        Raises RailRefusedError("paid") if it is.
        """
        intent = self._intent(order, payee)
        if intent is None or intent.get("status") == "canceled":
            return
        if intent.get("status") == "succeeded":
            raise RailRefusedError("paid")
        path = f"/v1/payment_intents/{_id(intent)}/cancel"
        try:
            ended = self._post(path, {}, payee)
        except RailRefusedError as error:
            if error.code != WRONG_STATE:
                raise
            state = self.query(order, payee).state
            if state in {"paid", "refunded"}:
                raise RailRefusedError("paid") from error
            if state != "closed":
                raise RailUnsureError(error.code) from error
            return
        if ended.get("status") != "canceled":
            raise RailUnsureError("unreadable", "cancel")

    def refund(self, paid: Paid, payee: Payee, *, amount: int, reason: str, key: str) -> Returned:
        """Send part or all of a charge back; our key stands in its metadata too."""
        fields = {
            "charge": paid.transaction,
            "amount": str(amount),
            f"metadata[{REFUND}]": key,
            "metadata[reason]": reason,
        }
        told = self._post("/v1/refunds", fields, payee, key=f"refund-{key}")
        return self._returned(told, key, paid)

    def query_refund(self, key: str, paid: Paid, payee: Payee) -> Returned:
        """Ask what became of a refund; `unknown` if Stripe has none of this key."""
        for told in self._listed("/v1/refunds", {"charge": paid.transaction}, payee):
            if said.noted(told, REFUND) == key:
                return self._returned(told, key, paid)
        return Returned(key, paid.transaction, 0, "unknown")

    def bill(self, day: date, payee: Payee | None) -> Iterator[bytes]:
        """Yield the CSV of a day's balance transactions (a day of Shanghai), of the told length.

        Stripe writes it when it is asked for: until then RailUnsureError("pending"), and the
        same call again. Raises RailRefusedError, with Stripe's code, for a day not over yet.
        """
        begins = int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())
        fields = {
            "report_type": REPORT,
            "parameters[interval_start]": str(begins),
            "parameters[interval_end]": str(begins + 86_400),
        }
        run = self._post("/v1/reporting/report_runs", fields, payee, key=f"bill-{day}")
        # The repeat of a POST is its first answer, so the run itself has to be asked.
        run = self._get(f"/v1/reporting/report_runs/{_id(run)}", {}, payee)
        if run.get("status") == "pending":
            raise RailUnsureError("pending", "report_runs")
        file = run.get("result")
        if run.get("status") != "succeeded" or not isinstance(file, dict):
            raise RailRefusedError("report-failed")
        return self._download(str(file.get("url")), file.get("size"), payee)

    # --- on the wire

    def _made(self, ask: Ask, fields: Mapping[str, str], key: str) -> Object:
        """Make the intent. A 500 is repeated to the same key for a day, so it is looked for."""
        try:
            return self._post("/v1/payment_intents", fields, ask.payee, key=f"create-{key}")
        except RailUnsureError:
            found = self._intent(ask.order, ask.payee)
            if found is None:
                raise
            return found

    def _intent(self, order: int, payee: Payee) -> Object | None:
        """The order's intent with its charge: the paid one, else one still open, else any."""
        asked = {"query": f'metadata["{ORDER}"]:"{order}"', "expand[]": "data.latest_charge"}
        found = list(self._listed("/v1/payment_intents/search", asked, payee))
        if not found:
            since = {"created[gte]": str(int(self.clock()) - LAG_SECONDS)}
            newest = since | {"expand[]": "data.latest_charge"}
            found = [
                each
                for each in self._listed("/v1/payment_intents", newest, payee)
                if said.noted(each, ORDER) == str(order)
            ]
        if any(said.noted(each, ORDER) != str(order) for each in found):
            raise RailUnsureError("mismatch", "search")
        ranks = {"succeeded": 0, "canceled": 2}
        return min(found, key=lambda each: ranks.get(str(each.get("status")), 1), default=None)

    def _listed(self, path: str, asked: Mapping[str, str], payee: Payee | None) -> Iterator[Object]:
        """Yield a list's objects, page by page. Raises RailUnsureError behind PAGES_MAX pages."""
        at: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = self._get(path, {**asked, "limit": str(PAGE), **at}, payee)
            rows = page.get("data")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise RailUnsureError("unreadable", path)
            yield from rows
            if page.get("has_more") is not True or not rows:
                return
            following = page.get("next_page")  # a search's; a list goes on behind its last
            at = {"page": str(following)} if following else {"starting_after": _id(rows[-1])}
        raise RailUnsureError("too-many", path)

    def _get(self, path: str, asked: Mapping[str, str], payee: Payee | None) -> Object:
        return self._sent(
            self.http.build_request(
                "GET", f"{self.address}{path}", params=asked, headers=self._headers(payee)
            )
        )

    def _post(
        self, path: str, fields: Mapping[str, str], payee: Payee | None, *, key: str = ""
    ) -> Object:
        headers = self._headers(payee) | ({"idempotency-key": key} if key else {})
        url = f"{self.address}{path}"
        return self._sent(self.http.build_request("POST", url, data=fields, headers=headers))

    def _headers(self, payee: Payee | None) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self._api_key}", "stripe-version": VERSION}
        if payee is not None and payee.merchant:
            headers["stripe-account"] = payee.merchant
        return headers

    def _sent(self, request: httpx.Request) -> Object:
        """Ask, and return Stripe's object. Raises RailUnsureError, RailRefusedError."""
        path = request.url.path
        try:
            answer = self.http.send(request, follow_redirects=False)
            told = answer.json() if len(answer.content) <= ANSWER_MAX else None
        except httpx.HTTPError as error:
            raise RailUnsureError("unreachable", type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise RailUnsureError("unreadable", path) from error
        if not isinstance(told, dict):
            raise RailUnsureError("unreadable", path)
        if answer.status_code in GOOD:
            return told
        problem = told.get("error")
        words = problem if isinstance(problem, dict) else {}
        code = str(words.get("code") or words.get("type") or answer.status_code)
        if answer.is_client_error and answer.status_code not in UNSURE and words:
            raise RailRefusedError(code, path)
        raise RailUnsureError(code, path)

    def _returned(self, told: Object, key: str, paid: Paid) -> Returned:
        try:
            found = said.returned(told)
        except NotSaidError as error:
            raise RailUnsureError("unreadable", str(error)) from error
        if (found.refund, found.transaction) != (key, paid.transaction):
            raise RailUnsureError("mismatch", "refunds")
        return found

    def _download(self, url: str, size: object, payee: Payee | None) -> Iterator[bytes]:
        ours, there = urlsplit(self.address), urlsplit(url)
        is_files = (there.scheme, there.netloc) == ("https", FILES_HOST)
        if not is_files and (there.scheme, there.netloc) != (ours.scheme, ours.netloc):
            raise RailUnsureError("download", "an address that is not Stripe's")
        length = 0
        try:
            with self.http.stream(
                "GET", url, headers=self._headers(payee), follow_redirects=False
            ) as answer:
                if answer.status_code not in GOOD:
                    raise RailUnsureError("download", str(answer.status_code))
                for part in answer.iter_bytes():
                    length += len(part)
                    yield part
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RailUnsureError("download", type(error).__name__) from error
        if length != size:
            raise RailUnsureError("download", "cut short")


def _id(told: Object) -> str:
    try:
        return said.text(told, "id")
    except NotSaidError as error:
        raise RailUnsureError("unreadable", "id") from error
