"""What the simulated Stripe must not forget: accounts, objects, answers and events."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jusha_sandbox.state import State

Words = dict[str, Any]
PLATFORM: Final = "acct_1SandboxPlatform"
SECRETS: Final = {"api.key": "sk_test_", "webhook.key": "whsec_", "publishable.key": "pk_test_"}
OLD_SECRET: Final = "webhook_old.key"  # noqa: S105 - a file's name
SWITCHES: Final = {
    "late": "payment events an hour late",
    "lost": "no payment events",
    "repeated": "each event thrice",
    "out-of-order": "payment events behind the next one",
    "tampered": "the first try is changed on the way",
    "stale": "the first try is signed with yesterday's time",
    "wrong-amount": "events of another amount",
    "wrong-account": "events of another account",
    "wrong-secret": "the first try is signed with a secret that is not the endpoint's",
    "rolled": "signed with the endpoint's old secret and its new one",
    "create-unsure": "an intent is made, and the answer is a 500",
    "refund-refused": "refunds refused: not enough balance",
    "refund-unsure": "refunds done, answered with a 500",
    "refund-pending": "refunds wait for the bank",
    "refund-failed": "refunds come back from the bank",
    "search-late": "search does not see what is younger than an hour",
}
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS object (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT NOT NULL,
    about TEXT NOT NULL, created INTEGER NOT NULL, told TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS object_listed ON object (account, kind, about, n);
CREATE TABLE IF NOT EXISTS answer (
    account TEXT NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (account, key)) STRICT;
CREATE TABLE IF NOT EXISTS event (
    n INTEGER PRIMARY KEY, body TEXT NOT NULL, switches TEXT NOT NULL, tries INTEGER NOT NULL,
    taken INTEGER NOT NULL, next_at REAL NOT NULL, state TEXT NOT NULL) STRICT;
"""


class Store(State):
    """One folder: secrets, `state.sqlite`, the switches and the clock that runs ahead."""

    def __init__(self, folder: Path, *, wall: Callable[[], float] = time.time) -> None:
        """Open the folder; secrets and database are made where there are none."""
        super().__init__(folder, SCHEMA, wall=wall)
        for name, begins in (*SECRETS.items(), (OLD_SECRET, "whsec_")):
            _kept(folder / name, begins)

    def secret(self, name: str) -> str:
        """One of the folder's secrets."""
        return (self.folder / name).read_text("ascii").strip()

    def add_account(self, database: sqlite3.Connection, name: str) -> str:
        """Connect an account; its id."""
        found = f"acct_1{secrets.token_hex(8)}"
        database.execute("INSERT INTO account VALUES (?, ?)", (found, name))
        return found

    def is_account(self, database: sqlite3.Connection, account: str) -> bool:
        """Whether the account is the platform's or connected to it."""
        known = database.execute("SELECT 1 FROM account WHERE id = ?", (account,)).fetchone()
        return account == PLATFORM or known is not None

    def keep(
        self, database: sqlite3.Connection, told: Words, *, account: str, about: str = ""
    ) -> Words:
        """Write an object, new or changed; `about` is what it is listed by."""
        row = (
            told["id"], told["object"], account, about, told["created"],
            json.dumps(told, ensure_ascii=False),
        )  # fmt: skip
        database.execute(
            "INSERT INTO object (id, kind, account, about, created, told)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET told = excluded.told",
            row,
        )
        return told

    def find(self, database: sqlite3.Connection, id_: str, *, account: str) -> Words | None:
        """An object of this account by its id."""
        row = database.execute(
            "SELECT told FROM object WHERE id = ? AND account = ?", (id_, account)
        ).fetchone()
        return None if row is None else dict(json.loads(row["told"]))

    def listed(
        self, database: sqlite3.Connection, kind: str, *, account: str, about: str | None = None
    ) -> list[Words]:
        """This account's objects of a kind, the newest first."""
        where = "" if about is None else " AND about = ?"
        given = (account, kind) if about is None else (account, kind, about)
        rows = database.execute(
            f"SELECT told FROM object WHERE account = ? AND kind = ?{where} ORDER BY n DESC",  # noqa: S608 - constants
            given,
        )
        return [dict(json.loads(row["told"])) for row in rows]


def new_id(kind: str) -> str:
    """An id as Stripe writes them."""
    return f"{kind}_3{secrets.token_hex(11)}"


def _kept(path: Path, begins: str) -> None:
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{begins}{secrets.token_hex(24)}\n")
