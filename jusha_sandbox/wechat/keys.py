"""The gateway's own keys, and its side of the signatures: what merchants sign, what it signs.

Sources: WeChat Pay's documents on signing requests, verifying answers, and sealed notices.
"""

import base64
import os
import re
import secrets
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from jusha_sandbox.wechat.wire import SCHEME, ComplaintError

SKEW_SECONDS: Final = 300
AUTHORIZATION: Final = re.compile(rf"{SCHEME} (.+)")
PART: Final = re.compile(r'(mchid|nonce_str|signature|timestamp|serial_no)="([^"]*)"')
PARTS: Final = frozenset({"mchid", "nonce_str", "signature", "timestamp", "serial_no"})
CERTIFICATE_DAYS: Final = 1_825


class Signed(NamedTuple):
    """What an Authorization header says, before it is believed."""

    mchid: str
    nonce: str
    signature: str
    timestamp: int
    serial: str


def read_authorization(header: str) -> Signed:
    """Take the header apart. Raises ComplaintError."""
    found = AUTHORIZATION.fullmatch(header)
    parts = dict(PART.findall(found[1])) if found else {}
    if parts.keys() != PARTS or not re.fullmatch("[0-9]{1,12}", parts["timestamp"]):
        raise ComplaintError(401, "SIGN_ERROR", "Http头Authorization值格式错误")
    return Signed(
        parts["mchid"], parts["nonce_str"], parts["signature"],
        int(parts["timestamp"]), parts["serial_no"],
    )  # fmt: skip


def check_request(
    signed: Signed, public_pem: str, *, method: str, target: str, body: bytes, now_s: float
) -> None:
    """Raise ComplaintError unless the merchant signed just this, within five minutes."""
    if abs(now_s - signed.timestamp) > SKEW_SECONDS:
        raise ComplaintError(
            401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
        )
    text = f"{method}\n{target}\n{signed.timestamp}\n{signed.nonce}\n".encode() + body + b"\n"
    if not is_signed(public_pem, text, signed.signature):
        raise ComplaintError(401, "SIGN_ERROR", "签名错误，请检查后再试")


def is_signed(public_pem: str, text: bytes, signature: str) -> bool:
    """Whether the holder of the key signed the text."""
    public = _parsed(public_pem)
    try:
        public.verify(
            base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _parsed(public_pem: str) -> rsa.RSAPublicKey:
    public = serialization.load_pem_public_key(public_pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    return public


def merchant_key(pem: str) -> tuple[str, str]:
    """Read a merchant's public key or certificate: (PEM of the key, serial or "").

    Raises ComplaintError.
    """
    serial = ""
    public: object
    try:
        if "BEGIN CERTIFICATE" in pem:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            public, serial = certificate.public_key(), f"{certificate.serial_number:X}"
        else:
            public = serialization.load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ComplaintError(400, "PARAM_ERROR", "公钥或证书无法读取", "/public_key") from error
    if not isinstance(public, rsa.RSAPublicKey):
        raise ComplaintError(400, "PARAM_ERROR", "公钥不是RSA", "/public_key")
    return _public_pem(public), serial


class PlatformKey:
    """One key that the gateway signs with, known by its id or by its certificate's serial."""

    def __init__(self, id_: str, private: rsa.RSAPrivateKey, certificate_pem: str = "") -> None:
        """Keep the key; without a certificate it is a public key with an id."""
        self.id, self.private, self.certificate_pem = id_, private, certificate_pem

    @property
    def public_pem(self) -> str:
        """The key that verifies."""
        return _public_pem(self.private.public_key())

    def headers(self, body: bytes, *, at_s: int, probe: bool = False) -> dict[str, str]:
        """The headers that sign an answer or a notice; a probe's signature is wrong on purpose."""
        nonce = secrets.token_hex(16)
        text = f"{at_s}\n{nonce}\n".encode() + body + b"\n"
        made = self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        signature = base64.b64encode(made).decode()
        return {
            "Wechatpay-Timestamp": str(at_s),
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{signature}" if probe else signature,
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": self.id,
        }


def sealed(apiv3_key: str, text: bytes, *, associated: str) -> dict[str, str]:
    """Seal a text for a merchant (AEAD_AES_256_GCM)."""
    nonce = secrets.token_hex(6)
    ciphertext = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), text, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(ciphertext).decode(),
        "associated_data": associated,
        "nonce": nonce,
    }


class Keyring:
    """The folder's keys: one public key with an id, and certificates, of which the newest signs."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, making keys where there are none."""
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(folder.glob("PUB_KEY_ID_*.key")):
            _write(folder / f"PUB_KEY_ID_{secrets.randbelow(10**34):034d}.key", _fresh())
        if not any(folder.glob("certificate-*.key")):
            self.rotate()

    @property
    def public_key(self) -> PlatformKey:
        """The key that is known by its id."""
        path = next(iter(sorted(self.folder.glob("PUB_KEY_ID_*.key"))))
        return PlatformKey(path.stem, _private(path.read_bytes()))

    @property
    def certificates(self) -> list[PlatformKey]:
        """All keys with certificates, newest first."""
        found = []
        for path in sorted(self.folder.glob("certificate-*.key"), reverse=True):
            pem = path.with_suffix(".pem").read_text("ascii")
            serial = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:X}"
            found.append(PlatformKey(serial, _private(path.read_bytes()), pem))
        return found

    def rotate(self) -> str:
        """Make a new certificate, which signs from now on; return its serial. The old one stays."""
        number = len(list(self.folder.glob("certificate-*.key")))
        path = self.folder / f"certificate-{number:04d}.key"
        secret = _fresh()
        pem = _certificate(_private(secret))
        _write(path.with_suffix(".pem"), pem)  # the key last: it is what counts
        _write(path, secret)
        return f"{x509.load_pem_x509_certificate(pem).serial_number:X}"


def _certificate(private: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Tenpay.com sign (sandbox)")]
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number((1 << 158) | secrets.randbits(158))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _fresh() -> bytes:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _private(pem: bytes) -> rsa.RSAPrivateKey:
    private = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return private


def _public_pem(public: rsa.RSAPublicKey) -> str:
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
