"""What the audit reads, in the order of the log: rows and entries as streams, facts one by one.

All streams are server-side cursors over one snapshot, so a million deeds take the memory of
a few thousand.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from psycopg import Connection

from jusha.inbox.envelopes import Instruction
from jusha.ledger.findings import Finding
from jusha.ledger.rules import PLACES
from jusha.money.clock import minute_text
from jusha.settlement.pack import int8s
from jusha.tlog.audit import batches

ROWS_AT_ONCE: Final = 5_000
INBOX_ROWS_AT_ONCE: Final = 20
STRAYS_MAX: Final = 1_000
SECOND_US: Final = 1_000_000
NEVER: Final = 1 << 62
FACTS_KEPT: Final = 20_000

DEEDS_SQL: Final = """
SELECT d.number, d.channel, d.campaign, d.project, d.asset, d.amount, uuid_send(d.person),
       d.order_no, (date_part('epoch', d.received_at) * 1000000)::bigint,
       (date_part('epoch', d.effective_at) * 1000000)::bigint, d.body, d.programme_at,
       d.running_at, d.held
FROM giving_deed d ORDER BY d.number"""

SEEN_SQL: Final = "SELECT number, uuid_send(key), body FROM giving_seen ORDER BY number"
TRANSFERS_SQL: Final = "SELECT id >> 4, id, debit, credit, amount FROM ledger_transfer ORDER BY id"
MATCHES_SQL: Final = """
SELECT id >> 4, id, pool, rule, amount, bound::integer FROM matching_match ORDER BY id"""
CLAIMS_SQL: Final = """
SELECT id >> 4, rule, slice, id, project, amount FROM matching_claim ORDER BY id"""
COUPONS_SQL: Final = "SELECT number, rule, serial FROM matching_coupon ORDER BY number"
INVITES_SQL: Final = """
SELECT number, gift, uuid_send(person) FROM matching_invite ORDER BY number"""
REFUNDS_SQL: Final = "SELECT number, deed, amount, matched FROM giving_refund ORDER BY number"
REPAID_SQL: Final = """
SELECT number, deed, amount, reference, residue, words FROM giving_repaid ORDER BY number"""
CLAWBACKS_SQL: Final = "SELECT number, deed, amount FROM matching_clawback ORDER BY number"
REVIEWS_SQL: Final = "SELECT number, deed, project, held FROM matching_review ORDER BY number"
RELEASES_SQL: Final = """
SELECT number, pool, project, amount, programme_at, running_at FROM matching_release
ORDER BY number"""
VOIDS_SQL: Final = """
SELECT number, project, line, start, length FROM projects_void
ORDER BY number, project, line, start"""
EXPENSES_SQL: Final = """
SELECT number, project, line, start, upto, amount, skipped, ref, what, words, evidence
FROM projects_expense ORDER BY number"""

ORDERS_SQL: Final = """
SELECT o.no, o.project, o.campaign, o.amount, uuid_send(o.person), o.commitment, o.coupon_rule,
       o.coupon, o.invite, o.asset, coalesce((SELECT min(number) FROM payments_paid p
                                              WHERE p.order_no = o.no), -1)
FROM payments_order o WHERE o.no = ANY(%s)"""

FACTS_SQL: Final = """
SELECT d.number, d.channel, d.campaign, d.project, d.asset, d.amount, uuid_send(d.person), d.held,
       d.programme_at, d.running_at,
       least((SELECT min(number) FROM giving_refund WHERE deed = d.number),
             (SELECT number FROM matching_clawback WHERE deed = d.number)),
       coalesce(m.found, '{}')
