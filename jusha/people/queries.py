"""What of this room is said in SQL."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

KEEP_OPENINGS_SQL: Final = """
WITH made AS (
    INSERT INTO jusha_donorkey (id, words, created_at)
    SELECT id, words, now() FROM unnest(%s::uuid[], %s::bytea[]) AS made (id, words)
)
INSERT INTO jusha_opening (order_no, donor, sealed, created_at)
SELECT order_no, donor, sealed, now()
FROM unnest(%s::bigint[], %s::uuid[], %s::bytea[]) AS kept (order_no, donor, sealed)"""
MAKE_KEYS_SQL: Final = """
INSERT INTO jusha_donorkey (id, account, words, created_at)
SELECT id, %s::uuid, words, now() FROM unnest(%s::uuid[], %s::bytea[]) AS made (id, words)
ON CONFLICT DO NOTHING"""
ADD_RECEIPTS_SQL: Final = """
UPDATE jusha_donorkey SET receipts = coalesce(receipts, %s)
WHERE id = %s AND erased_at IS NULL
RETURNING receipts"""


class WrappedKey(NamedTuple):
    """A donor's key for words as it is stored."""

    donor: UUID
    words: bytes


class SealedRecord(NamedTuple):
    """The private record of an order, sealed under its donor's key; None: the vault's own."""

    order_no: int
    donor: UUID | None
    sealed: bytes


def keep_openings(rows: Sequence[SealedRecord], minted: Sequence[WrappedKey]) -> None:
    """Keep private records, and the keys of donors that were minted for them: one statement.

    Raises IntegrityError where an order or a donor is known. Writes: jusha_opening,
    jusha_donorkey.
    """
    keys = [[each[place] for each in minted] for place in range(2)]
    records = [[each[place] for each in rows] for place in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(KEEP_OPENINGS_SQL, (*keys, *records))


def make_keys(made: Sequence[WrappedKey], *, account: UUID | None) -> int:
    """Keep keys of donors; how many were not there before. `account` only for one donor.

    Writes: jusha_donorkey.
    """
    columns = [[each[place] for each in made] for place in range(2)]
    with connection.cursor() as cursor:
        cursor.execute(MAKE_KEYS_SQL, (account, *columns))
        return int(cursor.rowcount)


def add_receipts_key(donor: UUID, wrapped: bytes) -> bytes | None:
    """Give a donor a key for receipts; the one that holds, or None for an erased donor.

    Writes: jusha_donorkey.
    """
    with connection.cursor() as cursor:
        cursor.execute(ADD_RECEIPTS_SQL, (wrapped, donor))
        row = cursor.fetchone()
    return bytes(row[0]) if row else None
