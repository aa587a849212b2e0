"""What the simulated Stripe does: intents, charges and refunds, each once whatever is lost.

Every verb takes flat form fields (`metadata[order]`) and gives the object that is its answer; a
refusal is a Complaint. The caller's transaction makes it durable before it is answered.
"""

import re
import secrets
import sqlite3
from typing import Any, Final

from jusha_sandbox.stripe import events
from jusha_sandbox.stripe.store import Store, Words, new_id

AMOUNT_MAX: Final = 99_999_999
FEE_PER_MILLE: Final = 29
METADATA: Final = re.compile(r"metadata\[([^\[\]]{1,40})\]")
SEARCHED: Final = re.compile(r"""metadata\[["']([^"']{1,40})["']\]:["']([^"']{1,500})["']""")
OPEN: Final = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
SEARCH_LAG_SECONDS: Final = 3_600
LIMIT_MAX: Final = 100
MEANS: Final = {"pm_card_visa": "visa", "pm_card_mastercard": "mastercard"}


class Complaint(Exception):
    """Stripe's word for why not."""

    def __init__(self, status: int, kind: str, code: str, told: str, param: str = "") -> None:
        """Keep the HTTP status and the error object."""
        super().__init__(code)
        words = {"code": code, "message": told, "param": param, "type": kind}
        self.status, self.words = status, {name: word for name, word in words.items() if word}


def invalid(code: str, told: str, param: str = "") -> Complaint:
    """Refuse what was asked; nothing was begun."""
    return Complaint(400, "invalid_request_error", code, told, param)


def missing(id_: str) -> Complaint:
    """Refuse what is not there."""
    told = f"No such object: {id_!r}"
    return Complaint(404, "invalid_request_error", "resource_missing", told, "id")


