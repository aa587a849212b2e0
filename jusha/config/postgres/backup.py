"""A physical copy of the whole cluster, checked byte for byte, and the way back from it.

A backup folder holds `base/` (pg_basebackup with the log needed to make it consistent, and
PostgreSQL's own manifest of SHA-256 sums) and `backup.json`, written last. It holds no secret of
the home: database passwords are inside only as SCRAM verifiers, and restore gives every role the
password that the target home has, or a new one. It does hold all personal data, so it is 0700 and
belongs on an encrypted disk. Keep the other files of `secrets/` by their own custody.

What is deliberately outside: the public log. Its signed checkpoint lives in a file beside
PostgreSQL, and restore neither saves nor touches it. After a restore to an older moment the
publisher therefore sees that its last signed checkpoint is ahead of the database, and refuses to
sign anything that does not extend it: a rewound history cannot be published by accident.
"""

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from jusha.config.marks import BACKUP, set_mark
from jusha.config.postgres.account import Account, run, service_account
from jusha.config.postgres.archive import archive_folder
from jusha.config.postgres.cluster import SUPERUSER, Cluster, identifier
from jusha.config.postgres.engine import Engine, reachable_engine
from jusha.config.postgres.errors import (
    BranchIntoArchive,
    ClusterNotRunning,
    ClusterRunning,
    FolderTaken,
    NoBackup,
    NotEmbedded,
    WrongMajorVersion,
)
from jusha.config.postgres.passwords import password_file, read_password
from jusha.config.postgres.place import (
    PORT,
    Place,
    make_private_folder,
    settle_place,
    sync_folder,
    write_record,
)
from jusha.config.postgres.postmaster import clear_remains
from jusha.config.postgres.roles import prepare
from jusha.config.postgres.urls import external_url

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Backup:
    """What backup.json says: when, by which version, of which cluster, and what was checked."""

    taken_at: str
    version: str
    system_identifier: str
    size_bytes: int
    checks: list[str]


