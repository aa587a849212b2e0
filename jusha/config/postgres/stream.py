"""`python -m jusha.config.postgres.stream`: receives the write-ahead log as it is written.

It becomes PostgreSQL's own pg_receivewal, under the OS user that may read the archive again at a
recovery. The server keeps for it what it has not taken yet (a replication slot), up to a limit
behind which the slot is lost and made anew: then whole segments have to fill the hole.
"""

import os
import signal
import sys

import structlog

from jusha.config.postgres.account import Account, bare_env, service_account
from jusha.config.postgres.archive import (
    RECEIVER,
    SLOT,
    archive_folder,
    make_archive,
    stream_run,
)
from jusha.config.postgres.cluster import SUPERUSER, Cluster
from jusha.config.postgres.engine import reachable_engine
from jusha.config.postgres.errors import NotArchiving, PostgresRefusal
from jusha.config.postgres.passwords import read_password
from jusha.config.postgres.place import PORT, make_private_folder
from jusha.config.processes.leash import HOME_MARK, tie_to_parent

log = structlog.get_logger("stream")


def stream(cluster: Cluster) -> None:
    """Replace this process by pg_receivewal into the archive's stream/. Raises PostgresRefusal."""
    folder = archive_folder()
    if folder is None:
        raise NotArchiving("JUSHA_ARCHIVE names no folder: there is nothing to stream into")
    account = service_account(cluster.place.data)
    make_archive(folder, account)
    run = stream_run(folder, goes_on_at=make_slot(cluster))
    make_private_folder(run, account)
    engine = reachable_engine(cluster.engine, account, cluster.place.root)
    argv = [str(engine.tool(RECEIVER)), "--directory", str(run)]
    argv += ["--slot", SLOT, "--synchronous", "--no-loop", "--no-password"]
    argv += ["--host", str(cluster.place.socket), "--port", str(PORT), "--username", SUPERUSER]
    kept = {name: os.environ[name] for name in (HOME_MARK,) if name in os.environ}
    password = {"PGPASSWORD": read_password(cluster.home, "superuser") or ""}
    environment = bare_env(kept | password)
    parent = os.getppid()
    become(account)
    tie_to_parent(parent)  # taking another user's place undid it
    os.chdir("/")
    os.umask(0o077)
    os.execve(argv[0], argv, environment)  # noqa: S606 - the launcher's own argument list


def make_slot(cluster: Cluster) -> str:
    """Make the replication slot, anew where the server had to give it up.

    Returns the segment from which on the server keeps its log for the stream.
    """
    with cluster.connect() as connection:
        row = connection.execute(
            "SELECT wal_status, pg_walfile_name(restart_lsn) FROM pg_replication_slots"
            " WHERE slot_name = %s",
            (SLOT,),
        ).fetchone()
        if row is not None and row[0] == "lost":
            log.error("stream_lost", slot=SLOT, do="make a backup: the stream has a hole")
            connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
            row = None
        if row is not None:
            return str(row[1])
        row = connection.execute(
            "SELECT pg_walfile_name(lsn) FROM pg_create_physical_replication_slot(%s, true)",
            (SLOT,),
        ).fetchone()
    assert row is not None
    return str(row[0])


def become(account: Account) -> None:
    """Take the place of PostgreSQL's OS user, for good; nothing where we are that user."""
    if account.switched:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        stream(Cluster())
    except PostgresRefusal as refusal:
        sys.exit(str(refusal))
