"""Alipay's certificate mode (公钥证书): who signs is said by a certificate, not by a bare key.

A request names the application's certificate and the roots it trusts, an answer the certificate
that signed it, each by a number: MD5 over the issuer's name and the serial number, joined by "_"
where a file has several roots. The number only points; what counts is that the certificate leads
up to one of the roots, is valid today, and has a key of RSA that made the signature.
Source: Alipay open platform, certificate signing; official SDKs, AntCertificationUtil.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import md5
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from jusha.payments.rails.alipay.signing import KEY_BITS_MIN, KeyRefusedError

DEPTH_MAX: Final = 4
RSA_SIGNED: Final = "1.2.840.113549.1.1."
"""Begins the names of all signatures by RSA (RFC 8017): roots by SM2 have no number here."""


class Signer(NamedTuple):
    """A certificate that may sign: its key, and when it is valid in Unix seconds."""

    key: RSAPublicKey
    begins: int
    ends: int


class Certificates:
    """What an application in certificate mode says of itself, and whom it believes."""

    def __init__(self, *, app_pem: bytes, root_pem: bytes, alipay_pems: Iterable[bytes]) -> None:
        """Read the files as Alipay's console gives them. Raises KeyRefusedError.

        `alipay_pems` are Alipay's certificates, each with those between it and a root behind it.
        """
        app = _read(app_pem)[0]
        self.app_sn, self._app_key = number(app), app.public_key()
        roots = _read(root_pem)
        self.root_sn = root_number(roots)
        self._signers: dict[str, Signer] = {}
        for pem in alipay_pems:
            chain = _read(pem)
            if not _leads_up(chain[0], chain[1:], roots):
                raise KeyRefusedError("Alipay's certificate leads to none of the roots")
            self._signers[number(chain[0])] = _signer(chain[0])
        if not self._signers:
            raise KeyRefusedError("there is no certificate of Alipay's")

    def check_own(self, key: RSAPrivateKey) -> None:
        """Raise KeyRefusedError unless the application's certificate is of this key."""
        if key.public_key() != self._app_key:
            raise KeyRefusedError("the application's certificate is of another key")

    def key(self, sn: object, *, now_s: float) -> RSAPublicKey | None:
        """The key of the certificate of this number; None if it is unknown or not valid now."""
        found = self._signers.get(sn) if isinstance(sn, str) else None
        return found.key if found and found.begins <= now_s <= found.ends else None

    def keys(self, *, now_s: float) -> list[RSAPublicKey]:
        """All keys that may sign now: a notice names no certificate."""
        return [each.key for each in self._signers.values() if each.begins <= now_s <= each.ends]


def number(certificate: x509.Certificate) -> str:
    """Alipay's number of a certificate: hex MD5 of the issuer (RFC 4514) and the serial number."""
    text = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def root_number(roots: Sequence[x509.Certificate]) -> str:
    """The number of a file of roots: of those signed by RSA, in their order."""
    return "_".join(
        number(each)
        for each in roots
        if each.signature_algorithm_oid.dotted_string.startswith(RSA_SIGNED)
    )


def _read(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise KeyRefusedError("a certificate cannot be read") from None


def _leads_up(
    certificate: x509.Certificate,
    between: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
) -> bool:
    at = certificate
    for _ in range(DEPTH_MAX):
        if any(_is_issued(at, by) for by in roots):
            return True
        above = next((by for by in between if _is_issued(at, by)), None)
        if above is None:
            return False
        at = above
    return False


def _is_issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        is_ca = by.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    except x509.ExtensionNotFound:
        return False
    return is_ca


def _signer(certificate: x509.Certificate) -> Signer:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise KeyRefusedError(f"Alipay's certificate has no RSA key of {KEY_BITS_MIN} bits")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends < datetime.now(UTC):
        raise KeyRefusedError("Alipay's certificate is no longer valid")
    return Signer(key, int(begins.timestamp()), int(ends.timestamp()))
