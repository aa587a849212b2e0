"""Alipay's signature as the gateway makes and checks it: RSA in base64 over sorted text."""

import base64
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS: Final = 2048
HASHES: Final = {"RSA2": hashes.SHA256(), "RSA": hashes.SHA1()}  # noqa: S303 - a switch sends it


def joined(form: dict[str, str], *, without: frozenset[str]) -> bytes:
    """Sort a form and join it as it is signed."""
    return "&".join(f"{k}={form[k]}" for k in sorted(form) if k not in without).encode()


def signature(key: rsa.RSAPrivateKey, text: bytes, *, kind: str = "RSA2") -> str:
    """Sign; RSA2 is SHA-256 and RSA is SHA-1."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), HASHES[kind])).decode()


def is_by(key: rsa.RSAPublicKey, text: bytes, given: str) -> bool:
    """Whether the RSA2 signature is this key's."""
    try:
        key.verify(base64.b64decode(given), text, padding.PKCS1v15(), HASHES["RSA2"])
    except (InvalidSignature, ValueError):
        return False
    return True


def key_pair(folder: Path, name: str) -> rsa.RSAPrivateKey:
    """The key of `<name>_private.pem`, made where there is none, and its public half beside it."""
    path = folder / f"{name}_private.pem"
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _write(folder / f"{name}_public.pem", public)
        _write(path, private)
    key_read = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key_read, rsa.RSAPrivateKey):
        raise TypeError(f"{path.name} is no RSA key")
    return key_read


def public_of(path: Path) -> rsa.RSAPublicKey:
    """Read a public key in PEM."""
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError(f"{path.name} is no RSA key")
    return key


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
