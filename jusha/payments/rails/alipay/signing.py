"""RSA2, Alipay's signature: bytes in, bytes out, no network.

RSA2 is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017) in base64. Three texts are signed:

- a request: its parameters but `sign` and the empty ones, sorted, as k=v joined by "&";
- an answer: the exact bytes of the object inside it, as they stand on the wire;
- a notice: its parameters, URL-decoded, but `sign` and `sign_type`, empty ones included.

The hash is pinned: Alipay's older RSA is SHA-1, which is not accepted whatever `sign_type` says.
(One public SDK takes the hash from the signature itself, and so accepts SHA-1.)
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
)

KEY_BITS_MIN: Final = 2048
SIGN_TYPE: Final = "RSA2"
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()
_PEM: Final = re.compile(r"-----(?:BEGIN|END) [A-Z ]+-----")
_BLANKS: Final = b" \t\r\n"
_STRING: Final = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR: Final = re.compile(rb'[^\s",\[\]{}:]+')
_MARKS: Final = re.compile(rb'["\[\]{}]')
DEPTH_MAX: Final = 32


class KeyRefusedError(ValueError):
    """Not an RSA key of at least 2,048 bits."""


class NotAnAnswerError(ValueError):
    """The bytes are not one JSON object with each name once."""


def private_key(text: str) -> RSAPrivateKey:
    """Read the application's key: PEM, or base64 alone as Alipay's tool writes it (PKCS#1 or 8).

    Raises KeyRefusedError, which repeats nothing of the key.
    """
    try:
        key = load_der_private_key(_der(text), password=None)
    except (ValueError, TypeError, binascii.Error):
        raise KeyRefusedError("the private key cannot be read") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise KeyRefusedError(f"the private key is no RSA key of {KEY_BITS_MIN} bits")
    return key


def public_key(text: str) -> RSAPublicKey:
    """Read Alipay's public key: PEM, or base64 alone as its console shows it.

    Raises KeyRefusedError.
    """
    try:
        key = load_der_public_key(_der(text))
    except (ValueError, TypeError, binascii.Error):
        raise KeyRefusedError("the public key cannot be read") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise KeyRefusedError(f"the public key is no RSA key of {KEY_BITS_MIN} bits")
    return key


def _der(text: str) -> bytes:
    return base64.b64decode("".join(_PEM.sub("", text).split()), validate=True)


def request_text(parameters: Mapping[str, str]) -> bytes:
    """The text that a request's signature covers."""
    items = sorted(parameters.items())
    return "&".join(f"{k}={v}" for k, v in items if v and k != "sign").encode()


def notice_text(parameters: Mapping[bytes, bytes]) -> bytes:
    """The text that a notice's signature covers, in whatever charset it was sent."""
    items = sorted(parameters.items())
    return b"&".join(k + b"=" + v for k, v in items if k not in {b"sign", b"sign_type"})


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """Sign a text."""
    return base64.b64encode(key.sign(text, _PADDING, _HASH)).decode()


def is_signed(key: RSAPublicKey, text: bytes, signature: bytes) -> bool:
    """Say whether the base64 signature is this key's, by SHA-256, over exactly this text."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, _PADDING, _HASH)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def spans(raw: bytes) -> dict[str, bytes]:
    """Cut a JSON object in its members: name -> the exact bytes of the value.

    It is a scanner, not a parser: a signature covers bytes, and writing JSON anew changes them
    (order, blanks, escapes, 1.0 and 1). Braces in strings and escaped quotes are strings' own.
    Raises NotAnAnswerError for anything but one object, and for a name that comes twice, of
    which two readers could take a different one.
    """
    found: dict[str, bytes] = {}
    at = _expect(raw, _skip(raw, 0), b"{")
    if raw[at : at + 1] == b"}":
        return _ended(raw, at + 1, found)
    while True:
        end = _string_end(raw, at)
        name = raw[at + 1 : end - 1].decode("utf-8", "replace")
        if name in found or "\\" in name:
            raise NotAnAnswerError("a name comes twice, or is escaped")
        at = _expect(raw, _skip(raw, end), b":")
        end = _value_end(raw, at)
        found[name] = raw[at:end]
        at = _skip(raw, end)
        if raw[at : at + 1] == b"}":
            return _ended(raw, at + 1, found)
        at = _expect(raw, at, b",")


def _ended(raw: bytes, at: int, found: dict[str, bytes]) -> dict[str, bytes]:
    if _skip(raw, at) != len(raw):
        raise NotAnAnswerError("something stands behind the object")
    return found


def _skip(raw: bytes, at: int) -> int:
    while at < len(raw) and raw[at] in _BLANKS:
        at += 1
    return at


def _expect(raw: bytes, at: int, mark: bytes) -> int:
    """Step over a mark and the blanks behind it."""
    if raw[at : at + 1] != mark:
        raise NotAnAnswerError(f"{mark.decode()} is missing")
    return _skip(raw, at + 1)


def _string_end(raw: bytes, at: int) -> int:
    found = _STRING.match(raw, at)
    if found is None:
        raise NotAnAnswerError("a string is missing, or has no end")
    return found.end()


def _value_end(raw: bytes, at: int) -> int:
    """Find the end of the value that begins here."""
    if raw[at : at + 1] == b'"':
        return _string_end(raw, at)
    if raw[at : at + 1] not in {b"{", b"["}:
        found = _SCALAR.match(raw, at)
        if found is None:
            raise NotAnAnswerError("a value is missing")
        return found.end()
    open_marks: list[bytes] = []
    while found := _MARKS.search(raw, at):
        mark, at = found[0], found.end()
        if mark == b'"':
            at = _string_end(raw, at - 1)
        elif mark in {b"{", b"["}:
            open_marks.append(mark)
            if len(open_marks) > DEPTH_MAX:
                raise NotAnAnswerError("nested too deeply")
        elif open_marks.pop() != {b"}": b"{", b"]": b"["}[mark]:
            raise NotAnAnswerError("brackets cross")
        elif not open_marks:
            return at
    raise NotAnAnswerError("a bracket has no end")
