"""The list of sponsors that are not taken: read where a pool is announced, edited by two.

Settlement reads no list that people edit: it decides from the inbox alone. So the list is asked
before an instruction is appended that announces a sponsor's pool or lets its rule into a campaign.
"""

from datetime import date
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction

from jusha.matching.block_models import SponsorBlock
from jusha.matching.block_rules import (
    CATEGORIES,
    HOWS,
    TEXT_MAX,
    WORD_MIN,
    WORDS_MAX,
    Block,
    folded,
    refusing,
)
from jusha.matching.models import Pool
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision

KIND: Final = "sponsor-block"
BLOCKS_SQL: Final = """
SELECT text, how, category, words, begins, ends, id FROM jusha_sponsorblock ORDER BY id"""


class SponsorRefusedError(Exception):
    """This sponsor is not taken. The text says in both languages who, why and since when."""

    def __init__(self, sponsor: str, block: Block) -> None:
        """Say it."""
        self.sponsor, self.block = sponsor, block
        since = block.begins.isoformat()
        super().__init__(
            f"不接受的出资方：{sponsor}（{since} 起：{block.words}）。什么都没有改变。"
            f" The sponsor {sponsor} is refused since {since} ({block.category}: {block.text})."
            " Nothing was changed."
        )


def blocks() -> list[Block]:
    """Every row of the list, oldest first. Reads: jusha_sponsorblock."""
    return [
        Block(row.text, row.how, row.category, row.words, row.begins, row.ends, row.pk)
        for row in SponsorBlock.objects.order_by("id")
    ]


def blocks_by(connection: psycopg.Connection[Any]) -> list[Block]:
    """As `blocks`, by a connection of one's own."""
    return [Block(*row) for row in connection.execute(BLOCKS_SQL)]


def check_instruction(kind: str, body: dict[str, Any], *, on: date) -> None:
    """Refuse what would announce a refused sponsor's pool, or let its rule into a campaign.

    Raises SponsorRefusedError. Reads: jusha_sponsorblock, matching_pool.
    """
    if kind == "fund-pool":
        sponsors = [str(body.get("sponsor", ""))]
    elif kind == "publish-rule":
        pools = Pool.objects.filter(code=str(body.get("pool", "")))
        sponsors = list(pools.values_list("sponsor", flat=True))
    else:
        return
    listed = blocks()
    for sponsor in sponsors:
        if (found := refusing(listed, sponsor, on)) is not None:
            raise SponsorRefusedError(sponsor, found)


def pools_refused(*, on: date) -> list[tuple[Pool, Block]]:
    """Pools that are open though their sponsor is refused by now: an operator ends them.

    Reads: jusha_sponsorblock, matching_pool.
    """
    listed = blocks()
    found = ((each, refusing(listed, each.sponsor, on)) for each in _open_pools())
    return [(pool, block) for pool, block in found if block is not None]


def propose_block(
    *, text: str, how: str, category: str, words: str, begins: date, ends: date | None,
    by: UUID, today: date,
) -> Decision:  # fmt: skip
    """Propose a text to refuse, or the end of one; another reviewer confirms.

    Raises DecisionRefusedError: "block-text", "block-kind", "no-words", "days", "waits",
    "not-yours". Writes: jusha_decision.
    """
    text, words = text.strip(), words.strip()
    short = how == "word" and len(folded(text)) < WORD_MIN
    if not 0 < len(text) <= TEXT_MAX or not folded(text) or short:
        raise DecisionRefusedError("block-text")
    if how not in HOWS or category not in CATEGORIES:
        raise DecisionRefusedError("block-kind")
    if not 0 < len(words) <= WORDS_MAX:
        raise DecisionRefusedError("no-words")
    # An end may be written for what began long ago; a beginning lies ahead.
    if (begins < today) if ends is None else (ends <= max(begins, today)):
        raise DecisionRefusedError("days")
    body = {
        "text": text, "how": how, "category": category, "words": words,
        "begins": begins.isoformat(), "ends": ends.isoformat() if ends else None,
    }  # fmt: skip
    with transaction.atomic():
        if decisions.open_decisions(KIND).filter(subject=folded(text)[:60]).exists():
            raise DecisionRefusedError("waits")
        return decisions.propose(KIND, charity="", subject=folded(text)[:60], body=body, by=by)


def confirm_block(number: int, *, by: UUID) -> Decision:
    """Put a text on the list as it was proposed. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_sponsorblock.
    """

    def carry_out(decision: Decision) -> None:
        try:
            with transaction.atomic():
                SponsorBlock.objects.create(decision=decision.pk, **decision.body)
        except IntegrityError as error:
            raise DecisionRefusedError("stale") from error

    return decisions.confirm(number, kind=KIND, by=by, apply=carry_out)


def _open_pools() -> list[Pool]:
    return list(Pool.objects.filter(closed=False).order_by("id"))
