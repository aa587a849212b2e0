"""Watch a Jusha log for a second history 盯住公开日志，防止它给不同的人看不同的账.

One file on purpose: it needs Python 3.11 and the package `cryptography`, nothing of Jusha.

    python watch.py look https://HOST/log --vkey "KEY" --keep FOLDER [--every 60]
                    [--witness https://WITNESS] [--compare FILE-OR-URL]
    python watch.py check EVIDENCE [--vkey "KEY"]

`look` keeps every checkpoint it sees in FOLDER and checks, from the log's own tiles, that each tree
begins with the one before; `--witness` and `--compare` do the same with checkpoints that others
saw. If two checkpoints signed by the log contradict each other it writes an evidence file, which
proves that to anyone, for ever, without the log's help. `check` checks such a file.

Exit code of `look`: 0 consistent; 1 not, or not shown to be; 2 the check could not be made.
Exit code of `check`: 0 the contradiction is proven; 1 it is not; 2 the file cannot be read.

Two signed trees of m <= n entries contradict each other if m = n and the roots differ; or if one
part of the first m entries, a complete subtree, has one hash under the root of m and another under
the root of n: an append-only log cannot have signed both. Formats: c2sp.org/tlog-tiles,
tlog-checkpoint, signed-note; trees by RFC 6962.
"""

import argparse
import base64
import datetime as dt
import hashlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # said in words here, because the reader may not know Python
    sys.stderr.write("无法核对 / CANNOT CHECK: please run: pip install cryptography\n")
    sys.exit(2)

FORMAT = "jusha-evidence/v1"
HASH_BYTES = 32
TILE_WIDTH, TILE_HEIGHT = 256, 8
MAX_FILE_BYTES = 1_000_000
MAX_NUMBER = (1 << 63) - 1
MAX_HASHES = 64
TIMEOUT_SECONDS = 20
ED25519 = 0x01
DASH = "\u2014 "
EMPTY_ROOT = hashlib.sha256(b"").digest()
Read = Callable[[str], bytes | None]
Span = tuple[int, int]


class NotProvenError(Exception):
    """The evidence does not prove a contradiction; the reason in Chinese and English."""


class CannotCheckError(Exception):
    """The check could not be made; the reason in Chinese and English."""


class WithheldError(NotProvenError):
    """The log does not serve a tile that its own checkpoint promises."""


@dataclass(frozen=True)
class Head:
    """A checkpoint that the log signed: origin, size, root, and the note as it was."""

    origin: str
    size: int
    root: bytes
    note: bytes

    @property
    def name(self) -> str:
        """How its file is named."""
        return f"{self.size:019d}-{self.root.hex()[:16]}"


# --- notes ----------------------------------------------------------------------------------------


def need(condition: object, otherwise: str) -> None:
    """Raise ValueError unless the condition holds."""
    if not condition:
        raise ValueError(otherwise)


def decode64(text: object, size: int | None = None) -> bytes:
    """Canonical standard base64 of `size` bytes, or ValueError."""
    data = base64.b64decode(str(text), validate=True)
    is_canonical = base64.b64encode(data).decode() == text
    need(is_canonical and size in (None, len(data)), "not base64 of the right length")
    return data


def parse_vkey(text: str) -> tuple[str, bytes, bytes]:
    """Name, key id and public key of a log's key in its one line, or CannotCheckError."""
    try:
        name, key_id, typed = text.strip().split("+", 2)
        blob = decode64(typed, 1 + HASH_BYTES)
        wanted = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
        need(name and blob[0] == ED25519, "not an Ed25519 key of a log")
        need(wanted.hex() == key_id, "its key id is wrong")
    except ValueError as error:
        raise CannotCheckError(f"公钥不对 / not a log's key: {error}") from error
    return name, wanted, blob[1:]


