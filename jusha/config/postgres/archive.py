"""The archive: a second place for the write-ahead log, from which a lost cluster is recovered.

JUSHA_ARCHIVE names its folder; without it nothing is archived, because an archive beside the data
on one disk saves nobody and fills it. Two ways lead into it, each in a folder of its own:

    wal/      whole segments, written by the server itself (module basic_archive of PostgreSQL:
              to a draft, made durable, then given its name; never over another file), at the
              latest ARCHIVE_SECONDS after something changed;
    stream/   the same bytes as they are written, a folder for each unbroken run, named by its first
              segment, from `pg_receivewal` as a process of its own, with
              JUSHA_ARCHIVE_STREAM=1: what would be lost shrinks from a minute to milliseconds. With
              JUSHA_ARCHIVE_STREAM=wait nothing acknowledged is lost: door and settlement wait for
              the stream too, and stand still while it is away.

Both belong to PostgreSQL's OS user, 0700: they hold all personal data that the database holds.
"""

import os
import shlex
from pathlib import Path

from jusha.config.postgres.account import Account, can_enter, run
from jusha.config.postgres.errors import ArchiveUnreadable
from jusha.config.postgres.place import make_private_folder

FOLDER_ENV = "JUSHA_ARCHIVE"
STREAM_ENV = "JUSHA_ARCHIVE_STREAM"
WAIT = "wait"
ARCHIVE_SECONDS = 60
RECEIVER = "pg_receivewal"
"""By this name the stream's connection is known to the server."""
SLOT = "jusha_archive"
"""The server keeps what the stream has not taken yet, up to SLOT_KEEPS of it."""
SLOT_KEEPS = "8GB"
SEGMENT_NAME_DIGITS = 24
PARTIAL = ".partial"
HEX = frozenset("0123456789ABCDEF")

UNREADABLE_SCRIPT = """for file in "$1"/wal/* "$1"/stream/* "$1"/stream/*/*; do
    if [ -e "$file" ] && ! [ -r "$file" ]; then echo "$file"; exit 1; fi
done"""


def archive_folder() -> Path | None:
    """JUSHA_ARCHIVE, or None where nothing is archived."""
    named = os.environ.get(FOLDER_ENV)
    return Path(named).resolve() if named else None


def streams() -> bool:
    """Whether JUSHA_ARCHIVE_STREAM asks for the stream too."""
    return archive_folder() is not None and os.environ.get(STREAM_ENV) in {"1", WAIT}


def waits() -> bool:
    """Whether what is acknowledged must be in the stream too."""
    return streams() and os.environ.get(STREAM_ENV) == WAIT


def make_archive(folder: Path, account: Account) -> None:
    """Make the archive's folders for PostgreSQL's OS user.

    Raises UnsafeFolder when they are somebody else's, ArchiveUnreadable when that user cannot get
    there at all.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for part in (folder / "wal", folder / "stream"):
        make_private_folder(part, account)
    if not can_enter(account, folder / "wal"):
        raise ArchiveUnreadable(f"OS user {account.name} cannot enter the archive {folder}")


def settings_for_archive(folder: Path | None) -> dict[str, str]:
    """What the server's configuration says of the archive; nothing for None."""
    if folder is None:
        return {}
    # The owner's commits wait for nobody: it migrates before there is a stream (see roles.py).
    second = {"synchronous_standby_names": RECEIVER, "synchronous_commit": "local"}
    return (second if waits() else {}) | {
        "archive_mode": "on",
        "archive_library": "basic_archive",
        "archive_timeout": f"{ARCHIVE_SECONDS}s",
        "basic_archive.archive_directory": str(folder / "wal"),
        "max_slot_wal_keep_size": SLOT_KEEPS,
    }


def restore_command(folder: Path) -> str:
    """The shell line by which a recovering server fetches one file of its log.

    A whole segment is taken before a streamed one, and the one that was being streamed last.
    """
    place = shlex.quote(str(folder)).replace("%", "%%")
    # The last that is there is taken: of unfinished ones that is the newest run's.
    tries = f"{place}/stream/*/%f{PARTIAL} {place}/stream/*/%f {place}/wal/%f"
    pick = f'last=; for file in {tries}; do test -f "$file" && last=$file; done'
    return f'{pick}; test -n "$last" && cp "$last" "%p"'


def check_readable(folder: Path, account: Account) -> None:
    """Make sure that the recovering server can read every file of the archive.

    One it cannot read would look like the end of the log, and the rest be lost in silence. Raises
    ArchiveUnreadable.
    """
    if not (folder / "wal").is_dir() and not (folder / "stream").is_dir():
        raise ArchiveUnreadable(f"{folder} is no archive: it has neither wal/ nor stream/")
    done = run(["/bin/sh", "-c", UNREADABLE_SCRIPT, "sh", folder], account=account, check=False)
    if done.returncode != 0:
        raise ArchiveUnreadable(f"OS user {account.name} cannot read {done.stdout.strip()}")


def newest_segment(folder: Path, *, below_timeline: int) -> str | None:
    """The name of the last segment in the archive, whole or being streamed; None for none.

    Of several timelines the newest below that one counts: names sort by timeline first.
    """
    end = f"{below_timeline:08X}"
    return max((name for name in map(segment_of, files(folder)) if "" < name < end), default=None)


def files(folder: Path) -> list[Path]:
    """Every file of the archive."""
    return [
        path
        for part in ("wal", "stream")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    ]


def segment_of(path: Path) -> str:
    """The name of the segment that a file is, whole or not; "" for a history file or a label."""
    name = path.name.removesuffix(PARTIAL)
    return name if len(name) == SEGMENT_NAME_DIGITS and set(name) <= HEX else ""


def stream_run(folder: Path, *, goes_on_at: str) -> Path:
    """The run of the stream that segment `goes_on_at` continues, or a new one.

    A run that ended before that segment (another server took over, or the slot was lost) is never
    continued: pg_receivewal would ask for what the server no longer has.
    """
    runs = sorted(path for path in (folder / "stream").iterdir() if path.is_dir())
    if runs:
        reached = max((segment_of(path) for path in runs[-1].iterdir()), default="")
        if max(reached, runs[-1].name) >= goes_on_at:
            return runs[-1]
    return folder / "stream" / goes_on_at


def prune(folder: Path, *, before: str) -> int:
    """Delete whole segments older than segment `before`, in both folders; return how many.

    `before` is the first segment that the oldest backup to be kept needs. History files stay.
    """
    dropped = 0
    for path in files(folder):
        name = segment_of(path.with_name(path.name.partition(".")[0]))  # a label has its segment's
        # The timeline is left out: an older one's segments sort below by their place alone.
        if name and name[8:] < before[8:]:
            path.unlink()
            dropped += 1
    return dropped
