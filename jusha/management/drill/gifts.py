"""The gifts of a drill: a campaign of their own whose caps bind and whose pool runs dry.

Afterwards every gift that was acknowledged is looked up by the key that the door gave
it, and every match is decided again by the oracle, in the order in which it was settled.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from benchmarks.oracle import settle
from benchmarks.workload import DAY_SECONDS, Gift, Workload
from jusha.door.signature import signature
from jusha.inbox.append import ENVELOPES_MAX, append, new_id
from jusha.inbox.envelopes import Instruction
from jusha.inbox.instruct import instruct
from jusha.inbox.keys import deed_key
from jusha.management.demo import build
from jusha.money.clock import local_day
from jusha.people.vault import load

CHANNEL: Final = "sandbox-partner"
CAMPAIGN: Final = "drill"
PATH: Final = "/door/v1/deeds"
REPEAT_EVERY: Final = 50
REPEAT_AFTER: Final = 20
"""Every 50th gift is sent a second time, 20 gifts later, as rails do."""
PROJECTS: Final = [row["code"] for row in build.WORLD["project"]]

DEEDS_SQL: Final = """
SELECT s.key, d.number, d.amount, extract(epoch FROM d.effective_at)::bigint,
       coalesce((SELECT sum(m.amount) FROM matching_match m
                 WHERE m.id >= d.number * 16 AND m.id < d.number * 16 + 16), 0)::bigint
FROM giving_deed d
JOIN campaigns_terms c ON c.id = d.campaign
LEFT JOIN giving_seen s ON s.number = d.number
WHERE c.code = %s
ORDER BY d.number"""


def plan_gifts(count: int) -> Workload:
    """So many gifts of few persons, in one day."""
    return Workload(gifts_total=count, days=1, projects=len(PROJECTS), persons=max(20, count // 3))


def project_code(index: int) -> str:
    """Name a project of the workload: the demo world's first, then the drill's own."""
    return PROJECTS[index] if index < len(PROJECTS) else f"drill-{index:04d}"


def open_projects(connection: Connection[Any], workload: Workload) -> None:
    """Ask for the projects that the demo world does not have; it does not wait for them."""
    charity = build.WORLD["charity"][0]["code"]
    wanted = [
        Instruction(
            new_id(),
            "open-project",
            "drill",
            "",
            {"code": project_code(index), "charity": charity, "running_permille": index % 101},
        )
        for index in range(len(PROJECTS), workload.projects)
    ]
    for at in range(0, len(wanted), ENVELOPES_MAX):
        append(connection, lane="console", envelopes=list(wanted[at : at + ENVELOPES_MAX]))


def open_campaign(
    connection: Connection[Any], workload: Workload, *, channel: str = CHANNEL
) -> None:
    """Open the drill's campaign with its pool and rule, through the inbox."""
    opens = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=1)
    terms = {
        "opens": f"{opens:%Y-%m-%dT%H:%MZ}",
        "closes": f"{opens + timedelta(days=9):%Y-%m-%dT%H:%MZ}",
        "channels": [channel],
    }
    caps = {"person_day": workload.person_day_cap_fen, "project": workload.project_cap_fen}
    rule = {
        "gives": {"kind": "ratio", "numerator": 1, "denominator": 1},
        "caps": caps,
        "window": {"from_minute": 0, "to_minute": 1440, "budget": workload.window_budget_fen},
    }
    pool: dict[str, Any] = {
        "code": "drill-pool",
        "campaign": CAMPAIGN,
        "sponsor": "Drill",
        "how": "secured",
    }
    pool |= {"amount": workload.pool_fen}
    body = {"code": "D1", "pool": "drill-pool", "from": terms["opens"], "terms": rule}
    for kind, what in (
        ("open-campaign", {"code": CAMPAIGN, "terms": terms}),
        ("fund-pool", pool),
        ("publish-rule", body),
    ):
        outcome = instruct(connection, kind, what, by="drill-a", second="drill-b")
        if outcome.code != "done":
            raise build.DemoRefusedError(f"{kind}: {outcome.code} {outcome.detail}")


