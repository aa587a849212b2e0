"""The sealed private part of a leaf: committed in public, opened only by who holds the receipt.

The leaf carries cm = SHA-256(COMMIT_DOMAIN || r || JCS(private)); r is 32 secret random bytes of
this one order, so that names and payment references cannot be guessed from cm. A receipt to share
carries the leaf alone, a receipt to keep carries leaf, private part and r.
"""

import hmac
import json
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from jusha.merkle.encoding import decode64, encode64
from jusha.merkle.errors import (
    CanonicalJsonError,
    CommitmentMismatchError,
    EncodingMalformedError,
)

COMMIT_DOMAIN = b"jusha-commit/v1\n"
R_BYTES = 32
MAX_INTEGER = (1 << 53) - 1
MAX_DEPTH = 16
SHARE_FIELDS = frozenset({"leaf"})
OPENING_FIELDS = frozenset({"leaf", "private", "r"})


@dataclass(frozen=True, slots=True)
class Opening:
    """What a receipt's `extra` holds: the leaf's bytes, and the private part if it is opened.

    `private` and `r` are both None in a receipt made to be shared.
    """

    leaf: bytes
    private: dict[str, Any] | None
    r: bytes | None


def canonical_json(value: object) -> bytes:
    """The RFC 8785 bytes of a value in the log's subset of JSON.

    Allowed: objects with ASCII keys, arrays, NFC strings, integers below 2^53 in size, true, false
    and null. Raises CanonicalJsonError for anything else.
    """
    _check_subset(value, MAX_DEPTH)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def parse_canonical_json(data: bytes) -> Any:
    """Read JSON that is exactly what `canonical_json` writes. Raises CanonicalJsonError."""
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise CanonicalJsonError("not JSON") from error
    if canonical_json(value) != data:
        raise CanonicalJsonError("another spelling")
    return value


def commit(*, private: dict[str, Any], r: bytes) -> bytes:
    """The 32-byte commitment to a private part under the secret `r` (32 bytes).

    Raises CanonicalJsonError, CommitmentMismatchError.
    """
    if len(r) != R_BYTES:
        raise CommitmentMismatchError(f"r has {len(r)} bytes, not {R_BYTES}")
    return sha256(COMMIT_DOMAIN + r + canonical_json(private)).digest()


def share_extra(*, leaf: bytes) -> bytes:
    """The `extra` of a receipt to share: the leaf alone. Raises CanonicalJsonError."""
    return canonical_json({"leaf": parse_canonical_json(leaf)})


def opening_extra(*, leaf: bytes, private: dict[str, Any], r: bytes) -> bytes:
    """The `extra` of a receipt to keep; the opening must fit the leaf's `cm`.

    Raises CanonicalJsonError, CommitmentMismatchError.
    """
    extra = canonical_json(
        {"leaf": parse_canonical_json(leaf), "private": private, "r": encode64(r)}
    )
    read_extra(extra)
    return extra


def read_extra(extra: bytes) -> Opening:
    """Read a receipt's `extra` and check its opening, if any, against the leaf's commitment.

    This does not prove the leaf: verify its bytes against the log. Raises CanonicalJsonError,
    CommitmentMismatchError.
    """
    value = parse_canonical_json(extra)
    if not isinstance(value, dict) or value.keys() not in (SHARE_FIELDS, OPENING_FIELDS):
        raise CanonicalJsonError("not a leaf with or without its opening")
    leaf = value["leaf"]
    if not isinstance(leaf, dict):
        raise CanonicalJsonError("the leaf is not an object")
    if "private" not in value:
        return Opening(canonical_json(leaf), None, None)
    private, r = value["private"], _decode(value["r"])
    if not isinstance(private, dict):
        raise CanonicalJsonError("the private part is not an object")
    if not hmac.compare_digest(commit(private=private, r=r), _decode(leaf.get("cm"))):
        raise CommitmentMismatchError
    return Opening(canonical_json(leaf), private, r)


def _decode(value: object) -> bytes:
    if not isinstance(value, str):
        raise CommitmentMismatchError("r or cm is missing")
    try:
        return decode64(value)
    except EncodingMalformedError as error:
        raise CommitmentMismatchError(str(error)) from error


def _check_subset(value: object, depth: int) -> None:
    if depth < 0:
        raise CanonicalJsonError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        if not all(isinstance(key, str) and key.isascii() for key in value):
            raise CanonicalJsonError("a key is not ASCII text")
        _check_subset(list(value.values()), depth)
    elif isinstance(value, list):
        for each in value:
            _check_subset(each, depth - 1)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise CanonicalJsonError("an integer is 2^53 or larger")
    elif value is not None:
        raise CanonicalJsonError(f"{type(value).__name__} has no form")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CanonicalJsonError("a lone surrogate") from error
    if not unicodedata.is_normalized("NFC", text):
        raise CanonicalJsonError("text is not NFC")
