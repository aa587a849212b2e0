"""A line of a statement, or of a partner's results, as the deed it is and as the row that is kept.

Two exports of the same line differ in form, so a deed's body is a hash of its facts under a secret,
never of the line's bytes: files that overlap say the same of a payment. Neither the payer's name,
nor a card's token, nor the remark is kept; what is kept of a payer is the person key.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from jusha.giving.gift_maps import GiftMap
from jusha.giving.gift_rows import ID_JOIN, Gift
from jusha.inbox.envelopes import NO_PERSON, Deed
from jusha.inbox.keys import deed_key, hmac_sha256, person_key
from jusha.payments.rails.deed import deed_of
from jusha.payments.rails.seam import Paid
from jusha.payments.reference import read_reference

KEEP_SQL: Final = (Path(__file__).parent / "sql" / "file_lines_keep.sql").read_text()


class Line(NamedTuple):
    """A deed, and what is kept beside it: fen, Unix seconds, codes."""

    deed: Deed
    charity: str
    batch: str
    read: str
    at_s: int


def transfer_line(
    gift: Gift,
    given: GiftMap,
    *,
    payees: Mapping[str, str],
    deed_secret: bytes,
    person_secret: bytes,
) -> Line | None:
    """A credit on a published account, as a payment of the order that its remark names.

    `payees` maps published accounts to charities' codes. Without a readable reference it names
    no order, so settlement holds it; None where the map leaves such money to its owner.
    """
    assert given.transfer is not None
    reading = read_reference(gift.remark)
    if reading.state == "none" and given.transfer.without == "leave":
        return None
    paid = Paid(
        transaction=f"{gift.account}{ID_JOIN}{gift.external_id}",
        order=str(reading.order) if reading.order else "",
        amount=gift.amount,
        asset="CNY",
        merchant=gift.account,
        payer="",  # one export may have the name that another leaves out
        paid_at=gift.at_s,
    )
    deed = deed_of(
        given.channel,
        paid,
        payees=payees,
        deed_secret=deed_secret,
        person_secret=person_secret,
    )
    deed = msgspec.structs.replace(deed, person=_person(gift, given, person_secret))
    return Line(deed, payees.get(gift.account, ""), "", reading.state, gift.at_s)


def result_line(gift: Gift, given: GiftMap, *, deed_secret: bytes, person_secret: bytes) -> Line:
    """One donor's gift in a partner's result file. A card's token becomes a person key here.

    The batch is no part of what the gift is: sent again in a later one, it is the same gift.
    """
    facts = [given.channel, gift.external_id, gift.amount, gift.at_s, gift.project]
    deed = Deed(
        channel=given.channel,
        key=deed_key(deed_secret, given.channel, gift.external_id),
        body=hmac_sha256(deed_secret, msgspec.json.encode(facts)),
        asset="CNY",
        amount=gift.amount,
        project=gift.project,
        campaign=given.campaign,
        person=_person(gift, given, person_secret),
        paid_at=gift.at_s,
    )
    return Line(deed, "", gift.batch, "", gift.at_s)


def keep_lines(connection: psycopg.Connection[Any], channel: str, lines: Iterable[Line]) -> None:
    """Keep lines of one channel. The caller commits, with the inbox. Writes: jusha_fileline."""
    rows = [
        (line.deed.key.hex(), line.charity, line.batch, line.read, line.deed.amount, line.at_s)
        for line in lines
    ]
    if rows:
        names = ("keys", "charities", "batches", "reads", "amounts", "ats")
        columns = {
            name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)
        }
        connection.execute(KEEP_SQL, {"channel": channel} | columns)


def _person(gift: Gift, given: GiftMap, secret: bytes) -> bytes:
    payer = given.payer
    return person_key(secret, payer.rail, gift.payer) if payer and gift.payer else NO_PERSON
