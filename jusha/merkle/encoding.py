"""The two text encodings of the log, read strictly: one value has exactly one spelling.

A second spelling of the same bytes (base64 line noise, stray trailing bits, `007`) would let a
file change without its meaning changing, and "one bit changed" must always be seen.
"""

import base64
import binascii

from jusha.merkle.errors import EncodingMalformedError

MAX_NUMBER = (1 << 63) - 1
_MAX_DIGITS = len(str(MAX_NUMBER))


def encode64(data: bytes) -> str:
    """Write bytes as standard base64 with padding (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode64(text: str) -> bytes:
    """Read canonical base64, or raise EncodingMalformedError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EncodingMalformedError("not base64") from error
    if encode64(data) != text:
        raise EncodingMalformedError("base64 is not canonical")
    return data


def parse_number(text: str) -> int:
    """Read a decimal number 0..2^63-1 without sign, space or leading zero.

    Raises EncodingMalformedError.
    """
    if not (0 < len(text) <= _MAX_DIGITS and text.isascii() and text.isdigit()):
        raise EncodingMalformedError("not a plain decimal number")
    if text[0] == "0" and text != "0":
        raise EncodingMalformedError("the number has a leading zero")
    number = int(text)
    if number > MAX_NUMBER:
        raise EncodingMalformedError("the number is larger than 2^63-1")
    return number
