"""The publisher: alone holds the log's key, and signs only what extends what it signed.

What it signed last is kept in a file outside PostgreSQL, with the settlement's chain
up to there. A database that does not carry the same entries up to that size (restored
from a backup, or edited) is refused: the log can stop, it cannot fork.

Order of one publication, and what a crash leaves: (1) tiles, bundles and tables are
written: unreferenced files, written again the same next time; (2) the signed
checkpoint is stored in the state file: the publisher's own word, published at the next
start; (3) witnesses are asked, no longer than ASK_SECONDS (docs/design/0008-witness.md); (4) the
checkpoint is published.
"""

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jusha.merkle.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from jusha.merkle.note import LogSigner, Signature, Vkey, add_signatures, open_note, sign_note
from jusha.merkle.tiles import (
    ENTRIES,
    TILE_WIDTH,
    ReadTile,
    Tile,
    TileTree,
    decode_bundle,
    grow,
)
from jusha.merkle.tree import EMPTY_ROOT, leaf_hashes
from jusha.tlog.files import (
    CHECKPOINT,
    DISK,
    Disk,
    read_from,
    sweep,
    sync_names,
    write_whole,
    write_whole_all,
)
from jusha.tlog.leaves import CHAIN_START
from jusha.tlog.witnesses import (
    POLICY,
    REFUSALS,
    REFUSALS_MAX,
    STATES,
    Witnesses,
    published_policy,
    right_lines,
)

STATE: Final = "signed.json"
ENTRIES_MAX: Final = 50_000
"""Most entries in one checkpoint's growth, so that a backlog is published in steps."""

REPORT_SECONDS: Final = 1.0

log = structlog.get_logger("publisher")


class LogForkRefusedError(Exception):
    """The database does not carry the entries that were signed; nothing more is signed."""


class PublisherRunningError(Exception):
    """Another publisher holds the log's key."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed last: the checkpoint, the note, and the settlement's chain up to it."""

    checkpoint: Checkpoint
    note: bytes
    chain: bytes


def log_key(folder: Path, *, disk: Disk = DISK) -> Ed25519PrivateKey:
    """Load the log's Ed25519 key from `folder`/key (0600), making it for a log that is new.

    Raises LogForkRefusedError where something was signed and the key is gone: another
    key would be another log.
    """
    raw = disk.read(folder / "key")
    if raw is None:
        begun = (folder / "state" / STATE, folder / "public" / CHECKPOINT)
        if any(disk.read(path) is not None for path in begun):
            raise LogForkRefusedError("the log has begun and its key is gone: restore log/key")
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        write_whole(folder / "key", raw, mode=0o600, disk=disk)
        disk.sync(folder)
    return Ed25519PrivateKey.from_private_bytes(raw)


