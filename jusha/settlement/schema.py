"""Bring the database to this version's schema, and the roles to their rights."""

from pathlib import Path
from typing import Any, Final

from django.core.management import call_command
from django.db import connection

GRANTS: Final = Path(__file__).parent / "sql" / "grants.sql"


def migrate() -> None:
    """Apply all migrations and give the working roles their rights; safe to repeat.

    Runs as the owner role. Reads: the schema. Writes: the schema, grants.
    """
    call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute(GRANTS.read_text())


def is_current(raw: Any) -> bool:
    """Say whether the last migration of this version has been applied (any connection)."""
    latest = (Path(__file__).parent.parent / "migrations" / "max_migration.txt").read_text().strip()
    row = raw.execute(
        "SELECT count(*) FROM django_migrations WHERE app = 'jusha' AND name = %s", (latest,)
    ).fetchone()
    return bool(row and row[0])
