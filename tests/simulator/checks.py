"""What must hold at the end of every history, whatever happened in it.

Each check says what is wrong in words; nothing wrong is an empty list.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from structlog.testing import capture_logs

from jusha.inbox.envelopes import NO_PERSON, Deed, Instruction, Order, decode, digest
from jusha.inbox.read import InboxRow
from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.note import open_note
from jusha.merkle.tiles import ENTRIES, TILE_WIDTH, decode_bundle, tile_at
from jusha.merkle.tree import leaf_hashes, root
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
from jusha.tlog.leaves import CHAIN_START, chained
from tests.simulator.connections import Connection, Double
from tests.simulator.door import KEYS
from tests.simulator.history import History
from tests.simulator.oracle import Oracle
from tests.simulator.oracle_books import DAY, SHANGHAI, At, seconds
from tests.simulator.processes import Process
from tests.simulator.publishing import HOME, SimulatedPublisher
from tests.simulator.schema import EPOCH, LANES, MICROSECOND, Row, tables

Tables = dict[str, list[Row]]
NOT_SETTLEMENTS: Final = {"inbox_lane", "inbox_row", "inbox_raw", "settlement_writer"}
PLACES: Final = 16
CNY: Final = 1
SLICES_FROM: Final = 10**6
"""Windows of a day are numbered below, those of a slice (by its minute) above."""
OF_THE_CUT: Final = {"settlement_batch", "tlog_entries"}
"""Tables whose rows tell how the inbox was cut into batches."""


class End:
    """A history that is over, with everything that its tables hold."""

    def __init__(self, history: History, rows: Tables) -> None:
        self.history, self.rows = history, rows
        self.entries: list[bytes] = []
        for _, count, raw, _ in rows["tlog_entries"]:
            self.entries += decode_bundle(raw, width=count)
        self.leaves: list[dict[str, Any]] = [json.loads(entry) for entry in self.entries]
        self.inbox = {(row[0], row[1]): InboxRow(*row) for row in rows["inbox_row"]}
        self.order = list(self._public_order())

    def _public_order(self) -> Iterator[InboxRow]:
        """The rows as the recorded batches took them."""
        before = dict.fromkeys(range(1, len(LANES) + 1), 0)
        for batch in self.rows["settlement_batch"]:
            after = before | {int(lane): n for lane, n in batch[2].items()}
            taken = [
                self.inbox[lane, n]
                for lane in after
                for n in range(before[lane] + 1, after[lane] + 1)
            ]
            taken.sort(key=lambda row: (row.received_at, row.lane, row.n))
            if digest([row.payload for row in taken]) != batch[5]:
                raise AssertionError(f"batch {batch[0]} was not made of the rows it says")
            yield from taken
            before = after

    def named(self, name: str) -> Iterator[dict[str, Any]]:
        """A table's rows by column."""
        names = [column.name for column in tables()[name].columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows[name])


def inbox_is_settled_once(end: End) -> Iterator[str]:
    """Every durable row is in exactly one batch, and lanes have no gaps."""
    for lane in end.rows["inbox_lane"]:
        mine = sorted(n for at, n in end.inbox if at == lane[0])
        if mine != list(range(1, lane[2] + 1)):
            yield f"lane {lane[1]} has rows {mine}"
    if len(end.order) != len(end.inbox):
        yield f"{len(end.inbox)} rows, {len(end.order)} settled"


def acknowledged_is_settled(end: End) -> Iterator[str]:
    """Whatever somebody was told is durable came to its end, once."""
    seen = {row[0]: row[2] for row in end.rows["giving_seen"]}
    kinds = Counter(leaf["n"] for leaf in end.leaves if leaf["k"] in {"don", "held"})
    orders = {row[0] for row in end.rows["payments_order"]}
    outcomes = {row[0] for row in end.rows["settlement_outcome"]}
    for message in end.history.cast.messages:
        if not message.acknowledged:
            continue
        for envelope in KEYS.read(message.path, message.channel, message.body):
            if isinstance(envelope, Deed):
                if kinds[seen.get(envelope.key, -1)] != 1:
                    yield f"acknowledged and not settled once: {message.body!r}"
            elif (
                isinstance(envelope, Order)
                and envelope.no not in orders
                and envelope.no.to_bytes(16, "big") not in outcomes
            ):
                yield f"acknowledged order without an end: {envelope.no}"
    for owed in end.history.owed:
        for envelope in owed.envelopes:
            if isinstance(envelope, Instruction) and envelope.id not in outcomes:
                yield f"instruction without outcome: {envelope.kind}"