def requests(workload: Workload, secret: bytes) -> Iterator[tuple[str, bytes]]:
    """Signed requests, ready to be sent; each repeat has the bytes of its first."""
    waiting: list[tuple[int, str, bytes]] = []
    for place, gift in enumerate(workload.gifts()):
        made = request(gift, secret)
        yield gift[0], made
        if place % REPEAT_EVERY == 0:
            waiting.append((place + REPEAT_AFTER, gift[0], made))
        while waiting and waiting[0][0] <= place:
            yield waiting.pop(0)[1:]


def request(gift: Gift, secret: bytes) -> bytes:
    """One gift as the partner would post it."""
    external_id, project, person, amount, _ = gift
    message = {
        "id": external_id,
        "asset": "CNY",
        "amount": amount,
        "project": project_code(project),
        "campaign": CAMPAIGN,
        "payer": f"person-{person}",
    }
    return post(message, secret, channel=CHANNEL, timestamp=int(time.time()))


def post(message: dict[str, Any], secret: bytes, *, channel: str, timestamp: int) -> bytes:
    """A message of docs/door.md as a complete signed HTTP/1.1 request."""
    body = json.dumps(message, separators=(",", ":")).encode()
    signed = signature(
        secret, method="POST", path=PATH, channel=channel, timestamp=str(timestamp), body=body
    )
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\njusha-channel: {channel}\r\n"
        f"jusha-timestamp: {timestamp}\r\njusha-signature: {signed}\r\n\r\n"
    )
    return head.encode() + body


def differences(
    connection: Connection[Any],
    home: Path,
    workload: Workload,
    acknowledged: set[str],
    *,
    channel: str = CHANNEL,
) -> Iterator[str]:
    """Compare what was acknowledged with what was settled, and every match with the oracle."""
    secret = load(home, "dedupe")
    gifts = {UUID(bytes=deed_key(secret, channel, gift[0])): gift for gift in workload.gifts()}
    deeds = connection.execute(DEEDS_SQL, (CAMPAIGN,)).fetchall()
    keys = [row[0] for row in deeds]
    settled_ids = {gifts[key][0] for key in keys if key in gifts}
    if lost := acknowledged - settled_ids:
        yield f"{len(lost)} acknowledged gifts are lost, e.g. {min(lost)}"
    if len(keys) != len(set(keys)):
        yield f"{len(keys) - len(set(keys))} gifts are settled twice"
    if strange := [row[1] for row in deeds if row[0] not in gifts]:
        yield f"{len(strange)} deeds are none that was sent, e.g. {strange[0]}"
        return
    first_day = local_day(int(deeds[0][3])) if deeds else 0
    in_order = [
        (*gifts[key][:4], (local_day(int(at)) - first_day) * DAY_SECONDS)
        for key, _, _, at, _ in deeds
    ]
    oracle = settle(workload, in_order)
    for (_key, number, amount, _, matched), gift in zip(deeds, in_order, strict=True):
        if amount != gift[3]:
            yield f"deed {number}: {amount} fen, {gift[3]} were given"
        if matched != oracle.matched_fen[gift[0]]:
            yield f"deed {number}: matched {matched} fen, should be {oracle.matched_fen[gift[0]]}"
    left = connection.execute(
        "SELECT credits - debits FROM ledger_account"
        " WHERE book = 'pool:drill-pool' AND kind = 'available'"
    ).fetchone()
    if not left or left[0] != oracle.pool_left_fen:
        yield f"the pool has {left} fen left, should be {oracle.pool_left_fen}"


def summary(workload: Workload, connection: Connection[Any]) -> str:
    """What was settled in the drill's campaign, in one line."""
    deeds = connection.execute(DEEDS_SQL, (CAMPAIGN,)).fetchall()
    given, matched = sum(row[2] for row in deeds), sum(row[4] for row in deeds)
    return (
        f"{len(deeds)} gifts of {given} fen, matched with {matched} of the pool's"
        f" {workload.pool_fen} fen"
    )
