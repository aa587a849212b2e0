"""What became of instructions that pages and jobs appended."""

from collections.abc import Collection
from uuid import UUID

from jusha.inbox.connect import django_connection


def obeyed(names: Collection[UUID]) -> set[UUID]:
    """Those of these instructions that settlement obeyed. Reads: settlement_outcome."""
    rows = django_connection().execute(
        "SELECT id FROM settlement_outcome WHERE id = ANY(%s) AND code = 'done'", [[*names]]
    )
    return {row[0] for row in rows.fetchall()}