class Payments:
    """The verbs for one account in one transaction."""

    def __init__(self, store: Store, database: sqlite3.Connection, account: str) -> None:
        """Stand in a transaction."""
        self.store, self.database, self.account = store, database, account

    # --- intents

    def create(self, fields: dict[str, str]) -> Words:
        """POST /v1/payment_intents."""
        currency = fields.get("currency", "")
        if not re.fullmatch("[a-z]{3}", currency):
            raise invalid("parameter_missing", "Missing required param: currency.", "currency")
        now, id_ = self.store.stamp(), new_id("pi")
        made = {
            "id": id_,
            "object": "payment_intent",
            "amount": _amount(fields, "amount"),
            "amount_received": 0,
            "canceled_at": None,
            "capture_method": "automatic",
            "client_secret": f"{id_}_secret_{secrets.token_hex(12)}",
            "created": now,
            "currency": currency,
            "description": fields.get("description"),
            "latest_charge": None,
            "livemode": False,
            "metadata": _metadata(fields),
            "status": "requires_payment_method",
        }
        self.store.keep(self.database, made, account=self.account)
        if fields.get("confirm") == "true":
            return self.confirm(id_, fields)
        return made

    def intent(self, id_: str) -> Words:
        """GET /v1/payment_intents/:id. Raises Complaint."""
        found = self.store.find(self.database, id_, account=self.account)
        if found is None or found["object"] != "payment_intent":
            raise missing(id_)
        return found

    def confirm(self, id_: str, fields: dict[str, str]) -> Words:
        """POST /v1/payment_intents/:id/confirm: the payer pays, once. Raises Complaint."""
        intent = self.intent(id_)
        if intent["status"] not in OPEN:
            raise _unexpected(intent)
        means = fields.get("payment_method", "pm_card_visa")
        if means not in MEANS:
            told = "Your card was declined."
            raise Complaint(402, "card_error", "card_declined", told, "payment_method")
        charge = self._charge(intent, means, fields.get("payer", ""))
        intent |= {
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
            "status": "succeeded",
        }
        self.store.keep(self.database, intent, account=self.account)
        events.queue(self.store, self.database, "charge.succeeded", charge, self.account)
        events.queue(self.store, self.database, "payment_intent.succeeded", intent, self.account)
        return intent

    def cancel(self, id_: str) -> Words:
        """POST /v1/payment_intents/:id/cancel. Raises Complaint."""
        intent = self.intent(id_)
        if intent["status"] not in OPEN:
            raise _unexpected(intent)
        intent |= {"status": "canceled", "canceled_at": self.store.stamp()}
        self.store.keep(self.database, intent, account=self.account)
        events.queue(self.store, self.database, "payment_intent.canceled", intent, self.account)
        return intent

    def search(self, query: str) -> list[Words]:
        """GET /v1/payment_intents/search by one pair of metadata. Raises Complaint."""
        found = SEARCHED.fullmatch(query)
        if found is None:
            raise invalid("parameter_invalid", "This query is not known here.", "query")
        late = "search-late" in self.store.switches(self.database)
        until = self.store.stamp() - SEARCH_LAG_SECONDS * late
        return [
            each
            for each in self.intents()
            if each["metadata"].get(found[1]) == found[2] and each["created"] <= until
        ]

    def intents(self) -> list[Words]:
        """The account's intents, the newest first."""
        return self.store.listed(self.database, "payment_intent", account=self.account)

    def expanded(self, intent: Words) -> Words:
        """An intent with its charge inside it, as `expand[]=latest_charge` asks."""
        charge = intent["latest_charge"]
        return intent if charge is None else intent | {"latest_charge": self.charge(charge)}

    def _charge(self, intent: Words, means: str, payer: str) -> Words:
        charge = {
            "id": new_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"],
            "amount_refunded": 0,
            "captured": True,
            "created": self.store.stamp(),
            "currency": intent["currency"],
            "description": intent["description"],
            "livemode": False,
            "metadata": intent["metadata"],
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method": means,
            "payment_method_details": {
                "card": {"brand": MEANS[means], "fingerprint": payer or f"mark{MEANS[means]}"},
                "type": "card",
            },
            "refunded": False,
            "status": "succeeded",
        }
        self._line("charge", charge["amount"], charge["id"], charge)
        return self.store.keep(self.database, charge, account=self.account)

    def charge(self, id_: str) -> Words:
        """GET /v1/charges/:id. Raises Complaint."""
        found = self.store.find(self.database, id_, account=self.account)
        if found is None or found["object"] != "charge":
            raise missing(id_)
        return found

    # --- refunds

    def refund(self, fields: dict[str, str]) -> Words:
        """POST /v1/refunds, of a charge or of an intent's. Raises Complaint."""
        id_ = fields.get("charge") or self.intent(fields.get("payment_intent", ""))["latest_charge"]
        charge = self.charge(id_ or "")
        left = charge["amount"] - charge["amount_refunded"]
        amount = _amount(fields, "amount") if fields.get("amount") else left
        switches = self.store.switches(self.database)
        if left == 0:
            raise invalid("charge_already_refunded", "Charge has already been refunded.")
        if amount > left:
            raise invalid("parameter_invalid_integer", "Refund exceeds the charge.", "amount")
        if "refund-refused" in switches:
            raise invalid("balance_insufficient", "Insufficient funds in your account.")
        state = "pending" if switches & {"refund-pending", "refund-failed"} else "succeeded"
        made = {
            "id": new_id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": self.store.stamp(),
            "currency": charge["currency"],
            "metadata": _metadata(fields),
            "payment_intent": charge["payment_intent"],
            "reason": fields.get("reason"),
            "status": state,
        }
        self.store.keep(self.database, made, account=self.account, about=charge["id"])
        self._moved(charge, amount)
        self._line("refund", -amount, made["id"], charge)
        events.queue(self.store, self.database, "refund.created", made, self.account)
        if "refund-failed" in switches:
            self._failed(made, charge)
        return made

    def _moved(self, charge: Words, amount: int) -> None:
        refunded = charge["amount_refunded"] + amount
        charge |= {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
        self.store.keep(self.database, charge, account=self.account)

    def _failed(self, made: Words, charge: Words) -> None:
        """The bank sends it back: the money is the account's again."""
        failed = made | {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self.store.keep(self.database, failed, account=self.account, about=charge["id"])
        self._moved(charge, -made["amount"])
        self._line("refund_failure", made["amount"], made["id"], charge)
        events.queue(self.store, self.database, "refund.failed", failed, self.account)

    def arrive(self) -> None:
        """Every refund that waits for its bank has arrived."""
        for made in self.store.listed(self.database, "refund", account=self.account):
            if made["status"] == "pending":
                done = made | {"status": "succeeded"}
                self.store.keep(self.database, done, account=self.account, about=made["charge"])
                events.queue(self.store, self.database, "refund.updated", done, self.account)

    def refunds(self, charge: str) -> list[Words]:
        """A charge's refunds, the newest first."""
        return self.store.listed(self.database, "refund", account=self.account, about=charge)

    def find_refund(self, id_: str) -> Words:
        """GET /v1/refunds/:id. Raises Complaint."""
        found = self.store.find(self.database, id_, account=self.account)
        if found is None or found["object"] != "refund":
            raise missing(id_)
        return found

    def _line(self, category: str, gross: int, source: str, charge: Words) -> None:
        """Write a movement of the account's balance; a refund gives no fee back."""
        fee = (gross * FEE_PER_MILLE + 500) // 1000 if category == "charge" else 0
        line = {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": gross,
            "created": self.store.stamp(),
            "currency": charge["currency"],
            "description": charge["description"],
            "fee": fee,
            "net": gross - fee,
            "order": charge["metadata"].get("order", ""),
            "reporting_category": category,
            "source": source,
        }
        self.store.keep(self.database, line, account=self.account)


def paged(rows: list[Words], fields: dict[str, str], url: str) -> Words:
    """A list's page, by `limit` and `starting_after`, within `created[gte]`. Raises Complaint."""
    since, limit = fields.get("created[gte]", "0"), fields.get("limit", "10")
    if not since.isdecimal() or not limit.isdecimal() or not 0 < int(limit) <= LIMIT_MAX:
        raise invalid("parameter_invalid_integer", "Invalid integer", "limit")
    wanted = [row for row in rows if row["created"] >= int(since)]
    if after := fields.get("starting_after"):
        ids = [row["id"] for row in wanted]
        if after not in ids:
            raise missing(after)
        wanted = wanted[ids.index(after) + 1 :]
    page = wanted[: int(limit)]
    return {"object": "list", "data": page, "has_more": len(wanted) > len(page), "url": url}


def _unexpected(intent: Words) -> Complaint:
    told = f"This PaymentIntent's status is {intent['status']}."
    return invalid("payment_intent_unexpected_state", told)


def _metadata(fields: dict[str, str]) -> dict[str, str]:
    found = ((METADATA.fullmatch(name), value) for name, value in fields.items())
    return {match[1]: value for match, value in found if match}


def _amount(fields: dict[str, str], name: str) -> int:
    text: Any = fields.get(name, "")
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= AMOUNT_MAX:
        raise invalid("parameter_invalid_integer", f"Invalid integer: {text}", name)
    return int(text)
