"""Where a home keeps its cluster, and why: decided once, recorded in the home.

`<home>/postgres/` holds place.json and launch.lock. The cluster's root is that same folder, or,
when we are root and PostgreSQL's OS user cannot enter the home (a home below /root, say), the
fallback /var/lib/jusha-<hash of the home's path>. Below the root:

    data/         the cluster, 0700, of PostgreSQL's OS user
    log/          the server's own logs, of that user
    run/          the unix socket, 0700; /tmp/jusha-<hash> instead when its path would be too long
    jusha.conf    our settings, written at each start
    local.conf    yours, if you like
    engine-*/     a copy of the programs, only when that user cannot reach the originals

The root itself belongs to whoever launches, so the server's user can change nothing but its data.
No folder that exists is ever opened to others to make a path passable.
"""

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from jusha.config.postgres.account import Account, can_enter
from jusha.config.postgres.errors import (
    ClusterOfAnother,
    NoReachablePlace,
    UnsafeFolder,
)

FALLBACK_BASE = Path("/var/lib")
SHORT_SOCKET_BASE = Path("/tmp")  # noqa: S108 - the folder in it is 0700 and its owner is checked
PORT = 5432
# sun_path holds 108 bytes on Linux and 104 on macOS, the last of them a NUL.
SOCKET_PATH_BYTES_MAX = 103
# A comma parts hosts in libpq and folders in PostgreSQL: such a path takes the short folder too.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Place:
    """The folders of one home's cluster, and the identity its data had when last seen."""

    home: Path
    root: Path
    system_identifier: str | None = None

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.root / "data"

    @property
    def draft(self) -> Path:
        """Where data is put together before it takes its name in one rename."""
        return self.root / "data.new"

    @property
    def log(self) -> Path:
        """The server's log folder."""
        return self.root / "log"

    @property
    def socket(self) -> Path:
        """The folder of the unix socket; the same for every process that asks."""
        folder = self.root / "run"
        name = os.fsencode(folder / f".s.PGSQL.{PORT}")
        if len(name) <= SOCKET_PATH_BYTES_MAX and PLAIN_PATH.fullmatch(str(folder)):
            return folder
        return SHORT_SOCKET_BASE / f"jusha-{_short_hash(self.root)}"

    @property
    def socket_lock(self) -> Path:
        """The lock file that PostgreSQL keeps beside its socket."""
        return self.socket / f".s.PGSQL.{PORT}.lock"

    @property
    def configuration(self) -> Path:
        """The configuration file that we write."""
        return self.root / "jusha.conf"


def default_home() -> Path:
    """JUSHA_HOME, or `var` in the checkout."""
    named = os.environ.get("JUSHA_HOME")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "var"


def find_place(home: Path) -> Place:
    """The recorded place of this home, or the one it would have by default; writes nothing."""
    home = home.resolve()
    record = _read_record(home)
    root = Path(record.get("root", ".")) if record else Path()
    return Place(home, (home / "postgres" / root).resolve(), record.get("system_identifier"))


def settle_place(home: Path, account: Account) -> Place:
    """Decide and record where the cluster lives, or confirm the record; make the root folder.

    Raises NoReachablePlace, or ClusterOfAnother when the fallback is another living home's.
    """
    place = find_place(home)
    if _record_file(place.home).exists():
        _confirm_fallback(place)
        return place
    if not account.switched or can_enter(account, place.root):
        write_record(place)
        return place
    fallback = FALLBACK_BASE / f"jusha-{_short_hash(place.home)}"
    fallback.mkdir(mode=0o711, parents=True, exist_ok=True)
    fallback.chmod(0o711)
    if not can_enter(account, fallback):
        raise NoReachablePlace(f"OS user {account.name} can enter neither {home} nor {fallback}")
    place = Place(place.home, fallback)
    _confirm_fallback(place)
    write_record(place)
    return place


def write_record(place: Place) -> None:
    """Record root and identity in the home, whole or not at all."""
    inside = place.root == place.home / "postgres"
    record = {"root": "." if inside else str(place.root)}
    if not inside:
        record["why"] = "the OS user that runs PostgreSQL cannot enter this home"
    if place.system_identifier:
        record["system_identifier"] = place.system_identifier
    _write_json(_record_file(place.home), record)


def make_private_folder(folder: Path, account: Account) -> None:
    """Make `folder` with mode 0700 for `account`, or check that it is just that.

    Raises UnsafeFolder for a link, another owner, or a mode that lets others in.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if account.switched:
            os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    open_to_others = stat.S_IMODE(found.st_mode) & 0o077
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or open_to_others:
        raise UnsafeFolder(f"{folder} must be a folder with mode 0700 of OS user {account.name}")


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a rename outlives a power cut only after this."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _record_file(home: Path) -> Path:
    return home / "postgres" / "place.json"


def _read_record(home: Path) -> dict[str, str]:
    try:
        found = json.loads(_record_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {str(key): str(value) for key, value in found.items()}


def _confirm_fallback(place: Place) -> None:
    """A fallback serves one home: a copied home may not open the original's cluster."""
    if place.root == place.home / "postgres":
        return
    keeper = place.root / "home.json"
    if keeper.exists():
        said = Path(json.loads(keeper.read_text(encoding="utf-8"))["home"])
        if said != place.home and find_place(said).root == place.root:
            raise ClusterOfAnother(
                f"{place.root} serves {said}; {place.home} is a copy of it:"
                f" remove {_record_file(place.home)} and restore a backup there"
            )
    _write_json(keeper, {"home": str(place.home)})


def _write_json(path: Path, value: dict[str, str]) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
