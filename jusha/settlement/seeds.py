"""Commit to seeds before they are used, and reveal seeds and surprises when they are over. Pure."""

from typing import Final

import msgspec

from jusha.merkle.encoding import encode64
from jusha.money.clock import (
    DAY_SECONDS,
    MINUTE_SECONDS,
    SHANGHAI_SHIFT_SECONDS,
    day_number,
    minute_seconds,
    minute_text,
)
from jusha.settlement.commitments import digest_of
from jusha.settlement.match import day_end_s
from jusha.settlement.task import InstructionRefusedError, Task, begun, enter
from jusha.settlement.world import SURPRISE, Rule, Seed, World, read_surprise

SEED_NOTICE_SECONDS: Final = 3600
"""A seed's hash is in the log so long before the first draw (blueprint decision 8)."""
REVEAL_SECONDS: Final = 900
"""A secret is revealed so long after its last use, when rails can no longer report."""
HASH_BYTES: Final = 32


class SeedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rule code draws on which Shanghai day (2026-09-09), and the seed's SHA-256."""

    rule: str
    day: str
    hash: bytes


class RevealBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret whose hash the log has."""

    secret: bytes


def commit_seed(task: Task) -> int:
    """Write a seed's hash into the log: {rule, day, hash}; an hour before the day's window."""
    world, changes = task.world, task.changes
    body = msgspec.convert(task.instruction.body, SeedBody)
    first, day = world.families.get(body.rule), day_number(body.day)
    if first is None or not any(rule.draws for rule in versions(world, first)):
        raise InstructionRefusedError("rule-draws-nothing", given=body.rule)
    if len(body.hash) != HASH_BYTES:
        raise InstructionRefusedError("bad-hash", given=len(body.hash))
    if (first.family, day) in world.seeds or any(
        seed.hash == body.hash for seed in world.seeds.values()
    ):
        raise InstructionRefusedError("seed-committed", given=body.day)
    opens_s = day_opens_s(world, first, day)
    late = task.at_s + SEED_NOTICE_SECONDS > opens_s
    if late and begun(world, first.campaign):
        raise InstructionRefusedError("too-late", opens=minute_text(opens_s))
    fields: dict[str, object] = {
        "day": body.day,
        "h": encode64(body.hash),
        "k": "seed",
        "r": body.rule,
    }
    number = enter(task, fields)
    seed = world.seeds[first.family, day] = Seed(first.family, day, body.hash, number)
    changes.seeds.add(seed)
    return number


def versions(world: World, first: Rule) -> list[Rule]:
    """All versions of a rule code."""
    return [rule for rule in world.rules[first.campaign] if rule.family == first.family]


def day_opens_s(world: World, first: Rule, day: int) -> int:
    """Return the Unix time of the first minute of a day at which a version may draw."""
    opens = min(rule.terms.window.from_minute for rule in versions(world, first))
    start = day * DAY_SECONDS - SHANGHAI_SHIFT_SECONDS + opens * MINUTE_SECONDS
    return max(start, world.campaigns_by_id[first.campaign].opens_s)


def reveal(task: Task) -> int:
    """Write a secret into the log that is no longer used: {secret}."""
    world, changes = task.world, task.changes
    secret = msgspec.convert(task.instruction.body, RevealBody).secret
    digest = digest_of(secret)
    seeds = [seed for seed in world.seeds.values() if seed.hash == digest]
    if not seeds:
        raise InstructionRefusedError("unknown-secret", hash=encode64(digest))
    if seeds[0].revealed:
        raise InstructionRefusedError("revealed-before", entry=seeds[0].revealed)
    due_s = max(over_s(seed.day, secret) for seed in seeds) + REVEAL_SECONDS
    if task.at_s < due_s:
        raise InstructionRefusedError("too-early", due=minute_text(due_s))
    number = enter(task, {"h": encode64(digest), "k": "reveal", "s": encode64(secret)})
    for seed in seeds:
        seed.revealed = number
        changes.seeds.add(seed)
    return number


def over_s(day: int, secret: bytes) -> int:
    """Return the Unix time at which a secret is used no more."""
    if day == SURPRISE:
        return minute_seconds(read_surprise(secret).to)
    return day_end_s(day)
