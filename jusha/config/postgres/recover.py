"""Point-in-time recovery: a backup, then the archived log replayed to a moment or to its end.

The order is the same as for a restore, with the log replayed between putting the files in place
and setting the superuser's password: single-user mode would end the recovery before its time. The
public log is not touched. What was recovered to an older moment is refused by settlement, door and
publisher until the rest is recovered too (config/processes/settlement.py, tlog/publish.py).

A crash on the way leaves data that asks for its restore_command at the next start and gets none:
PostgreSQL refuses to start, and the recovery is done again with --force.
"""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from jusha.config.postgres.account import service_account
from jusha.config.postgres.archive import (
    archive_folder,
    check_readable,
    newest_segment,
    restore_command,
)
from jusha.config.postgres.backup import (
    Backup,
    check_live,
    forget_password,
    put_in_place,
    read_for,
)
from jusha.config.postgres.cluster import Cluster, log_tail
from jusha.config.postgres.engine import reachable_engine
from jusha.config.postgres.errors import (
    ArchiveGap,
    ArchiveUnreadable,
    BranchIntoArchive,
    ClusterDidNotStart,
    TargetOutOfReach,
)
from jusha.config.postgres.place import Place, settle_place
from jusha.config.postgres.postmaster import POLL_S, TELL_EVERY_S, find_postmaster, is_running
from jusha.config.postgres.roles import prepare

WAL_SEGMENT_BYTES = 16 << 20
"""What initdb makes by default, and we never ask for another."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Recovered:
    """What a recovery came to: `end` is the place in the log (LSN) at which it stopped."""

    backup: Backup
    end: str
    timeline: int
    newest_commit: datetime | None
    seconds: float
    checks: list[str]


def recover(
    cluster: Cluster,
    folder: Path,
    *,
    archive: Path,
    to: datetime | None = None,
    force: bool = False,
) -> Recovered:
    """Make the cluster's data what it was at `to` (None: the end of the archive), and start it.

    `folder` is a backup made before that moment, `archive` the folder of archive.py. Commits up to
    and including `to` are in. Refuses like restore; raises TargetOutOfReach when `to` is before
    the backup or behind the archive, BranchIntoArchive, ArchiveUnreadable, and ArchiveGap when
    segments behind a missing one were not replayed.
    """
    folder, archive = folder.resolve(), archive.resolve()
    said = read_for(cluster, folder)
    if to is not None and to < datetime.fromisoformat(said.taken_at):
        raise TargetOutOfReach(f"the backup was taken at {said.taken_at}, after {to.isoformat()}")
    if to is not None and archive_folder() == archive:
        raise BranchIntoArchive(
            "what goes on from a past moment must not archive into the same folder, where it would"
            " be taken for the end of the log: unset JUSHA_ARCHIVE, or name another folder"
        )
    began = time.monotonic()
    with cluster.locked():
        account = service_account(cluster.place.data)
        place = settle_place(cluster.home, account)
        check_readable(archive, account)
        if place.data.is_relative_to(archive) or archive.is_relative_to(place.data):
            raise ArchiveUnreadable(f"{archive} is inside the data that it shall recover")
        checks = [put_in_place(cluster, folder, said, place, account, force=force)]
        engine = reachable_engine(cluster.engine, account, place.root)
        (place.data / "recovery.signal").touch()
        pid = cluster.launch(place, account, engine, only_now=_recovery_settings(archive, to))
        _wait_recovered(place, pid)
        newest = _newest_commit(place)
        cluster.stop()
        end, timeline = _end_of(place)
        if to is None:
            checks.append(_check_no_gap(archive, end, timeline))
        forget_password(cluster, place, account)
    prepare(cluster.home, binaries=cluster.engine.folder)
    return Recovered(
        backup=said,
        end=end,
        timeline=timeline,
        newest_commit=newest,
        seconds=time.monotonic() - began,
        checks=[*checks, *check_live(cluster, said)],
    )


def _recovery_settings(archive: Path, to: datetime | None) -> list[str]:
    settings = [
        f"restore_command={restore_command(archive)}",
        "recovery_target_timeline=latest",
        "hot_standby=off",  # nobody may look at a state that is on its way
    ]
    if to is not None:
        settings += [
            f"recovery_target_time={to.astimezone(UTC).isoformat(sep=' ')}",
            "recovery_target_action=promote",
        ]
    return settings


def _wait_recovered(place: Place, pid: int) -> None:
    """Wait, as long as it takes, until the server has replayed all and takes connections."""
    started = told = time.monotonic()
    while True:
        server = find_postmaster(place.data)
        if server is not None and server.pid == pid and server.state == "ready":
            return
        if not is_running(pid):
            tail = log_tail(place.log)
            if "recovery ended before configured recovery target was reached" in tail:
                raise TargetOutOfReach(
                    "the archive ends before that moment: recover to an earlier one, or to the"
                    " latest"
                )
            raise ClusterDidNotStart(f"PostgreSQL ended before it had recovered:\n{tail}")
        if time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            last = log_tail(place.log).splitlines()[-1:]
            log.info("recovering", seconds=round(told - started), log_line=last)
        time.sleep(POLL_S)


def _end_of(place: Place) -> tuple[str, int]:
    """Where the recovery ended, and the timeline that it began there.

    The server writes it into the new timeline's history file, one line a branch.
    """
    newest = max((place.data / "pg_wal").glob("????????.history"), key=lambda path: path.name)
    lines = [line.split("\t") for line in newest.read_text("utf-8").splitlines() if "\t" in line]
    return lines[-1][1], int(newest.name[:8], 16)


def _check_no_gap(archive: Path, end: str, timeline: int) -> str:
    """Refuse when the archive holds segments behind the one in which the replay ended."""
    high, low = (int(part, 16) for part in end.split("/"))
    ended = (high << 32 | low) // WAL_SEGMENT_BYTES
    newest = newest_segment(archive, below_timeline=timeline)
    per_high = (1 << 32) // WAL_SEGMENT_BYTES
    if newest is not None:
        held = int(newest[8:16], 16) * per_high + int(newest[16:], 16)
        if held > ended:
            missing = f"{newest[:8]}{ended // per_high:08X}{ended % per_high:08X}"
            raise ArchiveGap(
                f"the archive reaches to {newest}, and the replay ended at {end}: segment"
                f" {missing} or the next is missing or damaged. The data is recovered up to there"
                " and stopped; bring the segment back and recover again with --force"
            )
    return f"the archive holds nothing behind the end of the replay, {end}"


def _newest_commit(place: Place) -> datetime | None:
    """When the newest transaction that was replayed was committed; None if there was none.

    The server says so in its log alone.
    """
    found = re.findall(
        r"last completed transaction was at log time (\S+ \S+?)\+00$",
        log_tail(place.log),
        re.MULTILINE,
    )
    return datetime.fromisoformat(f"{found[-1]}+00:00") if found else None


def read_moment(text: str) -> datetime | None:
    """Read `--to`: "latest" is None, else a time with its zone. Raises ValueError."""
    if text == "latest":
        return None
    found = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    if found.tzinfo is None:
        message = f"{text} has no time zone: write 2026-11-23T06:30:00Z or +08:00"
        raise ValueError(message)
    return found
