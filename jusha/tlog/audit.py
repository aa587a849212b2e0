"""Audit of the log: entries chain without gaps, and the published files are exactly these entries.

One pass over tlog_entries feeds both checks, so a million entries need no more memory
than a batch of them.
"""

import hashlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from psycopg import Connection

from jusha.ledger.findings import Finding, capped, compared, found_by
from jusha.merkle.checkpoint import Checkpoint, parse_checkpoint
from jusha.merkle.errors import MerkleError
from jusha.merkle.note import LogSigner, open_note, parse_vkey
from jusha.merkle.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    decode_bundle,
    encode_bundle,
)
from jusha.merkle.tree import Frontier, leaf_hashes, parent_hashes
from jusha.tlog.files import CHECKPOINT, read_from
from jusha.tlog.leaves import CHAIN_START

ROWS_AT_ONCE: Final = 8

TRANSFERS_SQL: Final = """
SELECT format('transfer %s', t.id), format('an entry below %s', e.size), t.id >> 4
FROM ledger_transfer t, (SELECT coalesce(max(first + count), 0) AS size FROM tlog_entries) e
WHERE t.id < 0 OR t.id >= e.size * 16
ORDER BY t.id"""

TABLES_SQL: Final = """
SELECT format('table of entry %s', number), encode(sha256(body), 'hex'), encode(hash, 'hex')
FROM tlog_table WHERE sha256(body) <> hash ORDER BY number"""


class Batch(NamedTuple):
    """One row of tlog_entries: its first number, its entries, what is wrong with it."""

    first: int
    entries: list[bytes]
    findings: list[Finding]


def batches(connection: Connection[Any]) -> Generator[Batch]:
    """Read all entries in order, checking numbers, framing and chain. Reads: tlog_entries.

    Needs a transaction, for its server-side cursor.
    """
    chain, size = CHAIN_START, 0
    with connection.cursor("audit_entries") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(
            "SELECT first, count, entries, chain FROM tlog_entries ORDER BY first", binary=True
        )
        for first, count, raw, linked in cursor:
            chain = hashlib.sha256(chain + raw).digest()
            where = f"entries {first} to {first + count - 1}"
            findings = compared(
                "tlog",
                where,
                [
                    ("chain does not continue", chain.hex(), linked.hex()),
                    ("entries are not numbered without gaps", size, first),
                ],
            )
            chain, size, entries = linked, first + count, list[bytes]()
            try:
                entries = decode_bundle(raw, width=count)
            except MerkleError as error:
                findings.append(Finding("tlog", "entries are damaged", where, found=str(error)))
            yield Batch(first, entries, findings)