FROM unnest(%s) AS k (number)
JOIN giving_deed d ON d.number = k.number
LEFT JOIN LATERAL (SELECT array_agg(ARRAY[id & 15, pool, rule, amount] ORDER BY id) AS found
                   FROM matching_match
                   WHERE id >= d.number * 16 AND id < (d.number + 1) * 16) m ON true"""


class Row(NamedTuple):
    """An inbox row as the audit reads it."""

    received_at: Any
    lane: int
    n: int
    envelopes: int
    payload: bytes
    received_us: int


class Place(NamedTuple):
    """Where an envelope stands."""

    lane: int
    n: int
    place: int

    def __str__(self) -> str:
        """Write the place as findings do."""
        return f"lane {self.lane} row {self.n} envelope {self.place}"


class Order(NamedTuple):
    """An order as settlement stored it."""

    no: int
    project: int
    campaign: int
    amount: int
    person: bytes
    commitment: bytes
    coupon_rule: int
    coupon: int
    invite: int
    asset: int
    paid_by: int
    """Number of the gift that paid it, -1 for none."""


class Matched(NamedTuple):
    """A match as it stands on a deed."""

    place: int
    pool: int
    rule: int
    amount: int


class Asked(NamedTuple):
    """An instruction that was carried out: its entry's number, and when it was received."""

    number: int
    instruction: Instruction
    at_us: int

    @property
    def body(self) -> dict[str, Any]:
        """What was asked for."""
        return self.instruction.body

    @property
    def minute(self) -> str:
        """The minute that the entry must show."""
        return minute_text(self.at_us // SECOND_US)


class Facts(NamedTuple):
    """An earlier deed; `undone` is its first refund or claw-back, NEVER without one."""

    number: int
    channel: int
    campaign: int
    project: int
    asset: int
    amount: int
    person: bytes
    held: bool
    programme_at: int
    running_at: int
    undone: int
    matches: tuple[Matched, ...]


class Lane:
    """One lane's rows in order, by a server-side cursor."""

    def __init__(self, connection: Connection[Any], lane: int) -> None:
        """Open the cursor; needs a transaction."""
        self.cursor = connection.cursor(f"audit_lane_{lane}")
        self.cursor.itersize = INBOX_ROWS_AT_ONCE
        self.cursor.execute(
            "SELECT received_at, lane, n, count, payload,"
            " (date_part('epoch', received_at) * 1000000)::bigint"
            " FROM inbox_row WHERE lane = %s ORDER BY n",
            (lane,),
            binary=True,
        )
        self.rows = map(Row._make, self.cursor)
        self.next = next(self.rows, None)

    def until(self, n: int) -> Iterator[Row]:
        """Hand out the rows up to and including n."""
        while self.next is not None and self.next.n <= n:
            yield self.next
            self.next = next(self.rows, None)


class Numbered:
    """Rows that begin with an entry number, handed out entry by entry in one pass."""

    def __init__(self, connection: Connection[Any], name: str, query: str) -> None:
        """Open the server-side cursor; needs a transaction. `name` says what a row is."""
        self.name = name
        self.cursor = connection.cursor(f"audit_{name.replace(' ', '_')}")
        self.cursor.execute(query.encode(), binary=True)
        self.chunk: list[tuple[Any, ...]] = []
        self.place = 0
        self.next: tuple[Any, ...] | None = None
        self.at: int = NEVER
        """Number of the next row; NEVER at the end."""
        self.strays: list[int] = []
        self._go_to(0)

    def _go_to(self, place: int) -> None:
        """Go to a place of the chunk, or to the first of the next one behind its end."""
        if place >= len(self.chunk):
            self.chunk, place = self.cursor.fetchmany(ROWS_AT_ONCE), 0
        self.place = place
        self.next = self.chunk[place] if self.chunk else None
        self.at = self.next[0] if self.next is not None else NEVER

    def takes(self, number: int, rows: list[tuple[Any, ...]]) -> bool:
        """Take the rows of an entry if they stand next and are exactly these; else take none."""
        end = self.place + len(rows)
        if end >= len(self.chunk) and self.chunk:
            more = self.cursor.fetchmany(ROWS_AT_ONCE)
            self.chunk, self.place, end = self.chunk[self.place :] + more, 0, len(rows)
        chunk = self.chunk
        if chunk[self.place : end] != rows or (end < len(chunk) and chunk[end][0] <= number):
            return False
        if end < len(chunk):
            self.place = end
            self.next = row = chunk[end]
            self.at = row[0]
        elif rows:
            self._go_to(end)
        return True

    def takes_one(self, number: int, row: tuple[Any, ...]) -> bool:
        """Take the one row of an entry if it stands next and is exactly this."""
        place, chunk = self.place + 1, self.chunk
        if place >= len(chunk):
            return self.takes(number, [row])
        behind = chunk[place]
        if self.next != row or behind[0] <= number:
            return False
        self.place, self.next, self.at = place, behind, behind[0]
        return True

    def put_back(self, row: tuple[Any, ...]) -> None:
        """Put back in front what was taken last."""
        if self.place:
            self._go_to(self.place - 1)
            return
        self.chunk.insert(0, row)
        self._go_to(0)

    def take(self, number: int) -> list[tuple[Any, ...]]:
        """Return the rows of this entry; rows of entries that were passed over are strays."""
        found: list[tuple[Any, ...]] = []
        while self.at <= number and self.next is not None:
            if self.at == number:
                found.append(self.next)
            elif len(self.strays) < STRAYS_MAX:
                self.strays.append(self.at)
            self._go_to(self.place + 1)
        return found

    def take_one(self, number: int) -> tuple[Any, ...] | None:
        """Return the one row of this entry, None if there is not exactly one."""
        found = self.take(number)
        return found[0] if len(found) == 1 else None

    def rest(self) -> list[int]:
        """Return the numbers of all rows that belong to no entry."""
        self.take(NEVER - 1)
        return self.strays


class Entries:
    """The log's entries in their order."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.batches = batches(connection)
        self.waiting: list[bytes] = []
        self.place = 0
        self.number = 0
        """Of the next entry."""

    def peek(self) -> bytes | None:
        """Return the next entry, None at the end."""
        while self.place == len(self.waiting):
            batch = next(self.batches, None)
            if batch is None:
                return None
            self.waiting, self.place = batch.entries, 0
        return self.waiting[self.place]

    def take(self, number: int) -> bytes | None:
        """Return the entry if it is the next one, and step behind it."""
        if number != self.number:
            return None
        entry = self.peek()
        if entry is not None:
            self.place += 1
            self.number += 1
        return entry

    def skip_to(self, number: int) -> Iterator[Finding]:
        """Pass over entries before `number`: nothing in the inbox asked for them."""
        while self.number < number and (entry := self.take(self.number)) is not None:
            where = f"entry {self.number - 1}"
            told = entry[:200].decode(errors="replace")
            yield Finding("settlement", "entry that nothing asked for", where, found=told)


class Lookup:
    """Facts of single deeds and orders, read for a whole inbox row at once."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self.facts: dict[int, Facts | None] = {}
        self.orders: dict[int, Order | None] = {}

    def read_deeds(self, numbers: Iterable[int]) -> None:
        """Read the deeds with these numbers."""
        wanted = sorted({n for n in numbers if 0 <= n < NEVER} - self.facts.keys())
        if len(self.facts) + len(wanted) > FACTS_KEPT:
            self.facts.clear()
        if not wanted:
            return
        self.facts |= dict.fromkeys(wanted)
        for row in self.connection.execute(FACTS_SQL, (int8s(wanted),), binary=True):
            *fields, undone, found = row
            matches = tuple(map(Matched._make, found))
            undone = NEVER if undone is None else undone
            self.facts[row[0]] = Facts._make([*fields, undone, matches])

    def deed(self, number: int) -> Facts | None:
        """Return what is stored of a deed, None if there is none."""
        if number not in self.facts:
            self.read_deeds([number])
        return self.facts.get(number)

    def read_orders(self, numbers: list[int]) -> None:
        """Read the orders with these numbers, forgetting all others."""
        self.orders = dict.fromkeys(numbers)
        rows = self.connection.execute(ORDERS_SQL, (int8s(numbers),), binary=True)
        self.orders |= {row[0]: Order._make(row) for row in rows}


def of_entry(number: int, place: int) -> int:
    """Name a place of an entry as transfers and matches do."""
    return number * PLACES + place
