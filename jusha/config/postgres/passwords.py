"""Generated database passwords: one file a role, readable by its owner alone.

One file each, so that a later installation can give a process its own role's file and no other.
"""

import contextlib
import os
import secrets
from pathlib import Path

PASSWORD_BYTES = 32


def password_file(home: Path, name: str) -> Path:
    """Where the password of `name` (superuser, owner, settle, web) is kept."""
    return home / "secrets" / f"postgres-{name}.txt"


def new_password() -> str:
    """256 random bits in characters that need no quoting anywhere."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def read_password(home: Path, name: str) -> str | None:
    """The stored password, or None when there is none. Raises PermissionError if not ours."""
    try:
        return password_file(home, name).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def obtain_password(home: Path, name: str) -> str:
    """The stored password; generated and stored first when there is none.

    Two processes that generate at the same moment end up with the same one.
    """
    return read_password(home, name) or store_password(home, name, new_password())


def store_password(home: Path, name: str, password: str) -> str:
    """Write the file with mode 0600 unless it exists; return what the file says then.

    A crash leaves no half-written password: the file appears by a hard link, whole or not at all.
    """
    target = password_file(home, name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, target)
    finally:
        draft.unlink()
    return target.read_text(encoding="ascii").strip()
