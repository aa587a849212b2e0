"""Reading the log for pages: entries from the database, proofs from the published tiles."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import connection

from jusha.merkle.checkpoint import Checkpoint, parse_checkpoint
from jusha.merkle.commitment import share_extra
from jusha.merkle.note import open_note, parse_vkey
from jusha.merkle.proof import ProofFile
from jusha.merkle.tiles import TileTree, decode_bundle
from jusha.tlog.evidence import Evidence, all_evidence, refusals
from jusha.tlog.files import CHECKPOINT, read_from
from jusha.tlog.witnesses import STATES

HELD_FILES_MAX: Final = 256
"""Tiles and bundles held in memory, at 8 to 100 kB each."""


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """The newest published checkpoint: its size, the signed note, when it was published."""

    size: int
    text: str
    at: datetime
    checkpoint: Checkpoint


def public_folder() -> Path:
    """Where the public log's files are."""
    return Path(settings.JUSHA_LOG_DIR) / "public"


def vkey() -> str:
    """The log's verification key, or "" before anything was published."""
    raw = read_from(public_folder(), "vkey")
    return raw.decode().strip() if raw else ""


def checkpoint() -> PublishedCheckpoint | None:
    """The newest published checkpoint, its signature checked; None before the first."""
    raw = read_from(public_folder(), CHECKPOINT)
    if raw is None:
        return None
    at = datetime.fromtimestamp((public_folder() / CHECKPOINT).stat().st_mtime, UTC)
    parsed = _verified(raw, vkey())
    return PublishedCheckpoint(parsed.size, raw.decode(), at, parsed)


@lru_cache(maxsize=8)
def _verified(raw: bytes, key: str) -> Checkpoint:
    """Every page asks for the same few bytes: their signature is computed once."""
    return parse_checkpoint(open_note(raw, known=[parse_vkey(key)]).text)


@dataclass(frozen=True, slots=True)
class WitnessState:
    """How far one witness is: what it cosigned last, and since when it is behind, if it is."""

    name: str
    key_name: str
    cosigned_size: int
    cosigned_at: datetime | None
    behind_entries: int
    behind_s: int
    why: str


def witness_states() -> list[WitnessState]:
    """What the publisher last reported of each witness; empty where none is asked."""
    raw = read_from(public_folder(), STATES)
    if raw is None:
        return []
    told, now = msgspec.json.decode(raw), datetime.now(UTC).timestamp()
    return [
        WitnessState(
            row["name"],
            row["vkey"].partition("+")[0],
            row["cosigned_size"],
            datetime.fromtimestamp(row["cosigned_at"], UTC) if row["cosigned_at"] else None,
            row["behind_entries"] if row["behind_since"] else 0,
            max(int(now) - row["behind_since"], 0) if row["behind_since"] else 0,
            row["why"],
        )
        for row in told["witnesses"]
    ]


def evidence() -> list[Evidence]:
    """The evidence files in the public folder, judged with the log's own key."""
    key = vkey()
    return all_evidence(public_folder(), log_key=parse_vkey(key)) if key else []


def refused() -> list[str]:
    """Names of the kept refusals of witnesses, below `refusals/`."""
    return refusals(public_folder())


def entry_bytes(number: int) -> bytes | None:
    """The bytes of entry `number` as settlement wrote them; None if there is no such entry.

    Reads: tlog_entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, count, entries FROM tlog_entries WHERE first <= %s"
            " ORDER BY first DESC LIMIT 1",
            (number,),
        )
        row = cursor.fetchone()
    if row is None or not row[0] <= number < row[0] + row[1]:
        return None
    entries = decode_bundle(bytes(row[2]), width=row[1])
    return entries[number - int(row[0])]


def entry(number: int) -> dict[str, Any] | None:
    """Entry `number` as its fields; None if there is no such entry."""
    raw = entry_bytes(number)
    return msgspec.json.decode(raw) if raw is not None else None


def size() -> int:
    """How many entries settlement has written, published or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(first + count), 0) FROM tlog_entries")
        return int(cursor.fetchone()[0])


