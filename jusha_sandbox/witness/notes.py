"""Signed notes, checkpoints, cosignatures and consistency proofs, as a witness reads them.

Sources: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature; RFC 9162 section 2.1.4.2.
"""

import base64
import re
import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG_KEY: Final = 0x01
COSIGNATURE_KEY: Final = 0x04
HASH_BYTES: Final = 32
PROOF_LINES_MAX: Final = 63
SIGNATURES_MAX: Final = 64
SIZE_MAX: Final = (1 << 63) - 1
EMPTY_ROOT: Final = sha256(b"").digest()
DASH: Final = "\u2014 "
NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NotReadableError(ValueError):
    """What was sent is not the format it must be."""


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint's three lines, its whole text, and its signatures, none of them checked."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """The body of add-checkpoint, taken apart."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes
    head: Head


def number(text: str) -> int:
    """Read a decimal size. Raises NotReadableError."""
    if not NUMBER.fullmatch(text) or int(text) > SIZE_MAX:
        raise NotReadableError("not a size")
    return int(text)


def unbase64(text: str, length: int = 0) -> bytes:
    """Read canonical base64, of `length` bytes if one is given. Raises NotReadableError."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise NotReadableError("not base64") from error
    if base64.b64encode(data).decode() != text or (length and len(data) != length):
        raise NotReadableError("not base64 of the right length")
    return data


def read_request(body: bytes) -> Request:
    """Take the body of add-checkpoint apart. Raises NotReadableError."""
    head, empty_line, note = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise NotReadableError("not ASCII before the checkpoint") from error
    if not empty_line or not first.startswith("old ") or len(lines) > PROOF_LINES_MAX:
        raise NotReadableError("no old size, too many hashes or no empty line")
    proof = tuple(unbase64(line, HASH_BYTES) for line in lines)
    return Request(number(first.removeprefix("old ")), proof, note, read_note(note))


def read_note(note: bytes) -> Head:
    """Take a checkpoint apart. Raises NotReadableError."""
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise NotReadableError("not UTF-8") from error
    text, empty_line, tail = whole.rpartition("\n\n")
    signatures = tail.split("\n")
    if not empty_line or signatures.pop() or not 0 < len(signatures) <= SIGNATURES_MAX:
        raise NotReadableError("no signatures, or too many")
    lines = text.split("\n")
    if any(c < " " and c != "\n" for c in whole) or not all(lines) or len(lines) < 3:  # noqa: PLR2004
        raise NotReadableError("not a checkpoint")
    return Head(
        lines[0], number(lines[1]), unbase64(lines[2], HASH_BYTES), text + "\n",
        tuple(read_signature(line) for line in signatures),
    )  # fmt: skip


def read_signature(line: str) -> tuple[str, bytes, bytes]:
    """Name, key id and payload of a signature line. Raises NotReadableError."""
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not is_name(name):
        raise NotReadableError("not a signature line")
    blob = unbase64(encoded)
    if len(blob) <= 4:  # noqa: PLR2004 - the key id alone
        raise NotReadableError("an empty signature")
    return name, blob[:4], blob[4:]


def is_name(name: str) -> bool:
    """Whether this may name a key."""
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The first 4 bytes of SHA-256(name, newline, type, key)."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def vkey(name: str, kind: int, public: bytes) -> str:
    """A verifier key in its one line."""
    encoded = base64.b64encode(bytes([kind]) + public).decode()
    return f"{name}+{key_id(name, kind, public).hex()}+{encoded}"


def log_key(line: str) -> tuple[str, bytes]:
    """Origin and Ed25519 key of a log's verifier key. Raises NotReadableError."""
    name, *rest = line.strip().split("+", 2)
    if len(rest) != 2 or not is_name(name):  # noqa: PLR2004
        raise NotReadableError("not a verifier key")
    typed = unbase64(rest[1], 1 + HASH_BYTES)
    if typed[0] != LOG_KEY or key_id(name, LOG_KEY, typed[1:]).hex() != rest[0]:
        raise NotReadableError("not an Ed25519 key of a log, or a wrong key id")
    return name, typed[1:]


def signed_by(head: Head, public: bytes) -> bool:
    """Whether the log's own key signed; every signature by it must be right."""
    wanted = (head.origin, key_id(head.origin, LOG_KEY, public))
    own = [payload for name, key, payload in head.signatures if (name, key) == wanted]
    try:
        for payload in own:
            Ed25519PublicKey.from_public_bytes(public).verify(payload, head.text.encode())
    except (InvalidSignature, ValueError):
        return False
    return bool(own)


def cosignature(name: str, key: Ed25519PrivateKey, text: str, *, at_s: int) -> str:
    """The signature line by which a witness says what it saw, and when."""
    message = f"cosignature/v1\ntime {at_s}\n{text}".encode()
    public = key.public_key().public_bytes_raw()
    blob = key_id(name, COSIGNATURE_KEY, public) + struct.pack(">Q", at_s) + key.sign(message)
    return f"{DASH}{name} {base64.b64encode(blob).decode()}\n"


def extends(old_size: int, old_root: bytes, head: Head, proof: tuple[bytes, ...]) -> bool:
    """Whether the proof shows that the new tree begins with the old one."""
    if old_size == 0:
        return not proof and (head.size > 0 or head.root == EMPTY_ROOT)
    if old_size == head.size:
        return not proof and old_root == head.root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path or old_size > head.size:
        return False
    first, last = old_size - 1, head.size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old, new = _pair(node, old), _pair(node, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = _pair(new, node)
        first, last = first >> 1, last >> 1
    return last == 0 and (old, new) == (old_root, head.root)


def _pair(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()
