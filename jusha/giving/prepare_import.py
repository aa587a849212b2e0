"""Make the places that a file's gifts need: charity, channel, project, campaign, pool, rule.

All of it is instructions in the inbox, as from a console. Each has an id made from what it
says, so that repeating the preparation, even before settlement has run, changes nothing.
"""

import hashlib
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from django.utils.timezone import localdate

from jusha.giving.gift_maps import GiftMap, OpenPart
from jusha.inbox.append import append
from jusha.inbox.envelopes import Envelope, Instruction
from jusha.matching.block_list import blocks_by
from jusha.matching.block_rules import refusing

LANE: Final = "console"
ATTEMPTS_MAX: Final = 100
EXISTING_SQL: Final = (Path(__file__).parent / "sql" / "what_exists.sql").read_text()
OUTCOME_SQL: Final = """
SELECT code, detail FROM settlement_outcome WHERE id = encode(%b, 'hex')::uuid"""


class PreparationRefusedError(Exception):
    """The preparation may not be sent; Chinese, then English, say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}。 {en}")


class Wanted(NamedTuple):
    """One thing the map opens: the instruction's kind, the thing's code, the instruction's body."""

    kind: str
    code: str
    body: dict[str, Any]


class Step(NamedTuple):
    """How far one thing is: exists, done, refused or waiting; `detail` is settlement's reason."""

    kind: str
    code: str
    state: str
    detail: str = ""


def wanted(given: GiftMap) -> list[Wanted]:
    """List what the map's [open] names, in the order in which it has to be made.

    Raises PreparationRefusedError if the map has no [open].
    """
    opening = given.open
    if opening is None:
        raise PreparationRefusedError(
            "对照表里没有 [open]，没有要建立的内容",
            "the map has no [open]: it says nothing to prepare",
        )
    channel = {
        "assets": ["CNY"],
        "clock": "file",
        "projects": [project.code for project in opening.projects],
        **msgspec.to_builtins(opening.channel),
    }
    found = [
        Wanted("admit-charity", opening.charity, {"code": opening.charity}),
        Wanted("admit-channel", given.channel, {"code": given.channel, "terms": channel}),
    ]
    found += [
        Wanted(
            "open-project",
            project.code,
            {"charity": opening.charity, **msgspec.to_builtins(project)},
        )
        for project in opening.projects
    ]
    return found + _round(given, opening)


def _round(given: GiftMap, opening: OpenPart) -> list[Wanted]:
    """The campaign with its pool and rule, as far as the map has them."""
    found = []
    if opening.campaign:
        terms = {**msgspec.to_builtins(opening.campaign), "channels": [given.channel]}
        body: dict[str, Any] = {"code": given.campaign, "terms": terms}
        found.append(Wanted("open-campaign", given.campaign, body))
    if opening.pool:
        body = {"campaign": given.campaign, **msgspec.to_builtins(opening.pool)}
        found.append(Wanted("fund-pool", opening.pool.code, body))
    if opening.pool and opening.rule:
        body = {
            "code": opening.rule.code,
            "pool": opening.pool.code,
            "from": opening.rule.begins,
            "terms": msgspec.to_builtins(opening.rule.terms),
        }
        found.append(Wanted("publish-rule", opening.rule.code, body))
    return found


def instruction_id(want: Wanted, attempt: int) -> bytes:
    """Name the nth attempt at a thing by 16 bytes of what it says, so a repeat is recognised."""
    said = msgspec.json.encode((want.kind, want.body, attempt), order="deterministic")
    return hashlib.sha256(b"prepare import\n" + said).digest()[:16]


def prepare_import(
    connection: psycopg.Connection[Any], *, given: GiftMap, by: str, second: str
) -> list[Step]:
    """Append instructions for all that is missing, as one row; return how far each thing is.

    What exists is left as it is, whatever its terms. A refused thing is tried anew. The
    names are of the two persons who answer for it, and must differ. Needs an autocommit
    connection.

    Raises PreparationRefusedError. Reads: charities_payee, payments_channel, projects_fund,
    campaigns_terms, matching_pool, matching_rule, settlement_outcome, jusha_sponsorblock.
    Writes: inbox_row, inbox_lane.
    """
    if not by or not second or by == second:
        raise PreparationRefusedError(
            "建立内容要有两个不同的人署名",
            "a preparation needs the names of two different persons",
        )
    envelopes: list[Envelope] = []
    steps = []
    there, blocks = existing(connection), blocks_by(connection)
    for want in wanted(given):
        if (want.kind, want.code) in there:
            steps.append(Step(want.kind, want.code, "exists"))
            continue
        sponsor = str(want.body.get("sponsor", ""))
        if want.kind == "fund-pool" and refusing(blocks, sponsor, localdate()) is not None:
            raise PreparationRefusedError(
                f"不接受的出资方：{sponsor}", f"the sponsor {sponsor} is refused"
            )
        identity, _ = _latest(connection, want, retry=True)
        envelopes.append(Instruction(identity, want.kind, by, second, want.body))
        steps.append(Step(want.kind, want.code, "waiting"))
    if envelopes:
        append(connection, lane=LANE, envelopes=envelopes)
    return steps


def progress(connection: psycopg.Connection[Any], *, given: GiftMap) -> list[Step]:
    """Say how far each thing of the map is. Writes nothing; reads as prepare_import does."""
    steps = []
    there = existing(connection)
    for want in wanted(given):
        if (want.kind, want.code) in there:
            steps.append(Step(want.kind, want.code, "exists"))
            continue
        _, outcome = _latest(connection, want, retry=False)
        if outcome is None:
            steps.append(Step(want.kind, want.code, "waiting"))
        else:
            detail = "; ".join(f"{key}: {value}" for key, value in outcome[1].items())
            steps.append(Step(want.kind, want.code, "refused", f"{outcome[0]} {detail}".strip()))
    return steps


def existing(connection: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    """Everything that settlement knows, as (the kind of instruction that makes it, its code)."""
    return {(kind, code) for kind, code in connection.execute(EXISTING_SQL)}


def _latest(
    connection: psycopg.Connection[Any], want: Wanted, *, retry: bool
) -> tuple[bytes, tuple[str, dict[str, Any]] | None]:
    """Find the newest attempt at a thing and its outcome; with `retry`, one without outcome."""
    before: tuple[bytes, tuple[str, dict[str, Any]] | None] | None = None
    for attempt in range(ATTEMPTS_MAX):
        identity = instruction_id(want, attempt)
        row = connection.execute(OUTCOME_SQL, (identity,)).fetchone()
        if row is None:
            return before if before and not retry else (identity, None)
        before = identity, (row[0], row[1])
    raise PreparationRefusedError(
        f"{want.kind} {want.code} 被拒绝了 {ATTEMPTS_MAX} 次",
        f"{want.kind} {want.code} was refused {ATTEMPTS_MAX} times",
    )