class Published:
    """The published files, compared with the entries as they stream by."""

    def __init__(self, folder: Path, log_key: str) -> None:
        """Read the checkpoint; what is wrong with it is in `findings`."""
        self.folder, self.findings, self.log_key = folder, list[Finding](), log_key
        shown = (read_from(folder, "vkey") or b"").decode(errors="replace").strip()
        if shown != log_key:
            self._find("another key is published", "vkey", log_key, shown or "no file")
        self.checkpoint = self._read_checkpoint(CHECKPOINT)
        self.size = self.checkpoint.size if self.checkpoint else 0
        self.frontier, self.waiting, self.rows = Frontier(), list[bytes](), list[bytes]()
        self.signed = sorted(
            int(path.name) for path in (folder / "checkpoints").glob("*") if path.name.isdigit()
        )

    def take(self, entries: list[bytes]) -> None:
        """Compare the next entries, as far as the log is published."""
        settled = self.frontier.size + len(self.waiting)
        self.waiting += entries[: max(self.size - settled, 0)]
        while len(self.waiting) >= TILE_WIDTH:
            self._compare(self.waiting[:TILE_WIDTH])
            self.waiting = self.waiting[TILE_WIDTH:]

    def finish(self) -> list[Finding]:
        """Compare the partial tiles and the root; return all that was found."""
        if self.waiting:
            self._compare(self.waiting)
        for level, row in enumerate(self.rows):
            if row:
                index = (self.size >> 8 * level) // TILE_WIDTH
                self._compare_file(Tile(level, index, len(row) // 32), row)
        if self.frontier.size < self.size:
            self._find("published more than was settled", CHECKPOINT, self.frontier.size, self.size)
        elif self.checkpoint and self.checkpoint.root_hash != self.frontier.root():
            root = self.checkpoint.root_hash.hex()
            self._find("root", CHECKPOINT, self.frontier.root().hex(), root)
        return capped(self.findings)

    def _compare(self, entries: list[bytes]) -> None:
        index = self.frontier.size // TILE_WIDTH
        self._compare_file(Tile(ENTRIES, index, len(entries)), encode_bundle(entries))
        hashes = leaf_hashes(entries)
        self._extend(hashes)
        self._add_hashes(0, b"".join(hashes))

    def _extend(self, hashes: list[bytes]) -> None:
        """Grow the tree, stopping at every size that was ever signed to compare the root."""
        while self.signed and self.signed[0] <= self.frontier.size + len(hashes):
            size = self.signed.pop(0)
            part = size - self.frontier.size
            self.frontier.extend(hashes[:part])
            hashes = hashes[part:]
            name = f"checkpoints/{size}"
            checkpoint = self._read_checkpoint(name)
            root = self.frontier.root()
            if checkpoint and (checkpoint.size, checkpoint.root_hash) != (size, root):
                self._find("root", name, root.hex(), checkpoint.root_hash.hex())
        self.frontier.extend(hashes)

    def _add_hashes(self, level: int, hashes: bytes) -> None:
        """Put hashes in their tile; a full tile is compared and hashed upward."""
        if level == len(self.rows):
            self.rows.append(b"")
        self.rows[level] += hashes
        if len(self.rows[level]) < TILE_WIDTH * 32:
            return
        index = (self.frontier.size >> 8 * (level + 1)) - 1
        row, self.rows[level] = self.rows[level], b""
        self._compare_file(Tile(level, index), row)
        while len(row) > 32:  # noqa: PLR2004 - one hash
            row = parent_hashes(row)
        self._add_hashes(level + 1, row)

    def _compare_file(self, tile: Tile, data: bytes) -> None:
        published = read_from(self.folder, tile.path)
        if published is None and tile.width < TILE_WIDTH:
            # Beside a working publisher it may have become full, and then stands for the part.
            full = read_from(self.folder, Tile(tile.level, tile.index).path)
            published = full[: len(data)] if full is not None else None
        if published != data:
            self._find(
                "published file", tile.path, hashlib.sha256(data).hexdigest(),
                "no file" if published is None else hashlib.sha256(published).hexdigest(),
            )  # fmt: skip

    def _read_checkpoint(self, name: str) -> Checkpoint | None:
        raw = read_from(self.folder, name)
        if raw is None and name == CHECKPOINT:
            return None
        try:
            opened = open_note(raw or b"", known=[parse_vkey(self.log_key)])
            return parse_checkpoint(opened.text)
        except MerkleError as error:
            self.findings.append(Finding("tlog", "checkpoint", name, found=str(error)))
            return None

    def _find(self, what: str, where: str, expected: object, found: object) -> None:
        self.findings.append(Finding("tlog", what, where, str(expected), str(found)))


def trusted_key(log_dir: Path) -> str:
    """The log's verifier key as the installation itself holds it, outside the public folder.

    Only where there is no signing key beside the folder (a mirror) is the folder believed.
    """
    raw = read_from(log_dir.parent, "key")
    if raw is None:
        return (read_from(log_dir, "vkey") or b"").decode(errors="replace").strip()
    key = Ed25519PrivateKey.from_private_bytes(raw)
    return LogSigner(name=settings.JUSHA_LOG_ORIGIN, private_key=key).vkey.text


def check(
    connection: Connection[Any], log_dir: Path | None = None, *, log_key: str | None = None
) -> list[Finding]:
    """Check entries, tables and, where `log_dir` is the public folder, every published file.

    Signatures must be by `log_key`, default `trusted_key`. Reads: tlog_entries, tlog_table,
    ledger_transfer.
    """
    published = Published(log_dir, log_key or trusted_key(log_dir)) if log_dir else None
    findings: list[Finding] = []
    for batch in batches(connection):
        findings += batch.findings
        if published:
            published.take(batch.entries)
    if published and log_dir:
        findings += published.finish() + _published_tables(connection, log_dir, published.size)
    return [
        *capped(findings),
        *found_by(connection, "tlog", "transfer of no entry", TRANSFERS_SQL),
        *found_by(connection, "tlog", "table has another hash", TABLES_SQL),
    ]


def _published_tables(connection: Connection[Any], folder: Path, size: int) -> list[Finding]:
    """Compare the tables that published seals name."""
    findings: list[Finding] = []
    for digest, number in connection.execute(
        "SELECT hash, number FROM tlog_table WHERE number < %s ORDER BY number", (size,)
    ).fetchall():
        path = f"tables/{bytes(digest).hex()}.json"
        body = read_from(folder, path)
        found = "no file" if body is None else hashlib.sha256(body).hexdigest()
        where = f"{path} of entry {number}"
        findings += compared("tlog", where, [("published table", bytes(digest).hex(), found)])
    return capped(findings)
