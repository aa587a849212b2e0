"""The OS user PostgreSQL runs as: ourselves, or an ordinary user when we are root.

PostgreSQL refuses to run as root, rightly. Started as root we switch each of its programs to
`jusha_pg` (made by useradd when absent), or to whoever owns an existing data folder.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jusha.config.postgres.errors import ClusterOfAnother, NoAccount, ToolFailed

ACCOUNT_NAME = "jusha_pg"
# Somebody else's ready-made database user, when none can be created (read-only /etc, no useradd).
SECOND_BEST_NAME = "postgres"
# No password, no shell, no home: an account that can only own files and processes.
USERADD_OPTIONS = (
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir=/nonexistent",
    "--shell=/bin/false",
)


@dataclass(frozen=True)
class Account:
    """An OS user; `switched` says that programs must be started as this user by root."""

    name: str
    uid: int
    gid: int
    switched: bool


def service_account(data: Path) -> Account:
    """The OS user that owns, or shall own, the data folder.

    Raises ClusterOfAnother when we are an ordinary user and the data is not ours, NoAccount when
    we are root and no ordinary user can be had.
    """
    owner_uid = _owner_uid(data)
    if os.geteuid() != 0:
        if owner_uid is not None and owner_uid != os.geteuid():
            raise ClusterOfAnother(
                f"{data} belongs to OS user {_name_of(owner_uid)}; run as that user or as root"
            )
        return Account(_name_of(os.geteuid()), os.geteuid(), os.getegid(), switched=False)
    entry = None
    if owner_uid:
        entry = _entry_of(owner_uid)
    if entry is None:
        entry = _find_or_create()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=True)


def run(
    argv: Sequence[str | Path],
    *,
    account: Account | None = None,
    extra_env: Mapping[str, str] | None = None,
    stdin_text: str = "",
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `account` where that needs a switch, and capture what it says.

    The environment is bare, so that no PG* variable of the caller leads a tool astray, and the
    working folder is /, because ours may be closed to `account`. Raises ToolFailed when `check`.
    """
    tool = Path(argv[0])
    try:
        done = subprocess.run(
            argv,
            input=stdin_text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=bare_env(extra_env),
            umask=0o077,
            start_new_session=True,
            user=account.uid if account and account.switched else None,
            group=account.gid if account and account.switched else None,
            extra_groups=[] if account and account.switched else None,
        )
    except PermissionError as error:
        # The program itself is beyond the account's reach: what a shell reports as 126.
        done = subprocess.CompletedProcess([str(part) for part in argv], 126, str(error), "")
    if check and done.returncode != 0:
        raise ToolFailed(tool, done.returncode, done.stdout)
    return done


def bare_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment PostgreSQL's programs get: a path, a neutral language, `extra`."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **(extra or {})}


def can_enter(account: Account, folder: Path) -> bool:
    """Whether `account` gets into `folder` by its full path."""
    done = run(
        ["/bin/sh", "-c", 'cd "$1" && test -x .', "sh", folder], account=account, check=False
    )
    return done.returncode == 0


def _owner_uid(data: Path) -> int | None:
    try:
        return data.stat().st_uid
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ClusterOfAnother(f"{data} is closed to this OS user") from error


def _entry_of(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _name_of(uid: int) -> str:
    entry = _entry_of(uid)
    return entry.pw_name if entry else str(uid)


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _find_or_create() -> pwd.struct_passwd:
    found = _lookup(ACCOUNT_NAME)
    if found is not None:
        return found
    said = "useradd is not installed"
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        made = run(
            [useradd, *USERADD_OPTIONS, ACCOUNT_NAME],
            check=False,
        )
        said = made.stdout.strip()
        # Looked up whatever useradd said: a second process may have made it first.
        found = _lookup(ACCOUNT_NAME)
    found = found or _lookup(SECOND_BEST_NAME)
    if found is None:
        raise NoAccount(
            f"PostgreSQL does not run as root, and OS user {ACCOUNT_NAME} could not be made"
            f" ({said}); create it, or start as an ordinary user"
        )
    return found
