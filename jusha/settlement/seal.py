"""Seal a campaign's totals, and at day's close what each person was matched. Pure.

A seal is an entry like any other, so roots, proofs and cosignatures bind the totals in
it, and anyone who replays the log checks them (log-format: seal instead of checkpoint
extension lines).
"""

import hashlib
import hmac
from typing import Any, Final

import msgspec

from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.money.clock import day_number
from jusha.settlement.changes import Changes, Found
from jusha.settlement.task import InstructionRefusedError, Task, enter
from jusha.settlement.world import Campaign, World

SALT_BYTES_MIN: Final = 16
"""128 bits keep pseudonyms from being guessed."""

SUMS_BYTES_MAX: Final = 60_000
"""A larger table of totals is published beside the log and named by its hash."""


class SealBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which campaign; with `day` (2026-09-09) also the persons' table under a fresh `salt`."""

    campaign: str
    day: str = ""
    salt: bytes = b""


def seal(task: Task) -> int:
    """Write the campaign's totals so far into the log."""
    world, changes = task.world, task.changes
    body = msgspec.convert(task.instruction.body, SealBody)
    campaign = world.campaigns.get(body.campaign)
    if campaign is None:
        raise InstructionRefusedError("unknown-campaign", given=body.campaign)
    if body.day and len(body.salt) < SALT_BYTES_MIN:
        raise InstructionRefusedError("salt-too-short", given=len(body.salt))
    day = day_number(body.day) if body.day else 0
    number = world.next_number
    fields: dict[str, Any] = {
        "k": "seal",
        "rd": campaign.code,
    }
    sums = campaign_sums(world, campaign)
    table = canonical_table(sums)
    if len(table) > SUMS_BYTES_MAX:
        fields["sums_hash"] = keep_table(changes, number, table)
    else:
        fields["sums"] = sums
    if body.day:
        fields["day"] = body.day
        of_day = campaign.id, day
        fields["persons"] = persons_table(changes, task.found, of_day, body.salt, number)
    return enter(task, fields)


def campaign_sums(world: World, campaign: Campaign) -> dict[str, dict[str, int]]:
    """Return {project code[/asset]: sums}; yuan have no suffix."""
    sums = {}
    for total in world.totals.values():
        if total.campaign == campaign.id:
            asset = ASSETS_BY_NUMBER[total.asset].code
            code = world.funds_by_id[total.project].code
            sums[code if asset == "CNY" else f"{code}/{asset}"] = {
                "cnt": total.gifts,
                "don": total.donated,
                "match": total.matched,
                "refund": total.refunded,
                "back": total.returned,
            }
    return dict(sorted(sums.items()))


def canonical_table(table: object) -> bytes:
    """Write a table as canonical JSON of any length."""
    return msgspec.json.encode(table, order="deterministic")


def keep_table(changes: Changes, number: int, table: bytes) -> str:
    """Keep a table to be published under its hash; return the hash as base64."""
    digest = hashlib.sha256(table).digest()
    changes.tables.append((digest, number, table))
    return encode64(digest)


def persons_table(
    changes: Changes, found: Found, of_day: tuple[int, int], salt: bytes, number: int
) -> dict[str, Any]:
    """Publish (fresh pseudonym, matched sum) of every person of (campaign, day), sorted.

    The pseudonym is HMAC(salt, person key): new for each seal, so days do not link.
    """
    usage = dict(found.day_usage.get(of_day, {}))
    usage.update({p: sum_ for (c, d, p), sum_ in changes.usage.items() if (c, d) == of_day})
    rows = sorted(
        [hmac.digest(salt, person, "sha256")[:16].hex(), matched]
        for person, matched in usage.items()
    )
    table = canonical_table(rows)
    return {
        "h": keep_table(changes, number, table),
        "cnt": len(rows),
        "sum": sum(usage.values()),
    }
