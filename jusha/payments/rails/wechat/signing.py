r"""Signatures and sealed parts of WeChat Pay APIv3: bytes to bytes, no network, no clock.

A request is signed over `METHOD\nTARGET\nTIMESTAMP\nNONCE\nBODY\n`, an answer or a notice over
`TIMESTAMP\nNONCE\nBODY\n`, both by SHA-256 with RSA (PKCS #1 v1.5), 2048 bits. A notice's
resource is sealed with AES-256-GCM under a key that only the merchant and WeChat Pay have.
"""

from base64 import b64encode
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
SEALED_BY: Final = "AEAD_AES_256_GCM"
PROBE: Final = b"WECHATPAY/SIGNTEST/"
"""How a signature begins that WeChat Pay made wrong on purpose, to see whether it is checked."""
KEY_BITS: Final = 2048
SIGNATURE_CHARACTERS: Final = 344
"""Base64 of 2,048 bits."""
TIMESTAMP_DIGITS_MAX: Final = 12
NONCE_BYTES_MAX: Final = 64
GCM_NONCE_BYTES: Final = 12

_PADDING: Final = PKCS1v15()
_SHA256: Final = SHA256()
_base64: Final = msgspec.json.Decoder(bytes)
"""Strict, and twice as quick as binascii."""


class NotSealedError(Exception):
    """What was said to be sealed for us does not open with our key."""


def authorization(
    private: RSAPrivateKey,
    *,
    mchid: str,
    serial: str,
    method: str,
    target: str,
    timestamp_s: int,
    nonce: str,
    body: bytes,
) -> str:
    """Return the Authorization header of a request; `target` is path and query as they are sent."""
    text = f"{method}\n{target}\n{timestamp_s}\n{nonce}\n".encode() + body + b"\n"
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature(private, text)}",'
        f'timestamp="{timestamp_s}",serial_no="{serial}"'
    )


def signature(private: RSAPrivateKey, text: bytes) -> str:
    """Sign a text, in base64."""
    return b64encode(private.sign(text, _PADDING, _SHA256)).decode()


def is_signed(
    public: RSAPublicKey, *, given: bytes, timestamp: bytes, nonce: bytes, body: bytes
) -> bool:
    """Say whether `given` (base64, as in the header) signs an answer or a notice.

    Neither timestamp nor nonce may hold a line's end: with one, another cut between the signed
    parts would fit the same signature.
    """
    if len(given) != SIGNATURE_CHARACTERS or given.startswith(PROBE):
        return False
    if not timestamp.isdigit() or len(timestamp) > TIMESTAMP_DIGITS_MAX:
        return False
    if b"\n" in nonce or not 0 < len(nonce) <= NONCE_BYTES_MAX:
        return False
    try:
        raw = _base64.decode(b'"%b"' % given)
        public.verify(raw, b"%b\n%b\n%b\n" % (timestamp, nonce, body), _PADDING, _SHA256)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidSignature):
        return False
    return True


def opened(key: AESGCM, *, nonce: bytes, associated: bytes, ciphertext: bytes) -> bytes:
    """Open a sealed resource; `ciphertext` has the tag at its end. Raises NotSealedError."""
    if len(nonce) != GCM_NONCE_BYTES:
        raise NotSealedError
    try:
        return key.decrypt(nonce, ciphertext, associated)
    except InvalidTag as error:
        raise NotSealedError from error
