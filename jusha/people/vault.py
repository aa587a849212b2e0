"""Secrets of the installation: files of 0600 in JUSHA_HOME/secrets, made once.

They are apart from the database, so a copy of one alone tells nothing. Backups of a
real installation keep them apart too.
"""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12


class SealBrokenError(Exception):
    """Sealed bytes do not open: another installation's key, or damaged."""


def load(home: Path, name: str) -> bytes:
    """Return the 32 secret bytes called `name`, making them if they do not exist yet."""
    path = home / "secrets" / f"{name}.secret"
    try:
        return base64.b64decode(path.read_bytes(), validate=True)
    except FileNotFoundError:
        _make(path)
    return base64.b64decode(path.read_bytes(), validate=True)


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = base64.b64encode(secrets.token_bytes(SECRET_BYTES))
    partial = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(fresh)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)  # fails if another process was first: then its secret holds
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """Encrypt with AES-256-GCM; `about` is bound but not stored. Returns nonce || ciphertext."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Open what `seal` made. Raises SealBrokenError for another key, `about` or damage."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError) as error:  # ValueError: too short to have been sealed
        raise SealBrokenError(about.decode(errors="replace")) from error
