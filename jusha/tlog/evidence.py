"""Evidence against ourselves: shown on the log's page to everyone, as soon as it is put there.

Whoever watches the log with verify/watch.py and sees two signed checkpoints that contradict each
other gets a file that proves it. Such files lie in the log's public folder under `evidence/`; this
is a second reading of them, by code that the script does not share. What proves nothing is shown
as such. Witnesses' refusals lie beside them under `refusals/`, as the publisher wrote them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jusha.merkle.checkpoint import Checkpoint, parse_checkpoint
from jusha.merkle.encoding import decode64
from jusha.merkle.errors import MerkleError
from jusha.merkle.note import Vkey, open_note
from jusha.merkle.tree import node_hash

FORMAT: Final = "jusha-evidence/v1"
FILES_MAX: Final = 50
BYTES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """One file: what it says it found, and whether it proves that this log signed both."""

    name: str
    kind: str
    older: int
    newer: int
    found: str
    is_proven: bool


class NotEvidenceError(ValueError):
    """The file does not prove a contradiction."""


def all_evidence(public: Path, *, log_key: Vkey) -> list[Evidence]:
    """Every evidence file in the log's public folder, newest name last, each one judged."""
    paths = sorted((public / "evidence").glob("*.json"))[:FILES_MAX]
    return [judged(path.name, path.read_bytes()[:BYTES_MAX], log_key=log_key) for path in paths]


def refusals(public: Path) -> list[str]:
    """Names of the witnesses' refusals that the publisher kept, below `refusals/`."""
    return sorted(path.name for path in (public / "refusals").glob("*.txt"))


def judged(name: str, data: bytes, *, log_key: Vkey) -> Evidence:
    """Read one file; whatever it holds, it is no more than it proves."""
    told: Any = {}
    older = newer = -1
    try:
        told = json.loads(data)
        signed = [_signed(told[which], log_key) for which in ("older", "newer")]
        older, newer = (each.size for each in signed)
        prove(told, *signed)
    except (MerkleError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        words = told if isinstance(told, dict) else {}
        return Evidence(name, str(words.get("kind", "?"))[:20], older, newer, "", is_proven=False)
    found = str(told.get("found", ""))[:20]
    return Evidence(name, str(told["kind"]), older, newer, found, is_proven=True)


def prove(told: dict[str, Any], older: Checkpoint, newer: Checkpoint) -> None:
    """Return only if the two signed trees contradict each other.

    Raises NotEvidenceError, MerkleError, KeyError, TypeError, ValueError, IndexError.
    """
    _need(told["format"] == FORMAT)
    if told["kind"] == "same-size":
        _need(older.size == newer.size and older.root_hash != newer.root_hash)
        return
    _need(told["kind"] == "diverging" and 0 < older.size < newer.size)
    spans = _subtrees(older.size)
    parts = [decode64(each) for each in told["parts"]]
    _need(len(parts) == len(spans))
    whole = parts[-1]
    for part in parts[-2::-1]:
        whole = node_hash(part, whole)
    _need(whole == older.root_hash)
    place, other = int(told["place"]), decode64(told["hash"])
    _need(place >= 0 and other != parts[place])
    path = [decode64(each) for each in told["path"]]
    _need(_climbed(*spans[place], newer.size, other, path) == newer.root_hash)


def _signed(note: object, log_key: Vkey) -> Checkpoint:
    checkpoint = parse_checkpoint(open_note(str(note).encode(), known=[log_key]).text)
    _need(checkpoint.origin == log_key.name)
    return checkpoint


def _need(condition: object) -> None:
    if not condition:
        raise NotEvidenceError


def _subtrees(size: int) -> list[tuple[int, int]]:
    """The complete subtrees of the first `size` leaves, largest first."""
    spans, start = [], 0
    while start < size:
        width = 1 << ((size - start).bit_length() - 1)
        spans.append((start, start + width))
        start += width
    return spans


def _climbed(start: int, end: int, size: int, top: bytes, path: list[bytes]) -> bytes:
    """The root that a subtree's hash and the siblings above it lead to."""
    sides, low, high = [], 0, size
    while (low, high) != (start, end):
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        sides.append(start >= middle)
        low, high = (middle, high) if start >= middle else (low, middle)
    _need(len(sides) == len(path))
    for is_right, sibling in zip(reversed(sides), path, strict=True):
        top = node_hash(sibling, top) if is_right else node_hash(top, sibling)
    return top