class Publisher:
    """Publishes what settlement has committed, in order, under one key.

    Reads: tlog_entries, tlog_table. Writes: only files below `folder`.
    """

    def __init__(
        self, folder: Path, *, origin: str, disk: Disk = DISK, ask_witnesses: bool = False
    ) -> None:
        """Take the key's lock and read the last signed checkpoint back.

        With `ask_witnesses`, those that `folder`/witnesses names are asked over the network.

        Raises PublisherRunningError, LogForkRefusedError if the record of what was
        signed, the key or the tiles on disk are gone or do not agree.
        """
        self.folder, self.public, self.origin = folder, folder / "public", origin
        self.disk, self.asks = disk, ask_witnesses
        self.witnesses = Witnesses(None, read_tile=self._read)
        self.reported, self.reported_at = b"", -REPORT_SECONDS
        disk.make(self.public)
        disk.make(folder / "state", mode=0o700)
        disk.sync(folder)  # where the key was brought along, nobody has synced these names yet
        try:
            self._lock = disk.lock(folder / "state" / "lock")
        except BlockingIOError as error:
            raise PublisherRunningError(str(folder)) from error
        try:
            self._take_up()
        except ValueError as error:
            self.close()
            raise LogForkRefusedError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.close()
            raise

    def _take_up(self) -> None:
        """Check what is there, then publish what was signed and perhaps not published."""
        self.signer = LogSigner(name=self.origin, private_key=log_key(self.folder, disk=self.disk))
        self.signed = self._read_state()
        self._check_tiles(self._read)
        if swept := sweep(self.public, disk=self.disk):
            log.info("drafts_removed", count=swept)
        self._write("vkey", f"{self.signer.vkey.text}\n".encode())
        told = self.disk.read(self.folder / "witnesses")
        text, policy = published_policy(told, log_key=self.signer.vkey)
        self._write(POLICY, text)
        self.witnesses = Witnesses(policy if self.asks else None, read_tile=self._read)
        if self.signed.note:
            self.disk.sync(self.folder / "state")  # the last start may have died before its own
            self._show(self._shown_before(policy.witnesses.values()))

    def close(self) -> None:
        """Let go of the key's lock."""
        self.witnesses.close()
        self.disk.unlock(self._lock)

    def _read(self, path: str) -> bytes | None:
        return read_from(self.public, path, disk=self.disk)

    def _write(self, path: str, data: bytes) -> None:
        write_whole(self.public / path, data, disk=self.disk)

    def publish_next(self, connection: psycopg.Connection[Any]) -> int:
        """Publish up to ENTRIES_MAX entries more; return how many (0: nothing new).

        Raises LogForkRefusedError when the database does not continue what was signed.
        """
        size = self.signed.checkpoint.size
        with connection.transaction():
            self._check_chain(connection)
            rows = connection.execute(
                "SELECT first, count, entries, chain FROM tlog_entries"
                " WHERE first >= %s AND first < %s ORDER BY first",
                (size, size + ENTRIES_MAX),
                binary=True,
            ).fetchall()
            if not rows:
                return 0
            tables = connection.execute(
                "SELECT hash, body FROM tlog_table WHERE number >= %s AND number < %s",
                (size, rows[-1][0] + rows[-1][1]),
                binary=True,
            ).fetchall()
        entries: list[bytes] = []
        chain = self.signed.chain
        for first, count, raw, linked in rows:
            chain = hashlib.sha256(chain + raw).digest()
            if first != size + len(entries) or chain != linked:
                raise LogForkRefusedError(f"entry {first} does not continue the log")
            entries += decode_bundle(raw, width=count)
        shown = {f"tables/{digest.hex()}.json": body for digest, body in tables}
        self._grow(entries, chain, tables=shown)
        return len(entries)

    def tend_witnesses(self) -> None:
        """Ask again those that have not cosigned the newest checkpoint; keep what they say.

        For the time when there is nothing to publish. Costs nothing while all have cosigned.
        """
        if self.signed.note:
            self._keep(self.witnesses.ask(self.signed.note, self.signed.checkpoint))

    def _grow(self, entries: list[bytes], chain: bytes, *, tables: dict[str, bytes]) -> None:
        size = self.signed.checkpoint.size
        # What is built on is read once and checked before each growth: a file that was damaged
        # since the last one would be carried into the next tile or bundle, under our signature.
        read = cache(self._read)
        self._check_tiles(read)
        growth = grow(old_size=size, entries=entries, read_tile=read)
        files = tables | growth.files
        write_whole_all(self.public, files, disk=self.disk)
        sync_names(self.public, files, disk=self.disk)
        root = TileTree(size=growth.size, read_tile=lambda p: growth.files.get(p) or read(p)).root()
        checkpoint = Checkpoint(self.origin, growth.size, root)
        note = sign_note(format_checkpoint(checkpoint), signers=[self.signer])
        self._store(Signed(checkpoint, note, chain))
        lines = self.witnesses.ask(note, checkpoint)
        note = add_signatures(note, signatures=lines.pop(growth.size, ()))
        self._show(replace(self.signed, note=note))
        self._keep(lines)
        for path in growth.files:  # a full tile makes its partial ones needless (C2SP tlog-tiles)
            if ".p/" not in path:
                self.disk.remove(self.public / f"{path}.p")

    def _show(self, signed: Signed) -> None:
        """Publish a checkpoint: under its size for ever, then as the newest."""
        named = f"checkpoints/{signed.checkpoint.size}"
        both = {named: signed.note, CHECKPOINT: signed.note}
        write_whole_all(self.public, both, disk=self.disk)
        sync_names(self.public, both, disk=self.disk)

    def _shown_before(self, witnesses: Iterable[Vkey]) -> Signed:
        """What is to be shown again at a start: with the cosignatures it had, if they are right."""
        note = self.signed.note
        for path in (f"checkpoints/{self.signed.checkpoint.size}", CHECKPOINT):
            shown = self._read(path)
            if shown is not None:
                note = add_signatures(note, signatures=right_lines(note, shown, witnesses))
        return replace(self.signed, note=note)

    def _keep(self, lines: dict[int, tuple[Signature, ...]]) -> None:
        """Add cosignatures that came after their checkpoint was shown; keep refusals; report."""
        newest = self.signed.checkpoint.size
        for size, signatures in lines.items():
            named = f"checkpoints/{size}"
            shown = self._read(named)
            note = add_signatures(shown, signatures=signatures) if shown else None
            if note is not None and note != shown:
                files = {named: note} | ({CHECKPOINT: note} if size == newest else {})
                write_whole_all(self.public, files, disk=self.disk)
                sync_names(self.public, files, disk=self.disk)
        for name, text in self.witnesses.take_refusals():
            path = self.public / REFUSALS / name
            known = len(list(path.parent.glob("*.txt"))) if path.parent.exists() else 0
            if known < REFUSALS_MAX and self.disk.read(path) is None:
                write_whole(path, text, disk=self.disk)
                sync_names(self.public, [f"{REFUSALS}/{name}"], disk=self.disk)
        self._report(self.witnesses.report(newest))

    def _report(self, report: bytes) -> None:
        """Publish how far the witnesses are, when that has changed, at most once a second."""
        now = time.monotonic()
        if report not in (b"", self.reported) and now - self.reported_at >= REPORT_SECONDS:
            self._write(STATES, report)
            self.reported, self.reported_at = report, now

    def _store(self, signed: Signed) -> None:
        state = {"note": signed.note.decode(), "chain": signed.chain.hex()}
        path = self.folder / "state" / STATE
        write_whole(path, json.dumps(state).encode(), mode=0o600, disk=self.disk)
        self.disk.sync(path.parent)
        self.signed = signed

    def _read_state(self) -> Signed:
        raw = self.disk.read(self.folder / "state" / STATE)
        if raw is None:
            if self._read(CHECKPOINT) is not None:
                raise LogForkRefusedError(
                    "a checkpoint is published but the record of what was signed is gone:"
                    " restore log/state/signed.json"
                )
            return Signed(Checkpoint(self.origin, 0, EMPTY_ROOT), b"", CHAIN_START)
        try:
            state = json.loads(raw)
            note, chain = state["note"].encode(), bytes.fromhex(state["chain"])
        except (ValueError, KeyError) as error:
            raise LogForkRefusedError("log/state/signed.json cannot be read") from error
        signed = Signed(
            parse_checkpoint(open_note(note, known=[self.signer.vkey]).text), note, chain
        )
        shown = self._read(CHECKPOINT)
        if shown is not None:
            published = parse_checkpoint(open_note(shown, known=[self.signer.vkey]).text)
            if published.size > signed.checkpoint.size:
                raise LogForkRefusedError(
                    f"{published.size} entries are published and log/state/signed.json knows of"
                    f" {signed.checkpoint.size}: it is an old copy; restore the newest one"
                )
        return signed

    def _check_tiles(self, read: ReadTile) -> None:
        """Check the right edge, as `read` gives it, against what was signed."""
        checkpoint = self.signed.checkpoint
        tree = TileTree(size=checkpoint.size, read_tile=read)
        if tree.root() != checkpoint.root_hash:
            raise LogForkRefusedError(f"the tiles do not hash to the root of {checkpoint.size}")
        index, width = divmod(checkpoint.size, TILE_WIDTH)
        if width:
            hashes = [tree.leaf_hash(index * TILE_WIDTH + place) for place in range(width)]
            self._check_bundle(Tile(ENTRIES, index, width), hashes, read)

    def _check_bundle(self, bundle: Tile, hashes: list[bytes], read: ReadTile) -> None:
        """Check the bundle that the next entries are added to; a crash may have filled it."""
        for name in (bundle, bundle.full):
            data = read(name.path)
            if data is not None:
                entries = decode_bundle(data, width=name.width)[: bundle.width]
                if leaf_hashes(entries) != hashes:
                    raise LogForkRefusedError(f"{name.path} holds other entries than were signed")
                return
        raise LogForkRefusedError(f"{bundle.path} is gone")

    def _check_chain(self, connection: psycopg.Connection[Any]) -> None:
        """Refuse a database whose entries up to the signed size are not the signed ones."""
        size = self.signed.checkpoint.size
        if size == 0:
            return
        row = connection.execute(
            "SELECT chain FROM tlog_entries WHERE first + count = %s", (size,), binary=True
        ).fetchone()
        if row is None or row[0] != self.signed.chain:
            settled = connection.execute(
                "SELECT coalesce(max(first + count), 0) FROM tlog_entries"
            ).fetchone()
            raise LogForkRefusedError(
                f"the log has {size} signed entries; the database has"
                f" {settled[0] if settled else 0} and does not carry the same ones."
                " It was restored from an older backup, or edited. Nothing is signed until"
                " the inbox rows after the backup are back and settled."
            )
