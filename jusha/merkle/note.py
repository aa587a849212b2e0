"""Signed notes: a text with signature lines, keys in one line, and what each signature covers.

Sources: c2sp.org/signed-note and c2sp.org/tlog-cosignature. Signature types: Ed25519 over the text
(0x01, logs), Ed25519 cosignature/v1 (0x04, witnesses) and ML-DSA-44 subtree/v1 (0x06, witnesses).
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.encoding import decode64, encode64
from jusha.merkle.errors import (
    EncodingMalformedError,
    NoteMalformedError,
    NoteUnsignedError,
    SignatureInvalidError,
    SignatureUnsupportedError,
    VkeyMalformedError,
)

ED25519 = 0x01
COSIGNATURE_ED25519 = 0x04
COSIGNATURE_MLDSA44 = 0x06
KEY_BYTES = {ED25519: 32, COSIGNATURE_ED25519: 32, COSIGNATURE_MLDSA44: 1312}
SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE_ED25519: 8 + 64, COSIGNATURE_MLDSA44: 8 + 2420}
KEY_ID_BYTES = 4
# 64 post-quantum signatures of 3.3 kB fit; the standard asks for at least 16.
MAX_SIGNATURES = 64
MAX_NOTE_BYTES = 512 * 1024
MAX_TIMESTAMP = (1 << 63) - 1
_TIMESTAMP_BYTES = 8
_MAX_U8_VECTOR = 255
_DASH = "\u2014 "
_VKEY_PARTS = 3
_LINE_PARTS = 2


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: its name, its signature type and the raw public key.

    Raises VkeyMalformedError for an unknown type, a wrong key length or a bad name.
    """

    name: str
    kind: int
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse keys that could verify nothing."""
        if not is_key_name(self.name):
            raise VkeyMalformedError("the name is empty or has a space, a plus or a control")
        if KEY_BYTES.get(self.kind) != len(self.public_key):
            raise VkeyMalformedError(f"type {self.kind} with {len(self.public_key)} key bytes")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || newline || type || public key)."""
        return sha256(self.name.encode() + b"\n" + self._typed_key).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The key in one line: `<name>+<key id in hex>+<base64(type || public key)>`."""
        return f"{self.name}+{self.key_id.hex()}+{encode64(self._typed_key)}"

    @property
    def _typed_key(self) -> bytes:
        return bytes([self.kind]) + self.public_key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose, by which key id, and the bytes after the key id."""

    name: str
    key_id: bytes
    payload: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_DASH}{self.name} {encode64(self.key_id + self.payload)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A parsed note whose signatures nobody has checked yet; do not trust its text."""

    text: str
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """The note as it travels."""
        return (self.text + "\n" + "".join(each.line for each in self.signatures)).encode()


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that verified; `timestamp` is POSIX seconds for a cosignature, else None."""

    vkey: Vkey
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A text that at least one known key signed, with every known signature verified."""

    text: str
    verified: tuple[VerifiedSignature, ...]


class Signer(Protocol):
    """Something that holds a private key and signs note texts with it."""

    @property
    def vkey(self) -> Vkey:
        """The key that verifies what this signer signs."""

    def sign(self, text: str) -> Signature:
        """Sign the text, which ends in a newline."""


class LogSigner:
    """Signs note texts with Ed25519 (type 0x01), as a log signs its checkpoints."""

    def __init__(self, *, name: str, private_key: Ed25519PrivateKey) -> None:
        """Raise VkeyMalformedError if the name cannot stand in a key."""
        self._private_key = private_key
        self.vkey = Vkey(name, ED25519, private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Sign the text including its final newline. Raises NoteMalformedError."""
        _check_text(text)
        payload = self._private_key.sign(text.encode())
        return Signature(self.vkey.name, self.vkey.key_id, payload)


class Cosigner:
    """Cosigns checkpoints as a witness does: what it saw consistent, and when.

    The kind of key decides the form: Ed25519 gives cosignature/v1 (0x04), ML-DSA-44 gives
    subtree/v1 (0x06).
    """

    def __init__(self, *, name: str, private_key: Ed25519PrivateKey | MLDSA44PrivateKey) -> None:
        """Raise VkeyMalformedError if the name cannot stand in a key."""
        self._private_key = private_key
        is_classic = isinstance(private_key, Ed25519PrivateKey)
        kind = COSIGNATURE_ED25519 if is_classic else COSIGNATURE_MLDSA44
        self.vkey = Vkey(name, kind, private_key.public_key().public_bytes_raw())

    def cosign(self, text: str, *, timestamp: int) -> Signature:
        """Cosign a checkpoint's text as seen at `timestamp` (POSIX seconds).

        Raises NoteMalformedError, CheckpointMalformedError.
        """
        _check_text(text)
        message = _cosigned_message(self.vkey, text, timestamp)
        payload = timestamp.to_bytes(_TIMESTAMP_BYTES, "big") + self._private_key.sign(message)
        return Signature(self.vkey.name, self.vkey.key_id, payload)


def is_key_name(name: str) -> bool:
    """Whether a name may stand in a key or a signature line: no space, no plus, no control."""
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


def parse_vkey(text: str) -> Vkey:
    """Read a verifier key in its one spelling; its key id must be right.

    Raises VkeyMalformedError.
    """
    parts = text.split("+", 2)
    if len(parts) != _VKEY_PARTS:
        raise VkeyMalformedError("not <name>+<key id>+<key>")
    try:
        typed_key = decode64(parts[2])
    except EncodingMalformedError as error:
        raise VkeyMalformedError(str(error)) from error
    if not typed_key:
        raise VkeyMalformedError("the key is empty")
    vkey = Vkey(parts[0], typed_key[0], typed_key[1:])
    if vkey.key_id.hex() != parts[1]:
        raise VkeyMalformedError("the key id belongs to another key or name")
    return vkey


def parse_note(data: bytes) -> SignedNote:
    """Split a note into its text and its signature lines, checking no signature.

    Raises NoteMalformedError.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteMalformedError(f"longer than {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteMalformedError("not UTF-8") from error
    if any(char < " " and char != "\n" for char in whole):
        raise NoteMalformedError("control characters")
    text, empty_line, lines = whole.rpartition("\n\n")
    if not empty_line or not text:
        raise NoteMalformedError("no text or no signatures")
    return SignedNote(text + "\n", parse_signature_lines(lines))


def parse_signature_lines(lines: str) -> tuple[Signature, ...]:
    """Read one or more signature lines, as a note ends in them or a witness answers them.

    Raises NoteMalformedError.
    """
    if not lines.endswith("\n"):
        raise NoteMalformedError("no newline after the last signature")
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise NoteMalformedError(f"more than {MAX_SIGNATURES} signatures")
    return tuple(_parse_signature_line(line) for line in signatures)


def open_note(data: bytes, *, known: Iterable[Vkey]) -> OpenedNote:
    """Parse a note and verify every signature by a known key; at least one must be there.

    Signatures by unknown keys are ignored, as the standard asks. Raises NoteMalformedError,
    SignatureInvalidError, NoteUnsignedError, SignatureUnsupportedError.
    """
    note = parse_note(data)
    return OpenedNote(note.text, verify_signatures(note, known=known))


def verify_signatures(note: SignedNote, *, known: Iterable[Vkey]) -> tuple[VerifiedSignature, ...]:
    """Verify every signature by a known key over the note's text; at least one must be there.

    Raises SignatureInvalidError, NoteUnsignedError, SignatureUnsupportedError.
    """
    keys: dict[tuple[str, bytes], Vkey] = {}
    for vkey in known:
        if keys.setdefault((vkey.name, vkey.key_id), vkey) != vkey:
            raise VkeyMalformedError("two known keys share a name and a key id")
    verified = []
    for each in note.signatures:
        signer = keys.get((each.name, each.key_id))
        if signer is not None:
            timestamp = verify_signature(signer, note.text, each)
            verified.append(VerifiedSignature(signer, timestamp))
    if not verified:
        raise NoteUnsignedError
    return tuple(verified)


def verify_signature(vkey: Vkey, text: str, signature: Signature) -> int | None:
    """Return the signature's timestamp (None for 0x01) only if it verifies over the text.

    Raises SignatureInvalidError, SignatureUnsupportedError.
    """
    if (signature.name, signature.key_id) != (vkey.name, vkey.key_id):
        raise SignatureInvalidError("made by another key")
    if len(signature.payload) != SIGNATURE_BYTES[vkey.kind]:
        raise SignatureInvalidError(f"{len(signature.payload)} bytes by {vkey.name}")
    if vkey.kind == ED25519:
        _verify_bytes(vkey, signature.payload, text.encode())
        return None
    timestamp = int.from_bytes(signature.payload[:_TIMESTAMP_BYTES], "big")
    if timestamp > MAX_TIMESTAMP:
        raise SignatureInvalidError("the timestamp is out of range")
    message = _cosigned_message(vkey, text, timestamp)
    _verify_bytes(vkey, signature.payload[_TIMESTAMP_BYTES:], message)
    return timestamp


def sign_note(text: str, *, signers: Sequence[Signer]) -> bytes:
    """The note that the signers sign, in their order. Raises NoteMalformedError."""
    if not signers:
        raise NoteMalformedError("no signer")
    return SignedNote(text, tuple(signer.sign(text) for signer in signers)).to_bytes()


def add_signatures(data: bytes, *, signatures: Sequence[Signature]) -> bytes:
    """The same note with further signature lines after its own, each (name, key id) once.

    A line whose key already signed is left out. Raises NoteMalformedError.
    """
    note = parse_note(data)
    lines = {(each.name, each.key_id): each for each in note.signatures}
    for each in signatures:
        lines.setdefault((each.name, each.key_id), each)
    if len(lines) > MAX_SIGNATURES:
        raise NoteMalformedError(f"more than {MAX_SIGNATURES} signatures")
    return SignedNote(note.text, tuple(lines.values())).to_bytes()


def _parse_signature_line(line: str) -> Signature:
    name, *rest = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(rest) != _LINE_PARTS - 1 or not is_key_name(name):
        raise NoteMalformedError("a signature line is not dash, name, signature")
    try:
        blob = decode64(rest[0])
    except EncodingMalformedError as error:
        raise NoteMalformedError(str(error)) from error
    if len(blob) <= KEY_ID_BYTES:
        raise NoteMalformedError("a signature is empty")
    return Signature(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def _check_text(text: str) -> None:
    """Sign nothing that a reader would refuse or split elsewhere."""
    if not text.endswith("\n") or text == "\n":
        raise NoteMalformedError("the text does not end in a newline")
    if any(char < " " and char != "\n" for char in text):
        raise NoteMalformedError("control characters")


def _cosigned_message(vkey: Vkey, text: str, timestamp: int) -> bytes:
    """What a witness signs; its statement is about the first three lines of a checkpoint."""
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise NoteMalformedError("the timestamp is out of range")
    checkpoint = parse_checkpoint(text)
    if vkey.kind == COSIGNATURE_ED25519:
        return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
    return (
        b"subtree/v1\n\0"
        + _u8_vector(vkey.name)
        + struct.pack(">Q", timestamp)
        + _u8_vector(checkpoint.origin)
        + struct.pack(">QQ", 0, checkpoint.size)
        + checkpoint.root_hash
    )


def _u8_vector(text: str) -> bytes:
    data = text.encode()
    if len(data) > _MAX_U8_VECTOR:
        raise NoteMalformedError("a name or origin is longer than 255 bytes")
    return bytes([len(data)]) + data


def _verify_bytes(vkey: Vkey, signature: bytes, message: bytes) -> None:
    try:
        if vkey.kind == COSIGNATURE_MLDSA44:
            MLDSA44PublicKey.from_public_bytes(vkey.public_key).verify(signature, message)
        else:
            Ed25519PublicKey.from_public_bytes(vkey.public_key).verify(signature, message)
    except InvalidSignature as error:
        raise SignatureInvalidError(vkey.name) from error
    except UnsupportedAlgorithm as error:
        raise SignatureUnsupportedError(f"type {vkey.kind}") from error
    except ValueError as error:
        raise SignatureInvalidError(f"{vkey.name} is not a usable key") from error
