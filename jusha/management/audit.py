"""The whole audit: every room's own check, from one snapshot of the database.

It reads only, so it may run at any time, while settlement works, by an operator, a job
or a test; it trusts nothing that one of the checked tables says of another.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

import jusha.campaigns.audit
import jusha.giving.audit
import jusha.inbox.audit
import jusha.ledger.audit
import jusha.matching.audit
import jusha.projects.audit
import jusha.settlement.audit
import jusha.teams.audit
import jusha.tlog.audit
from jusha.ledger.findings import Finding

Check = Callable[[Connection[Any]], list[Finding]]
Progress = Callable[[str, list[Finding]], None]

SNAPSHOT_SQL: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def checks(log_dir: Path | None = None, log_key: str | None = None) -> dict[str, Check]:
    """Return every room's check by the room's name, in the order they run.

    The log comes first: it reads the published checkpoint before the first query takes
    the snapshot, so a publisher at work is never ahead of what the snapshot shows.
    """
    return {
        "tlog": partial(jusha.tlog.audit.check, log_dir=log_dir, log_key=log_key),
        "ledger": jusha.ledger.audit.check,
        "inbox": jusha.inbox.audit.check,
        "projects": jusha.projects.audit.check,
        "matching": jusha.matching.audit.check,
        "giving": jusha.giving.audit.check,
        "campaigns": jusha.campaigns.audit.check,
        "teams": jusha.teams.audit.check,
        "settlement": jusha.settlement.audit.check,
    }


def audit_database(
    connection: Connection[Any],
    log_dir: Path | None = None,
    *,
    log_key: str | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Run every check in one REPEATABLE READ, READ ONLY transaction of its own.

    The connection must be outside a transaction; any role that may read will do.
    `log_dir` is the log's public folder, compared file by file, `log_key` the key that must
    have signed it (default: the installation's own); `progress` is called with each room and
    what was found there. Raises psycopg.Error.
    """
    findings: list[Finding] = []
    with connection.transaction():
        connection.execute(SNAPSHOT_SQL)
        for room, check in checks(log_dir, log_key).items():
            found = check(connection)
            if progress:
                progress(room, found)
            findings += found
    return findings
