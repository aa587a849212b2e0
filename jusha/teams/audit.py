"""Audit of what was given through teams and companies: each total is the sum of its gifts."""

from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from jusha.ledger.findings import Finding, found_by

TOTALS_SQL: Final = (Path(__file__).parent / "sql" / "audit_totals.sql").read_text()


def check(connection: Connection[Any]) -> list[Finding]:
    """Check the totals up to the cursor. Reads: as sql/audit_totals.sql says."""
    return found_by(connection, "teams", "total is not the sum of its gifts", TOTALS_SQL)