def deeds_are_once(end: End) -> Iterator[str]:
    """One key, one number, one entry, one deed."""
    numbers = [row[2] for row in end.rows["giving_seen"]]
    deeds = [row[0] for row in end.rows["giving_deed"]]
    shown = [leaf["n"] for leaf in end.leaves if leaf["k"] in {"don", "held"}]
    if not sorted(numbers) == sorted(deeds) == sorted(shown):
        yield f"numbers of keys {numbers}, deeds {deeds}, leaves {shown}"
    for place, leaf in enumerate(end.leaves):
        if leaf["n"] != place:
            yield f"entry {place} says it is {leaf['n']}"


def ledger_balances(end: End) -> Iterator[str]:
    """Accounts are the sums of their transfers; books balance; nothing is below zero."""
    debits: Counter[int] = Counter()
    credits_: Counter[int] = Counter()
    for _, debit, credit, amount in end.rows["ledger_transfer"]:
        debits[debit] += amount
        credits_[credit] += amount
    books: Counter[tuple[str, int]] = Counter()
    for account in end.named("ledger_account"):
        id_ = account["id"]
        if (account["debits"], account["credits"]) != (debits[id_], credits_[id_]):
            yield f"account {account} is not the sum of its transfers"
        if account["normal"] * (account["debits"] - account["credits"]) < 0:
            yield f"account {account} is below zero"
        books[account["book"], account["asset"]] += account["debits"] - account["credits"]
    yield from (f"book {book} is off by {off}" for book, off in books.items() if off)


def matches_are_counted(end: End) -> Iterator[str]:
    """Windows, persons' use, totals and pools are the sums of matches and claims."""
    deeds = {deed["number"]: deed for deed in end.named("giving_deed")}
    pools: Counter[int] = Counter()
    matched: Counter[tuple[int, int, int]] = Counter()
    projects = {fund["code"]: fund["project"] for fund in end.named("projects_fund")}
    campaigns = {pool["id"]: pool["campaign"] for pool in end.named("matching_pool")}
    for match in end.named("matching_match"):
        number, place = divmod(match["id"], PLACES)
        pools[match["pool"]] += match["amount"]
        if deed := deeds.get(number):
            matched[deed["campaign"], deed["project"], deed["asset"]] += match["amount"]
        else:  # what a close or a share of squares gave to projects, from place 2 on
            given = [row for row in end.leaves[number]["prj"] if row[-1]]
            code, amount = given[place - 2][0], given[place - 2][-1]
            matched[campaigns[match["pool"]], projects[code], CNY] += amount
    yield from pools_are_exact(end, pools)
    usage, counted = used_of_caps(end, deeds)
    if usage != {(u["campaign"], u["day"], u["person"]): u["matched"]
                 for u in end.named("matching_usage")}:  # fmt: skip
        yield "persons' use is not the sum of their matches"
    for total in end.named("campaigns_total"):
        key = total["campaign"], total["project"], total["asset"]
        if (total["counted"], total["matched"]) != (counted[key], matched[key]):
            yield f"total {total} does not sum its matches"


