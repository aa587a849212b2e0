"""The cast of every flow test: one house with a charity, two projects, a sponsor and donors.

Tests arrange through envelopes, as the world does, and end with `house.check()`.
"""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import psycopg

from jusha.config.postgres import database_url
from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Deed, Envelope, Instruction, Order
from jusha.inbox.keys import deed_key, person_key
from jusha.management.audit import audit_database
from jusha.settlement.batch import Settled, Settlement
from jusha.settlement.fence import take_over
from jusha.tlog.leaves import CHAIN_START
from tests.home import HOME

SECRET = b"a secret of the tests, 32 bytes!"
BOOKS, WATER = "shan-books", "shan-water"
ALICE, BOB, CAROL = (person_key(SECRET, "test", name) for name in ("alice", "bob", "carol"))
ALWAYS = {"opens": "2020-01-01T00:00Z", "closes": "2099-01-01T00:00Z"}
WHOLE_DAY = {"from_minute": 0, "to_minute": 1440}


def ratio(
    budget: int = 10**9,
    *,
    numerator: int = 1,
    denominator: int = 1,
    gift_max: int = 0,
    person_day_max: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """Terms of a one-to-one rule."""
    return {
        "gives": {"kind": "ratio", "numerator": numerator, "denominator": denominator},
        "caps": {"gift": gift_max, "person_day": person_day_max},
        "window": WHOLE_DAY | {"budget": budget},
    } | more


class House:
    """A database with its settlement, and short words to send it envelopes."""

    def __init__(self, database: str, home: Path = HOME) -> None:
        self.database = database
        self.web = psycopg.connect(database_url("web", home, database), autocommit=True)
        self.settle_connection = psycopg.connect(database_url("settle", home, database))
        epoch = take_over(self.settle_connection, holder="test")
        self.settlement = Settlement(self.settle_connection, epoch=epoch)
        self._ids = itertools.count(1)
        self._order_numbers = itertools.count(202611220000000001)

    def close(self) -> None:
        """Let go of the database."""
        self.web.close()
        self.settle_connection.close()

    def send(self, *envelopes: Envelope, lane: str = "door") -> tuple[int, int]:
        """Append envelopes as one row."""
        return append(self.web, lane=lane, envelopes=list(envelopes))

    def settle(self) -> Settled:
        """Settle all that waits; return the sums of what was done."""
        total = Settled()
        while (step := self.settlement.settle_next()).rows:
            total.rows += step.rows
            total.envelopes += step.envelopes
            total.entries += step.entries
            total.stuck += step.stuck
        return total

    def instruct(self, kind: str, *, second: str = "wang", **body: Any) -> tuple[str, int]:
        """Send one instruction, settle it, return its outcome's code and number."""
        identity = new_id()
        self.send(Instruction(identity, kind, "li", second, body), lane="console")
        self.settle()
        row = self.web.execute(
            "SELECT code, number FROM settlement_outcome WHERE id = encode(%b, 'hex')::uuid",
            (identity,),
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def furnish(
        self,
        *,
        pool: int = 10**8,
        rule: dict[str, Any] | None = None,
        channel: dict[str, Any] | None = None,
    ) -> None:
        """Move in: a channel, a charity with two projects, a campaign, a pool and a rule."""
        rights = {"assets": ["CNY", "USD"], "clock": "receipt"} | (channel or {})
        steps: tuple[tuple[str, dict[str, Any]], ...] = (
            ("admit-channel", {"code": "partner", "terms": rights}),
            ("admit-charity", {"code": "shan"}),
            ("open-project", {"code": BOOKS, "charity": "shan", "running_permille": 80}),
            ("open-project", {"code": WATER, "charity": "shan", "running_permille": 0}),
            ("open-campaign", {"code": "day", "terms": ALWAYS | {"channels": ["partner"]}}),
        )
        for kind, body in steps:
            assert self.instruct(kind, **body)[0] == "done"
        self.fund(pool)
        self.rule(rule or ratio())

    def fund(self, amount: int, *, code: str = "tree", **more: Any) -> None:
        """Put secured money in the pool."""
        body: dict[str, Any] = {"code": code, "campaign": "day", "sponsor": "Tree Ltd"} | more
        body["amount"] = amount
        assert self.instruct("fund-pool", how="secured", **body)[0] == "done"

    def rule(
        self,
        terms: dict[str, Any],
        *,
        code: str = "R1",
        from_: str = "2020-01-01T00:00Z",
        pool: str = "tree",
    ) -> None:
        """Publish a rule version."""
        body: dict[str, Any] = {"from": from_, "code": code, "pool": pool, "terms": terms}
        outcome = self.instruct("publish-rule", **body)
        assert outcome[0] == "done", outcome

    def deed(self, amount: int, project: str = BOOKS, person: bytes = ALICE, **more: Any) -> Deed:
        """Make a deed with an id of its own."""
        external = more.pop("external", f"gift-{next(self._ids)}")
        fields: dict[str, Any] = {
            "channel": "partner",
            "key": deed_key(SECRET, "partner", external),
            "body": hashlib.sha256(f"{external} {amount} {project}".encode()).digest(),
            "asset": "CNY",
            "amount": amount,
            "project": project,
            "campaign": "day",
            "person": person,
        }
        return Deed(**(fields | more))

    def order(self, amount: int, project: str = BOOKS, **more: Any) -> Order:
        """Make an order with a number of its own."""
        fields: dict[str, Any] = {
            "no": next(self._order_numbers),
            "project": project,
            "campaign": "day",
            "asset": "CNY",
            "amount": amount,
            "commitment": bytes(range(32)),
        }
        return Order(**(fields | more))

    def give(self, amount: int, project: str = BOOKS, person: bytes = ALICE, **more: Any) -> int:
        """Send one deed, settle it, return its number."""
        self.send(self.deed(amount, project, person, **more))
        self.settle()
        return self.settlement.world.next_number - 1

    def entries(self) -> list[dict[str, Any]]:
        """Read the whole log as settlement wrote it, checking bundle framing and the chain."""
        found: list[dict[str, Any]] = []
        chain = CHAIN_START
        for first, count, raw, linked in self.web.execute(
            "SELECT first, count, entries, chain FROM tlog_entries ORDER BY first"
        ):
            assert first == len(found)
            chain = hashlib.sha256(chain + raw).digest()
            assert chain == linked
            place = 0
            while place < len(raw):
                size = int.from_bytes(raw[place : place + 2], "big")
                found.append(json.loads(raw[place + 2 : place + 2 + size]))
                place += 2 + size
            assert len(found) == first + count
        return found

    def balance(self, book: str, kind: str, owner: str, asset: int = 1) -> int:
        """Read one account's balance on its normal side; 0 if it was never used."""
        row = self.web.execute(
            "SELECT normal * (debits - credits) FROM ledger_account"
            " WHERE book = %s AND kind = %s AND owner = %s AND asset = %s",
            (book, kind, owner, asset),
        ).fetchone()
        return row[0] if row else 0

    def check(self) -> None:
        """Check the books, caps, pools and log as an operator's audit does."""
        self.entries()
        wrong = [str(f) for f in audit_database(self.web) if f.kind == "wrong"]
        assert not wrong, "\n".join(wrong)