def latest(count: int, before: int | None = None) -> list[dict[str, Any]]:
    """The newest `count` entries below number `before`, newest first, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, count, entries FROM tlog_entries WHERE first < %s"
            " AND first + count > %s ORDER BY first DESC",
            (end := size() if before is None else before, end - count),
        )
        rows = cursor.fetchall()
    found: list[dict[str, Any]] = []
    for first, width, raw in rows:
        entries = decode_bundle(bytes(raw), width=width)
        for place in range(min(width, end - first) - 1, -1, -1):
            if len(found) == count:
                return found
            found.append(msgspec.json.decode(entries[place]))
    return found


def latest_of(
    kinds: Collection[str], count: int, before: int, *, within: int
) -> tuple[list[dict[str, Any]], int]:
    """The newest `count` entries of some kinds below `before`, newest first, and where to go on.

    Looks back over at most `within` entries, so a page costs the same however rare a kind is;
    the number returned is where the next page begins, 0 at the log's end. One query.
    """
    marks = tuple(f'"k":"{kind}"'.encode() for kind in kinds)
    floor = max(before - within, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, count, entries FROM tlog_entries WHERE first < %s"
            " AND first + count > %s ORDER BY first DESC",
            (before, floor),
        )
        rows = cursor.fetchall()
    found: list[dict[str, Any]] = []
    for first, width, raw in rows:
        if not any(mark in bytes(raw) for mark in marks):
            continue
        entries = decode_bundle(bytes(raw), width=width)
        for place in range(min(width, before - first) - 1, max(floor - first, 0) - 1, -1):
            if not any(mark in entries[place] for mark in marks):
                continue
            entry = msgspec.json.decode(entries[place])
            if entry["k"] in kinds:
                found.append(entry)
            if len(found) == count:
                return found, int(first) + place
    return found, floor


@dataclass(frozen=True, slots=True)
class Placed:
    """A published entry: its bytes, the hashes up to a checkpoint's root, the proof to share."""

    entry: bytes
    path: tuple[bytes, ...]
    proof: bytes


def placed(number: int, published: PublishedCheckpoint | None) -> Placed | None:
    """Entry `number` with its place below a checkpoint, all from the log's own files.

    A database restored from a backup may lack what was published: the public files are for ever.
    None if that checkpoint does not have it yet.
    """
    if published is None or not 0 <= number < published.size:
        return None
    tree = _tree(published.size)
    entry, path = tree.entry(number), tuple(tree.inclusion_proof(index=number))
    return Placed(entry, path, _proof_file(number, path, published, share_extra(leaf=entry)))


def proof(number: int, extra: bytes | None = None) -> bytes | None:
    """A C2SP proof file of entry `number`; None if it is not published yet.

    Without `extra` it carries the entry itself, to share; with the opening made by
    merkle.commitment.opening_extra it is the receipt to keep.
    """
    published = checkpoint()
    if published is None or not 0 <= number < published.size:
        return None
    tree = _tree(published.size)
    return _proof_file(
        number,
        tuple(tree.inclusion_proof(index=number)),
        published,
        extra if extra is not None else share_extra(leaf=tree.entry(number)),
    )


def _proof_file(
    number: int, path: tuple[bytes, ...], published: PublishedCheckpoint, extra: bytes
) -> bytes:
    checkpoint = published.text.encode()
    return ProofFile(index=number, path=path, checkpoint=checkpoint, extra=extra).to_bytes()


def _tree(leaves: int) -> TileTree:
    folder = public_folder()
    return TileTree(size=leaves, read_tile=lambda path: _read_held(f"{folder}/{path}"))


def _read_held(path: str) -> bytes | None:
    """A tile or bundle; one that did not change is not read again."""
    try:
        seen = os.stat(path)  # noqa: PTH116 - asked for three times a page
        return _read_as(path, seen.st_mtime_ns, seen.st_size, seen.st_ino)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=HELD_FILES_MAX)
def _read_as(path: str, _mtime_ns: int, _size: int, _inode: int) -> bytes:
    return Path(path).read_bytes()