def used_of_caps(
    end: End, deeds: dict[int, dict[str, Any]]
) -> tuple[Counter[tuple[int, int, bytes]], Counter[tuple[int, int, int]]]:
    """What persons have used of their days, and projects of their caps."""
    usage: Counter[tuple[int, int, bytes]] = Counter()
    counted: Counter[tuple[int, int, int]] = Counter()
    gives = {rule["id"]: rule["terms"]["gives"]["kind"] for rule in end.named("matching_rule")}
    claims = {row[2]: (row[0], row[4]) for row in end.rows["matching_claim"]}
    matches = {row[0]: (row[2], row[3]) for row in end.rows["matching_match"]}
    earned = {match["for"]: leaf["t"] for leaf in end.leaves if leaf["k"] == "don"
              for match in leaf.get("m", ()) if "for" in match and match["amt"]}  # fmt: skip
    for id_, (rule, amount) in (matches | claims).items():
        deed = deeds.get(id_ // PLACES)
        if deed is None or gives[rule] == "quadratic":
            continue
        at_s = (deed["effective_at"] - EPOCH) // MICROSECOND // 10**6
        if gives[rule] == "friends":
            at_s = seconds(earned[deed["number"]])
        counted[deed["campaign"], deed["project"], deed["asset"]] += amount
        if deed["person"] != NO_PERSON and gives[rule] != "lump-sum":
            usage[deed["campaign"], (at_s + SHANGHAI) // DAY, deed["person"]] += amount
    return usage, counted


def pools_are_exact(end: End, matched: Counter[int]) -> Iterator[str]:
    """A pool's money is there, promised, returned or released: nothing else, never below zero."""
    windows: Counter[int] = Counter()
    for window in end.named("matching_window"):
        if window["day"] < SLICES_FROM:
            windows[window["pool"]] += window["used"]
    if +windows != +matched:
        yield f"windows {windows} are not the sums of their matches {matched}"
    left = {a["book"]: a["credits"] - a["debits"]
            for a in end.named("ledger_account") if a["kind"] == "available"}  # fmt: skip
    funded: Counter[str] = Counter()
    for leaf in end.leaves:
        if leaf["k"] == "pool":
            funded[leaf["pool"]] += leaf["amt"]
    for pool in end.named("matching_pool"):
        expected = 0 if pool["closed"] else funded[pool["code"]] - matched[pool["id"]]
        if left[f"pool:{pool['code']}"] != expected:
            yield f"pool {pool['code']} has {left['pool:' + pool['code']]} left, not {expected}"


def lines_are_exact(end: End) -> Iterator[str]:
    """What came in is void, spent or left; over both lines what is left is the fund's balance."""
    funds = {a["owner"]: a["credits"] - a["debits"]
             for a in end.named("ledger_account") if a["kind"] == "fund"}  # fmt: skip
    oracle = asked_oracle(end)
    for fund in end.named("projects_fund"):
        left = 0
        for line, name in ((1, "programme"), (2, "running")):
            key = fund["project"], line
            voids = [v for v in end.named("projects_void") if (v["project"], v["line"]) == key]
            spent = [e for e in end.named("projects_expense") if (e["project"], e["line"]) == key]
            there = fund[f"{name}_head"] - sum(v["length"] for v in voids)
            there -= sum(e["amount"] for e in spent)
            if (there, fund[f"{name}_spent"]) != (
                oracle.lines[fund["code"]].left(name), oracle.lines[fund["code"]].spent_to[name]
            ):  # fmt: skip
                yield f"{name} line of {fund['code']} is not the oracle's: {there} left"
            left += there
        if left != funds.get(fund["code"], 0):
            yield f"fund {fund['code']} is {funds.get(fund['code'], 0)}, its lines have {left}"


def published_entries(publisher: SimulatedPublisher, size: int) -> list[bytes]:
    """What the published bundles hold, up to a size."""
    entries: list[bytes] = []
    while len(entries) < size:
        tile = tile_at(size=size, level=ENTRIES, index=len(entries) // TILE_WIDTH)
        for name in (tile, tile.full):
            data = publisher.disk.read(HOME / "public" / name.path)
            if data is not None:
                entries += decode_bundle(data, width=name.width)[: tile.width]
                break
        else:
            return entries
    return entries


def log_never_forked(end: End) -> Iterator[str]:
    """The chain holds, and every checkpoint that was ever public is of the settled entries."""
    chain = CHAIN_START
    for first, _, raw, linked in end.rows["tlog_entries"]:
        chain = chained(chain, raw)
        if chain != linked:
            yield f"the chain breaks at {first}"
    yield from end.history.publisher.forks
    hashes = leaf_hashes(end.entries)
    for size, seen in end.history.publisher.seen.items():
        if root(hashes[:size]) != seen:
            yield f"the checkpoint of {size} is of other entries"


def log_is_published(end: End) -> Iterator[str]:
    """What is published is what was settled, to the last byte."""
    publisher = end.history.publisher
    raw = publisher.disk.read(HOME / "public" / "checkpoint")
    if raw is None:
        yield "nothing is published"
        return
    size = parse_checkpoint(open_note(raw, known=[publisher.vkey]).text).size
    if size != len(end.entries):
        yield f"{size} of {len(end.entries)} entries are published"
    if published_entries(publisher, size) != end.entries:
        yield "the bundles hold other entries"
    for digest_, _, body in end.rows["tlog_table"]:
        if publisher.disk.read(HOME / f"public/tables/{digest_.hex()}.json") != body:
            yield "a table that a seal names is not published"


def replay_is_equal(end: End) -> Iterator[str]:
    """A fresh settlement of the same rows, one a batch or all in one, gives the same bytes.

    One a batch is the slower; every fourth seed does it.
    """
    again = Double()
    for n, row in end.inbox.items():
        again.database.rows["inbox_row"][n] = tuple(row)
    for lane in end.rows["inbox_lane"]:
        again.database.rows["inbox_lane"][lane[0]] = lane
    connection: Any = Connection(again, Process("replay"))
    epoch = take_over(connection, holder="replay")
    with capture_logs(), end.history.cast.secrets.installed():
        settlement = Settlement(connection, epoch=epoch)
        if end.history.seed % 4:
            settlement.settle_rows(end.order)
        else:
            for row in end.order:
                settlement.settle_rows([row])
    for name in tables():
        if name not in NOT_SETTLEMENTS | OF_THE_CUT:
            mine, other = end.rows[name], again.database.table(name)
            if mine != other:
                more = [row for row in mine if row not in other][:2]
                less = [row for row in other if row not in mine][:2]
                yield f"{name} comes out differently: {more} here, {less} replayed"
    entries: list[bytes] = []
    for _, count, raw, _ in again.database.table("tlog_entries"):
        entries += decode_bundle(raw, width=count)
    if entries != end.entries:
        yield "the entries come out differently"


def asked_oracle(end: End) -> Oracle:
    """An oracle that took the whole inbox in."""
    oracle = Oracle(secrets=end.history.cast.secrets)
    for row in end.order:
        received_us = (row.received_at - EPOCH) // MICROSECOND
        for place, envelope in enumerate(decode(row.payload)):
            oracle.settle(envelope, At(row.lane, row.n, place, received_us, row.payload))
    return oracle


def oracle_agrees(end: End) -> Iterator[str]:
    """Every entry shows what the slow oracle says, and every outcome is its outcome."""
    oracle = asked_oracle(end)
    for told, leaf in zip(oracle.told, end.leaves, strict=False):
        for name, value in told.items():
            shown = leaf.get(name)
            if isinstance(value, dict):
                shown = {key: shown.get(key) for key in value} if shown else shown
            if shown != value:
                yield f"entry {leaf['n']}: {name} is {shown}, the oracle says {value}: {leaf}"
        if told["k"] == "don" and leaf.get("m") != told.get("m"):
            yield f"entry {leaf['n']}: matches {leaf.get('m')}, the oracle says {told.get('m')}"
    outcomes = {row[0]: row[2] for row in end.rows["settlement_outcome"]}
    for id_, code in oracle.outcomes.items():
        if outcomes.get(id_) != code:
            yield f"outcome {outcomes.get(id_)}, the oracle says {code}"
    for what, mine, said in (
        ("entries", end.leaves, len(oracle.told)),
        ("stuck", end.rows["settlement_stuck"], oracle.stuck),
        ("cases", end.rows["giving_case"], oracle.cases),
    ):
        if len(mine) != said:
            yield f"{len(mine)} {what}, the oracle says {said}"


Check = Callable[[End], Iterator[str]]
CHECKS: Final[tuple[Check, ...]] = (
    inbox_is_settled_once,
    acknowledged_is_settled,
    deeds_are_once,
    ledger_balances,
    matches_are_counted,
    log_never_forked,
    log_is_published,
    oracle_agrees,
    lines_are_exact,
    replay_is_equal,
)


def wrong_at(end: End) -> list[str]:
    """Everything that does not hold, in words."""
    return [f"{check.__name__}: {found}" for check in CHECKS for found in check(end)]