def open_head(note: bytes, vkey: str) -> Head:
    """A checkpoint only if the log's key signed it, or NotProvenError."""
    name, key_id, public = parse_vkey(vkey)
    try:
        whole = note.decode()
        text, empty_line, tail = whole.rpartition("\n\n")
        origin, size, root, *_ = lines = text.split("\n")
        need(empty_line and all(lines), "no empty line, or one too many")
        need(re.fullmatch(r"0|[1-9][0-9]{0,18}", size, re.ASCII), "no size")
        head = Head(origin, int(size), decode64(root, HASH_BYTES), note)
        own = [decode64(line.split(" ")[2]) for line in tail.split("\n") if line.startswith(DASH)
               and line.split(" ")[1] == name]  # fmt: skip
        own = [blob[4:] for blob in own if blob[:4] == key_id]
        need(origin == name and own, "the log's own signature is not there")
        need(head.size <= MAX_NUMBER, "too large a size")
        for signature in own:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, f"{text}\n".encode())
    except (InvalidSignature, ValueError, IndexError) as error:
        raise NotProvenError(
            f"不是这个日志签名的检查点 / not a checkpoint signed by this log: {error}"
        ) from error
    return head


# --- trees ----------------------------------------------------------------------------------------


def node(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01, left, right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parts_of(size: int) -> list[Span]:
    """The complete subtrees that the first `size` entries fall into, largest first."""
    spans, start = [], 0
    for height in range(size.bit_length() - 1, -1, -1):
        if size >> height & 1:
            spans.append((start, start + (1 << height)))
            start += 1 << height
    return spans


def fold(hashes: list[bytes]) -> bytes:
    """The root over the hashes of `parts_of`."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in hashes[-2::-1]:
        result = node(left, result)
    return result


def way_up(span: Span, size: int) -> list[tuple[Span, bool]]:
    """The siblings on the way from a complete subtree to the root; True: it stands left of us."""
    (start, end), (low, high) = span, (0, size)
    steps: list[tuple[Span, bool]] = []
    while (low, high) != (start, end):
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        if end <= middle:
            steps.append(((middle, high), False))
            high = middle
        else:
            steps.append(((low, middle), True))
            low = middle
    return steps[::-1]


def climb(span: Span, size: int, start_hash: bytes, path: list[bytes]) -> bytes:
    """The root that a subtree's hash and its path lead to, or ValueError."""
    steps = way_up(span, size)
    need(len(steps) == len(path), "the path has another length")
    result = start_hash
    for (_, is_left), sibling in zip(steps, path, strict=True):
        result = node(sibling, result) if is_left else node(result, sibling)
    return result


class Tiles:
    """A tree of `size` entries as the log's tiles tell it.

    Its methods raise WithheldError and CannotCheckError.
    """

    def __init__(self, read: Read, size: int) -> None:
        self.read, self.size = read, size
        self.known: dict[tuple[int, int], bytes] = {}

    def parts(self, size: int) -> list[bytes]:
        """The hashes of `parts_of(size)`, for a size up to this tree's."""
        return [self.subtree(*span) for span in parts_of(size)]

    def proven(self, span: Span, root: bytes) -> tuple[bytes, list[bytes]]:
        """A complete subtree's hash and its path, which lead to this root; or WithheldError.

        Without the climb a false tile below could show the older tree and the tiles above it
        another newer one.
        """
        found = self.subtree(*span)
        path = [self.range_hash(*sibling) for sibling, _ in way_up(span, self.size)]
        if climb(span, self.size, found, path) != root:
            raise WithheldError(
                f"日志的文件与签名的根不符 / the tiles of {span[0]} to {span[1]} do not lead to the"
                f" root of {self.size}"
            )
        return found, path

    def range_hash(self, start: int, end: int) -> bytes:
        """The hash of a range that RFC 6962 splitting can reach."""
        inner = [self.subtree(start + a, start + b) for a, b in parts_of(end - start)]
        return fold(inner)

    def subtree(self, start: int, end: int) -> bytes:
        """The hash of a complete subtree."""
        level, rows = divmod((end - start).bit_length() - 1, TILE_HEIGHT)
        index, offset = divmod(start >> (TILE_HEIGHT * level), TILE_WIDTH)
        row = self.tile(level, index)[offset * HASH_BYTES : (offset + (1 << rows)) * HASH_BYTES]
        hashes = [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]
        while len(hashes) > 1:
            hashes = [node(*hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
        return hashes[0]

    def tile(self, level: int, index: int) -> bytes:
        """One tile's hashes, partial or full."""
        if (level, index) not in self.known:
            width = min((self.size >> TILE_HEIGHT * level) - index * TILE_WIDTH, TILE_WIDTH)
            path = tile_path(level, index)
            data = self.read(f"{path}.p/{width}") if width < TILE_WIDTH else None
            data = data if data is not None else self.read(path)
            if data is None or len(data) < width * HASH_BYTES:
                raise WithheldError(f"日志没有给出 / the log does not serve {path}, {width}")
            self.known[level, index] = data[: width * HASH_BYTES]
        return self.known[level, index]


def tile_path(level: int, index: int) -> str:
    """Where a full tile is."""
    rest, last = divmod(index, 1000)
    groups = [f"{last:03d}"]
    while rest:
        rest, group = divmod(rest, 1000)
        groups.append(f"x{group:03d}")
    return f"tile/{level}/{'/'.join(reversed(groups))}"


# --- evidence -------------------------------------------------------------------------------------


def compare(older: Head, newer: Head, old_parts: list[bytes], read: Read) -> dict[str, Any] | None:
    """None if the newer tree begins with the older one; else the fields of an evidence file.

    `old_parts` are the hashes that the older tree showed when it was seen, if it was.
    """
    if older.size == newer.size:
        return None if older.root == newer.root else {"kind": "same-size"}
    try:
        tree = Tiles(read, newer.size)
        parts = tree.parts(newer.size)
        if fold(parts) != newer.root:
            why = "the tiles do not lead to the newer root"
            return {"kind": "withheld", "why": why, "parts": encode_all(parts)}
        shown = [tree.proven(span, newer.root) for span in parts_of(older.size)]
        parts = [found for found, _ in shown]
        if fold(parts) == older.root:
            return None
        for place, (found, path) in enumerate(shown):
            if fold(old_parts) == older.root and found != old_parts[place]:
                return {
                    "kind": "diverging",
                    "parts": encode_all(old_parts),
                    "place": place,
                    "hash": encode_all([found])[0],
                    "path": encode_all(path),
                }
    except WithheldError as error:
        return {"kind": "withheld", "why": str(error)}
    why = "the newer tree does not begin with the older one, whose parts nobody kept"
    return {"kind": "withheld", "why": why, "parts": encode_all(parts)}


def encode_all(hashes: list[bytes]) -> list[str]:
    """Hashes as base64."""
    return [base64.b64encode(each).decode() for each in hashes]


def prove(evidence: dict[str, Any], vkey: str) -> str:
    """What the evidence proves, in words; raises NotProvenError, CannotCheckError."""
    try:
        older, newer = (open_head(evidence[name].encode(), vkey) for name in ("older", "newer"))
        kind = evidence["kind"]
        if kind == "same-size":
            need(older.size == newer.size, "the sizes differ")
            need(older.root != newer.root, "the roots agree")
            return f"{older.size} entries, two roots"
        if kind == "diverging":
            return _prove_diverging(evidence, older, newer)
        need(kind == "withheld", "an unknown kind")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise NotProvenError(f"证据不成立 / it does not hold: {error}") from error
    raise NotProvenError(
        "两个签名都真，但缺少一致性证明，只能要求日志给出 / both signatures are good, and the log"
        f" has not shown that one continues the other: ask it to. ({evidence.get('why')})"
    )


def _prove_diverging(evidence: dict[str, Any], older: Head, newer: Head) -> str:
    parts = [decode64(each, HASH_BYTES) for each in evidence["parts"][:MAX_HASHES]]
    path = [decode64(each, HASH_BYTES) for each in evidence["path"][:MAX_HASHES]]
    other, spans = decode64(evidence["hash"], HASH_BYTES), parts_of(older.size)
    place = int(evidence["place"])
    need(0 < older.size < newer.size and place >= 0, "the older tree is not the smaller one")
    need(len(parts) == len(spans), "the parts are not those of the older tree")
    need(fold(parts) == older.root, "the parts do not lead to the older root")
    root = climb(spans[place], newer.size, other, path)
    need(root == newer.root, "the path does not lead to the newer root")
    need(other != parts[place], "the two hashes agree")
    first, end = spans[place]
    return f"entries {first} to {end - 1} differ between size {older.size} and {newer.size}"


# --- watching -------------------------------------------------------------------------------------


def fetch(location: str) -> bytes | None:
    """A file or an address; None if there is no such thing. Raises CannotCheckError."""
    try:
        if not location.startswith(("http://", "https://")):
            with Path(location).open("rb") as file:
                return file.read(MAX_FILE_BYTES)
        with urllib.request.urlopen(location, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bytes(answer.read(MAX_FILE_BYTES))
    except urllib.error.HTTPError as error:
        if error.code == 404:  # noqa: PLR2004
            return None
        raise CannotCheckError(f"{location}: {error}") from error
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise CannotCheckError(f"读不到 / cannot read {location}: {error}") from error


def fetch_head(location: str, vkey: str) -> Head:
    """A signed checkpoint from anywhere. Raises CannotCheckError, NotProvenError."""
    note = fetch(location)
    if note is None:
        raise CannotCheckError(f"没有 / there is no {location}")
    return open_head(note, vkey)


class Keeper:
    """The folder of one watcher: every checkpoint seen, with the parts of its tree; evidence."""

    def __init__(self, folder: Path) -> None:
        self.seen, self.evidence = folder / "seen", folder / "evidence"
        for each in (self.seen, self.evidence):
            each.mkdir(parents=True, exist_ok=True)

    def newest(self, vkey: str) -> Head | None:
        """The largest tree seen so far."""
        names = sorted(path for path in self.seen.glob("*.checkpoint"))
        return open_head(names[-1].read_bytes(), vkey) if names else None

    def parts(self, head: Head) -> list[bytes]:
        """The parts of a tree that was seen; empty if they were not kept."""
        path = self.seen / f"{head.name}.parts"
        data = path.read_bytes() if path.exists() else b""
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def keep(self, head: Head, parts: list[bytes]) -> None:
        """Keep a checkpoint and the parts of its tree, for good."""
        write(self.seen / f"{head.name}.parts", b"".join(parts))
        write(self.seen / f"{head.name}.checkpoint", head.note)

    def accuse(self, older: Head, newer: Head, vkey: str, found: dict[str, Any]) -> Path:
        """Write the evidence file; return its path."""
        at = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")
        told = {"format": FORMAT, "log": vkey, "found": at, **found}
        told |= {"older": older.note.decode(), "newer": newer.note.decode()}
        path = self.evidence / f"{found['kind']}-{older.name}-{newer.name}.json"
        write(path, (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())
        return path


def write(path: Path, data: bytes) -> None:
    """Write a file whole and durably."""
    draft = path.with_name(f".{path.name}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def look(log: str, vkey: str, keeper: Keeper, others: list[str]) -> bool:
    """Look once; tell what was found; whether all agrees.

    Raises CannotCheckError, NotProvenError.
    """
    log = log.rstrip("/")

    def read(path: str) -> bytes | None:
        return fetch(f"{log}/{path}")

    now = fetch_head(f"{log}/checkpoint", vkey)
    parts = Tiles(read, now.size).parts(now.size)
    if fold(parts) != now.root:
        raise NotProvenError("日志的文件与签名的根不符 / the tiles do not lead to the signed root")
    before = keeper.newest(vkey)
    told = [(before, "seen before")] if before else []
    told += [(fetch_head(other, vkey), other) for other in others]
    good = True
    for head, whose in told:
        if head.size > now.size:  # it may only be late
            print(f"注意 / NOTE: {head.size} ({whose}), the log shows us {now.size}")
            found = compare(now, head, parts, read)
            pair = now, head
        else:
            found = compare(head, now, keeper.parts(head), read)
            pair = head, now
            if found and found["kind"] == "withheld":
                shown = same_size(head, read, vkey)
                found, pair = ({"kind": "same-size"}, (head, shown)) if shown else (found, pair)
        if found:
            good = False
            path = keeper.accuse(*pair, vkey, found)
            print(f"矛盾 / CONTRADICTION ({found['kind']}, {whose}): {path}")
    keeper.keep(now, parts)
    if good:
        print(f"一致 / CONSISTENT: {now.origin} {now.size} {base64.b64encode(now.root).decode()}")
    return good


def same_size(older: Head, read: Read, vkey: str) -> Head | None:
    """What the log, which keeps every checkpoint it signed, shows for the older size."""
    note = read(f"checkpoints/{older.size}")
    try:
        shown = open_head(note or b"", vkey)
    except NotProvenError:
        return None
    return shown if shown.size == older.size and shown.root != older.root else None


def run_look(options: argparse.Namespace) -> int:
    """Look once, or again and again."""
    origin = parse_vkey(options.vkey)[0]
    name = hashlib.sha256(origin.encode()).hexdigest()
    others = [f"{each.rstrip('/')}/{name}/checkpoint" for each in options.witness]
    others += options.compare
    keeper = Keeper(Path(options.keep))
    while True:
        try:
            result = 0 if look(options.log, options.vkey, keeper, others) else 1
        except CannotCheckError as refusal:
            print(f"无法核对 / CANNOT CHECK: {refusal}", file=sys.stderr)
            result = 2
        except NotProvenError as refusal:
            print(f"不对 / NOT RIGHT: {refusal}")
            result = 1
        if not options.every:
            return result
        sys.stdout.flush()
        time.sleep(options.every)


def run_check(options: argparse.Namespace) -> int:
    """Check an evidence file."""
    data = fetch(options.evidence)
    try:
        evidence = json.loads((data or b"").decode())
        vkey = options.vkey or evidence["log"]
        need(evidence["format"] == FORMAT, "another format")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CannotCheckError(f"不是证据文件 / not an evidence file: {error}") from error
    try:
        words = prove(evidence, vkey)
    except NotProvenError as refusal:
        print(f"没有证明矛盾 / NO CONTRADICTION PROVEN: {refusal}")
        return 1
    print(f"已证明：这个日志签了两本互相矛盾的账。\nPROVEN: this log signed two histories: {words}")
    print(f"  日志 log: {vkey}")
    if not options.vkey:
        print("  公钥取自证据本身，请与您保存的比对。 The key is the evidence's own: compare it")
        print("  with the one you kept (--vkey).")
    return 0


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="watch.py", description="盯住公开日志 / Watch a log for a second history."
    )
    verbs = parser.add_subparsers(required=True)
    watch = verbs.add_parser("look", help="看一次或一直看 / look, once or again and again")
    watch.add_argument("log", help="日志网址或文件夹 / the log's address or folder")
    watch.add_argument("--vkey", required=True, help="日志公钥 / the log's key")
    watch.add_argument("--keep", required=True, help="存放所见 / folder for what was seen")
    watch.add_argument("--every", type=float, default=0, help="每隔几秒 / seconds between looks")
    watch.add_argument("--witness", action="append", default=[], help="见证人 / its address")
    watch.add_argument("--compare", action="append", default=[], help="别人看到的 / a checkpoint")
    watch.set_defaults(run=run_look)
    check = verbs.add_parser("check", help="核对证据文件 / check an evidence file")
    check.add_argument("evidence")
    check.add_argument("--vkey", help="日志公钥 / the log's key")
    check.set_defaults(run=run_check)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except CannotCheckError as refusal:
        print(f"无法核对 / CANNOT CHECK: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show Chinese must not turn a finding into a traceback.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))
