"""The keys of WeChat Pay, parsed once, and never in a representation, a pickle or a log.

Three kinds, because three places need them: the merchant's private key (the payments process
alone), the APIv3 key that opens notices (the door as well), the platform's public keys (both).
The last two change while traffic flows, so several of each may be valid at once.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from jusha.payments.rails.wechat.signing import (
    KEY_BITS,
    NotSealedError,
    authorization,
    opened,
    signature,
)

PUBLIC_KEY_ID: Final = "PUB_KEY_ID_"
"""How the id of a platform public key begins; anything else is a certificate's serial number."""
APIV3_BYTES: Final = 32
CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
FOR_EVER: Final = 1 << 62


class KeyUnusableError(ValueError):
    """A key is not of the form that WeChat Pay gives out; says which, and shows nothing of it."""


class Secret:
    """What shows its name only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not copied out of its process")


class Merchant(Secret):
    """A merchant's number and its certificate's key: what signs our requests."""

    __slots__ = ("_private", "mchid", "serial")

    def __init__(self, mchid: str, *, serial: str, private_pem: bytes) -> None:
        """Parse the key (apiclient_key.pem). Raises KeyUnusableError."""
        try:
            private = load_pem_private_key(private_pem, password=None)
        except (ValueError, TypeError) as error:
            raise KeyUnusableError("the merchant's private key is no PEM") from error
        if not isinstance(private, RSAPrivateKey) or private.key_size != KEY_BITS:
            raise KeyUnusableError(f"the merchant's private key is not RSA of {KEY_BITS} bits")
        self.mchid, self.serial, self._private = mchid, serial, private

    def authorization(
        self, *, method: str, target: str, timestamp_s: int, nonce: str, body: bytes
    ) -> str:
        """Return the Authorization header of one request."""
        return authorization(
            self._private,
            mchid=self.mchid,
            serial=self.serial,
            method=method,
            target=target,
            timestamp_s=timestamp_s,
            nonce=nonce,
            body=body,
        )

    def signature(self, text: bytes) -> str:
        """Sign the parameters that a page hands to WeChat, in base64."""
        return signature(self._private, text)


class Seal(Secret):
    """The APIv3 keys, newest first: after a change, what the old one sealed is still under way."""

    __slots__ = ("_keys",)

    def __init__(self, *apiv3_keys: bytes) -> None:
        """Take the keys as they were set at WeChat Pay. Raises KeyUnusableError."""
        if not apiv3_keys or any(len(key) != APIV3_BYTES for key in apiv3_keys):
            raise KeyUnusableError(f"an APIv3 key is not of {APIV3_BYTES} bytes")
        self._keys = tuple(AESGCM(key) for key in apiv3_keys)

    def open(self, *, nonce: str, associated: str, ciphertext: bytes) -> bytes:
        """Open a sealed resource. Raises NotSealedError."""
        try:
            given = nonce.encode("ascii"), associated.encode()
        except UnicodeEncodeError as error:
            raise NotSealedError from error
        for key in self._keys[:-1]:
            try:
                return opened(key, nonce=given[0], associated=given[1], ciphertext=ciphertext)
            except NotSealedError:
                continue
        return opened(self._keys[-1], nonce=given[0], associated=given[1], ciphertext=ciphertext)


class Platform:
    """The public keys by which WeChat Pay's signatures are known, each with its end.

    Immutable: a rotation is a new Platform with the keys of both, put in the old one's place.
    """

    __slots__ = ("_keys", "preferred")

    def __init__(self, keys: Mapping[str, tuple[RSAPublicKey, int]]) -> None:
        """Take keys by id, each with the Unix second at which it ends. Raises KeyUnusableError."""
        if not keys:
            raise KeyUnusableError("there is no key of the platform")
        if any(key.key_size != KEY_BITS for key, _ in keys.values()):
            raise KeyUnusableError(f"a key of the platform is not RSA of {KEY_BITS} bits")
        self._keys = {id_.encode("ascii"): kept for id_, kept in keys.items()}
        ids = [id_ for id_ in keys if id_.startswith(PUBLIC_KEY_ID)]
        self.preferred = max(ids, default="")
        """The id of the public key that answers should be signed with; "" with certificates."""

    @classmethod
    def from_pems(
        cls, *, certificates: Iterable[bytes] = (), public_keys: Mapping[str, bytes] | None = None
    ) -> "Platform":
        """Parse certificates (known by their serial) and public keys (known by their id).

        Raises KeyUnusableError.
        """
        keys: dict[str, tuple[RSAPublicKey, int]] = {}
        for pem in certificates:
            id_, key, end_s = certificate(pem)
            keys[id_] = key, end_s
        for id_, pem in (public_keys or {}).items():
            if not id_.startswith(PUBLIC_KEY_ID):
                raise KeyUnusableError(f"a public key's id begins with {PUBLIC_KEY_ID}")
            keys[id_] = _public(pem), FOR_EVER
        return cls(keys)

    @classmethod
    def read(cls, folder: Path) -> "Platform":
        """Read `*.pem` of a folder: certificates, and public keys named `PUB_KEY_ID_….pem`.

        Raises KeyUnusableError.
        """
        certificates, public_keys = [], {}
        for path in sorted(folder.glob("*.pem")):
            pem = path.read_bytes()
            if pem.lstrip().startswith(CERTIFICATE):
                certificates.append(pem)
            else:
                public_keys[path.stem] = pem
        return cls.from_pems(certificates=certificates, public_keys=public_keys)

    @property
    def ids(self) -> frozenset[str]:
        """Serials and ids of all keys, ended ones too."""
        return frozenset(id_.decode() for id_ in self._keys)

    def key(self, id_: bytes, *, now_s: float) -> RSAPublicKey | None:
        """Return the key of a serial or id; None if it is unknown or has ended."""
        found = self._keys.get(id_) or self._keys.get(id_.upper().lstrip(b"0"))
        return found[0] if found is not None and now_s < found[1] else None

    def __repr__(self) -> str:
        return f"<Platform {sorted(self.ids)}>"


def certificate(pem: bytes) -> tuple[str, RSAPublicKey, int]:
    """Read a platform certificate: its serial as headers write it, its key, its last second.

    Raises KeyUnusableError.
    """
    try:
        found = load_pem_x509_certificate(pem)
    except ValueError as error:
        raise KeyUnusableError("a certificate of the platform is no PEM") from error
    key = found.public_key()
    if not isinstance(key, RSAPublicKey):
        raise KeyUnusableError("a certificate of the platform is not for RSA")
    return f"{found.serial_number:X}", key, int(found.not_valid_after_utc.timestamp())


def _public(pem: bytes) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise KeyUnusableError("a public key of the platform is no PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise KeyUnusableError("a public key of the platform is not RSA")
    return key
