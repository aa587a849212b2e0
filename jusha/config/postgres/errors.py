"""What the launcher refuses, by name, so that a command can say it in one plain sentence."""

from pathlib import Path


class PostgresRefusal(Exception):
    """Base of every expected refusal of the embedded PostgreSQL; the message is for people."""


class NoEngine(PostgresRefusal):
    """No PostgreSQL programs were found where they were looked for."""


class NoAccount(PostgresRefusal):
    """Started as root, yet no ordinary OS user exists or could be made to run PostgreSQL."""


class NoReachablePlace(PostgresRefusal):
    """The OS user of PostgreSQL can enter neither the home folder nor the fallback folder."""


class UnsafeFolder(PostgresRefusal):
    """A folder that must be private exists already and belongs to, or is open to, somebody else."""


class ClusterOfAnother(PostgresRefusal):
    """The data folder belongs to another OS user, or to another home."""


class DataMissing(PostgresRefusal):
    """There was a database here and its folder is gone; an empty one is not made silently."""


class WrongMajorVersion(PostgresRefusal):
    """The data was written by another major version of PostgreSQL than the programs found."""


class ToolFailed(PostgresRefusal):
    """A program of PostgreSQL ended with an error; the message carries its last output."""

    def __init__(self, tool: Path, code: int, output: str) -> None:
        super().__init__(f"{tool.name} ended with code {code}:\n{output.strip()[-4000:]}")


class ClusterDidNotStart(PostgresRefusal):
    """The server ended before it answered; the message carries the end of its log."""


class ClusterLockedOut(PostgresRefusal):
    """The server refuses the stored superuser password."""


class ClusterRunning(PostgresRefusal):
    """The server runs, and what was asked for needs it stopped."""


class ClusterNotRunning(PostgresRefusal):
    """The server does not run, and what was asked for needs it."""


class NotPrepared(PostgresRefusal):
    """The database roles of this home were never made: run `jusha db start`."""


class UnknownRole(PostgresRefusal):
    """A role that is not owner, settle or web."""


class NotEmbedded(PostgresRefusal):
    """DATABASE_URL names a server that somebody else runs; ask its keeper."""


class FolderTaken(PostgresRefusal):
    """A backup goes into a folder that does not exist yet, a restore over data only by force."""


class NoBackup(PostgresRefusal):
    """The folder holds no finished backup made by `jusha db backup`."""


class ArchiveUnreadable(PostgresRefusal):
    """PostgreSQL's OS user cannot get at the archive, or there is none in that folder."""


class ArchiveGap(PostgresRefusal):
    """The archive goes on behind a segment that is missing; what follows it was not recovered."""


class BranchIntoArchive(PostgresRefusal):
    """A past moment begins a branch; archived beside the trunk, it would be taken for its end."""


class TargetOutOfReach(PostgresRefusal):
    """The moment to recover to is before the backup, or behind all that the archive holds."""


class NotArchiving(PostgresRefusal):
    """JUSHA_ARCHIVE is not set, and what was asked for needs an archive."""