def backup(cluster: Cluster, folder: Path) -> Backup:
    """Copy the running cluster into `folder`, which must not exist, and verify every file of it.

    The folder appears under its name only when all checks passed; a crash leaves `<folder>.new`.
    Raises FolderTaken, ClusterNotRunning, NotEmbedded, ToolFailed.
    """
    refuse_external()
    folder = folder.resolve()
    if folder.exists():
        raise FolderTaken(f"{folder} exists; a backup goes into a new folder")
    if not cluster.is_healthy():
        raise ClusterNotRunning("the database does not answer: run `jusha db start` first")
    draft = folder.with_name(folder.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    engine = cluster.engine
    checks = [_take_base(cluster, draft / "base"), _verify_manifest(engine, draft / "base")]
    account = service_account(cluster.place.data)
    made = Backup(
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=engine.version,
        system_identifier=identifier(
            cluster.place.data, account, reachable_engine(engine, account, cluster.place.root)
        ),
        size_bytes=sum(path.stat().st_size for path in draft.rglob("*") if path.is_file()),
        checks=checks,
    )
    note = draft / "backup.json"
    with note.open("w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(made), indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(draft)
    draft.rename(folder)
    sync_folder(folder.parent)
    set_mark(cluster.home, BACKUP)
    log.info("backup made", folder=str(folder), size_bytes=made.size_bytes)
    return made


def read_backup(folder: Path) -> Backup:
    """What a backup says about itself. Raises NoBackup for anything else or unfinished."""
    try:
        found = json.loads((folder / "backup.json").read_text(encoding="utf-8"))
        return Backup(**found)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError) as error:
        raise NoBackup(f"{folder} holds no finished backup of `jusha db backup`") from error


def restore(cluster: Cluster, folder: Path, *, force: bool = False) -> list[str]:
    """Put the backup in place of the cluster's data, start it, and return the checks that passed.

    Refuses while the server runs (always), and over existing data unless `force`, which moves the
    old data aside as data.before-<UTC time> and deletes nothing. The copy is verified against its
    manifest before it takes the data folder's name. Raises BranchIntoArchive, ClusterRunning,
    FolderTaken, NoBackup, NotEmbedded, WrongMajorVersion, ToolFailed.
    """
    folder = folder.resolve()
    said = read_for(cluster, folder)
    if archive_folder() is not None:
        raise BranchIntoArchive(
            "a restored backup forgets what the archive holds and would archive another history"
            " beside it: use `jusha db recover --to latest`, or unset JUSHA_ARCHIVE"
        )
    with cluster.locked():
        account = service_account(cluster.place.data)
        place = settle_place(cluster.home, account)
        checks = [put_in_place(cluster, folder, said, place, account, force=force)]
        forget_password(cluster, place, account)
    # A crash from here on leaves a restored, stopped cluster that the next start() starts.
    prepare(cluster.home, binaries=cluster.engine.folder)
    return [*checks, *check_live(cluster, said)]


def first_segment(folder: Path) -> str:
    """The first segment of the log that a recovery from this backup needs. Raises NoBackup."""
    read_backup(folder)
    label = (folder / "base" / "backup_label").read_text("utf-8")
    found = re.search(r"^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)$", label, re.MULTILINE)
    if found is None:
        raise NoBackup(f"{folder}/base/backup_label names no segment")
    return found[1]


def read_for(cluster: Cluster, folder: Path) -> Backup:
    """What a backup says of itself, if this cluster's programs can use it.

    Raises NoBackup, NotEmbedded, WrongMajorVersion.
    """
    refuse_external()
    said = read_backup(folder)
    if int(said.version.split(".")[0]) != cluster.engine.major:
        raise WrongMajorVersion(
            f"the backup is of PostgreSQL {said.version}, the programs are {cluster.engine.version}"
        )
    return said


def put_in_place(
    cluster: Cluster, folder: Path, said: Backup, place: Place, account: Account, *, force: bool
) -> str:
    """Make the backup's files the cluster's data, stopped; the old data is moved aside.

    Returns the check that passed. Raises ClusterRunning, FolderTaken, NoBackup, ToolFailed. Called
    under the launcher's lock.
    """
    if cluster.is_running():
        raise ClusterRunning("the database runs: `jusha db stop` first")
    if place.data.exists() and not force:
        raise FolderTaken(f"{place.data} exists; --force moves it aside")
    clear_remains(place.data, place.socket_lock)
    check = _copy(folder / "base", place, account, cluster.engine)
    _swap(place, account, reachable_engine(cluster.engine, account, place.root), said)
    return check


def forget_password(cluster: Cluster, place: Place, account: Account) -> None:
    """Give a stopped cluster a superuser's password of this home; its own may be another's."""
    password_file(cluster.home, "superuser").unlink(missing_ok=True)
    engine = reachable_engine(cluster.engine, account, place.root)
    cluster.reset_superuser(place, account, engine)


def refuse_external() -> None:
    """Refuse where DATABASE_URL names a server of somebody else. Raises NotEmbedded."""
    if external_url() is not None:
        raise NotEmbedded("DATABASE_URL names a server that its own keeper backs up and restores")


def _take_base(cluster: Cluster, base: Path) -> str:
    """Stream the cluster's files and the log written meanwhile; pages with bad sums fail it."""
    place = cluster.place
    argv: list[str | Path] = [cluster.engine.tool("pg_basebackup"), "--pgdata", base]
    argv += ["--host", place.socket, "--port", str(PORT), "--username", SUPERUSER]
    argv += ["--format=plain", "--wal-method=stream", "--checkpoint=fast", "--no-password"]
    argv += ["--manifest-checksums=SHA256"]
    run(argv, extra_env={"PGPASSWORD": read_password(cluster.home, "superuser") or ""})
    return "page checksums verified while reading (pg_basebackup)"


def _verify_manifest(engine: Engine, base: Path) -> str:
    run([engine.tool("pg_verifybackup"), "--exit-on-error", base])
    return "every file and the log to replay agree with the manifest (pg_verifybackup, SHA-256)"


def _copy(base: Path, place: Place, account: Account, engine: Engine) -> str:
    """Copy and verify into the draft folder; a crash leaves a draft that nothing takes for data."""
    shutil.rmtree(place.draft, ignore_errors=True)
    make_private_folder(place.draft, account)
    shutil.copytree(base, place.draft, dirs_exist_ok=True)
    place.draft.chmod(0o700)
    check = _verify_manifest(engine, place.draft)
    if account.switched:
        for path in (place.draft, *place.draft.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return check


def _swap(place: Place, account: Account, engine: Engine, said: Backup) -> None:
    """Two renames; a crash between them leaves no data folder, and start() refuses and says so."""
    found = identifier(place.draft, account, engine)
    if found != said.system_identifier:
        raise NoBackup(f"backup.json is of cluster {said.system_identifier}, the data of {found}")
    if place.data.exists():
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        place.data.rename(place.data.with_name(f"data.before-{stamp}"))
    place.draft.rename(place.data)
    sync_folder(place.root)
    write_record(replace(place, system_identifier=found))


def check_live(cluster: Cluster, said: Backup) -> list[str]:
    """Ask the started server itself: identity, checksums, and every database connectable."""
    with cluster.connect() as connection:
        found = connection.execute(
            "SELECT system_identifier::text, current_setting('data_checksums')"
            " FROM pg_control_system()"
        ).fetchone()
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname"
        ).fetchall()
    assert found == (said.system_identifier, "on")
    for (name,) in names:
        with cluster.connect(name) as connection:
            connection.execute("SELECT count(*) FROM pg_class")
    listed = ", ".join(name for (name,) in names)
    return [
        f"the server answers, is cluster {said.system_identifier}, data checksums on",
        f"every database opens: {listed}",
    ]
