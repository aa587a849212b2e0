"""Read what a partner says it sent for its batches, and lay it beside the batches' results.

A remittance is money of many donors in one sum. It makes no deed: the results did. It is kept by
the keyed name of the transfer, so the same file, or one that overlaps it, changes nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg

from jusha.giving.gift_maps import GiftMap
from jusha.giving.gift_rows import Gift, GiftReader
from jusha.giving.import_gifts import file_sha256
from jusha.giving.remittance_rules import Batch, Sums
from jusha.inbox.keys import deed_key
from jusha.money.clock import local_day
from jusha.payments.bills.packed import open_plain
from jusha.payments.bills.records import Rejected

SQL: Final = Path(__file__).parent / "sql"
KEEP_SQL: Final = (SQL / "remittances_keep.sql").read_text()
DIFFER_SQL: Final = (SQL / "remittances_differ.sql").read_text()
BATCHES_SQL: Final = (SQL / "batches.sql").read_text()
EVER: Final = datetime.min.replace(tzinfo=UTC)


class RemittanceRefusedError(Exception):
    """The file was not taken, nothing of it; the text says why and what to do."""


class Taken(NamedTuple):
    """What a file held: lines and fen, and how many lines were new; `left_out` by the map."""

    lines: int
    fen: int
    new: int
    left_out: int


def take_remittances(
    connection: psycopg.Connection[Any],
    *,
    file: Path,
    given: GiftMap,
    secret: bytes,
    now: datetime,
    dry_run: bool = False,
) -> Taken:
    """Keep every remittance of a file, or nothing if one of its lines cannot be read.

    Needs an autocommit connection. Raises RemittanceRefusedError, FileRefusedError. Reads and
    writes: jusha_remittance.
    """
    if given.kind != "remittance":
        raise RemittanceRefusedError(f"the map's kind is {given.kind!r}; allowed: 'remittance'")
    gifts, left_out = _read(file, given, now)
    name = f"{given.channel}/remittance"
    rows: dict[str, Any] = {
        "keys": [deed_key(secret, name, gift.external_id).hex() for gift in gifts],
        "batches": [gift.batch for gift in gifts],
        "amounts": [gift.amount for gift in gifts],
        "ats": [gift.at_s for gift in gifts],
    }
    if len(set(rows["keys"])) < len(gifts):
        raise RemittanceRefusedError("two lines have the same id: does [id] name enough columns?")
    wanted = rows | {"channel": given.channel, "file": file_sha256(file)}
    differing = connection.execute(DIFFER_SQL, wanted).fetchall()
    if differing:
        lines = ", ".join(str(gifts[place - 1].line) for (place,) in differing[:5])
        raise RemittanceRefusedError(
            f"line {lines}: this transfer was read before with another amount, batch or time;"
            " ask the partner which is right"
        )
    new = 0 if dry_run else connection.execute(KEEP_SQL, wanted).rowcount
    return Taken(len(gifts), sum(rows["amounts"]), new, left_out)


def batches(
    connection: psycopg.Connection[Any],
    *,
    channel: str = "",
    codes: Iterable[str] | None = None,
    since: datetime = EVER,
) -> list[Batch]:
    """Every batch with both of its sides, the newest first; of one channel if it is named.

    `codes`: batches with a gift to one of these charities; None for all. `since`: whole batches
    of which any line is from then on. Reads: jusha_fileline, jusha_remittance, giving_seen,
    giving_deed, projects_fund, charities_payee.
    """
    wanted = {
        "channel": channel, "codes": None if codes is None else sorted(codes), "since": since,
    }  # fmt: skip
    return [
        Batch(name, code, Sums(lines, fen), Sums(sent, money), local_day(at_s))
        for name, code, lines, fen, sent, money, at_s in connection.execute(BATCHES_SQL, wanted)
    ]


def _read(file: Path, given: GiftMap, now: datetime) -> tuple[list[Gift], int]:
    gifts, left_out = [], 0
    with open_plain(file) as opened:
        for found in GiftReader(opened, given, now_s=int(now.timestamp()), projects=None):
            if isinstance(found, Rejected):
                raise RemittanceRefusedError(
                    f"line {found.line}: {found.reason} {found.detail}".strip()
                    + "; nothing of the file was taken"
                )
            if isinstance(found, Gift):
                gifts.append(found)
            else:
                left_out += 1
    return gifts, left_out
