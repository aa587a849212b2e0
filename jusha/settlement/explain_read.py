"""What an explanation reads beside the past: terms and rules, and what came after the gift.

Pages explain gifts for everybody who asks, so terms and rules can be handed in as they are held,
and all that stands under a gift's number is one question.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from django.db import connection

from jusha.campaigns.models import Terms
from jusha.ledger.rules import PLACES
from jusha.matching.models import Match
from jusha.matching.queries import Published, versions
from jusha.payments.models import Channel

SINCE_SQL: Final = """
SELECT 'refund', number, amount, matched, 0, 0, 0 FROM giving_refund WHERE deed = %(number)s
UNION ALL
SELECT 'claw-back', number, amount, 0, 0, 0, 0 FROM matching_clawback WHERE deed = %(number)s
UNION ALL
SELECT 'match', id, amount, 0, pool, rule, bound FROM matching_match
WHERE id >= %(first)s AND id < %(end)s
ORDER BY 1, 2"""
"""Refunds as (entry, fen sent back, fen of matches returned), claw-backs, matches by place."""


class Reading(NamedTuple):
    """Where an explanation reads what changes rarely; pages read what they hold."""

    campaign: Callable[[int], Terms]
    channel: Callable[[int], Channel]
    versions: Callable[[int], Sequence[Published]]
    """Of one campaign by its id, of all by 0."""


def campaign_terms(campaign: int) -> Terms:
    """A campaign's terms by its id. Reads: campaigns_terms."""
    return Terms.objects.get(id=campaign)


def channel_terms(channel: int) -> Channel:
    """A channel's terms by its id. Reads: payments_channel."""
    return Channel.objects.get(id=channel)


def rule_versions(campaign: int) -> Sequence[Published]:
    """A campaign's rule versions, or all of them. Reads: matching_rule, matching_pool."""
    return versions(campaign=campaign)


FRESH: Final = Reading(campaign_terms, channel_terms, rule_versions)


class Since(NamedTuple):
    """What stands in the books under a gift's number, decided with it or after it."""

    refunds: list[tuple[int, int, int]]
    claw_backs: list[tuple[int, int]]
    matches: list[Match]


def read_since(number: int) -> Since:
    """All of it in one question, each in the order of its numbers.

    Reads: giving_refund, matching_clawback, matching_match.
    """
    found = Since([], [], [])
    first = number * PLACES
    with connection.cursor() as cursor:
        cursor.execute(SINCE_SQL, {"number": number, "first": first, "end": first + PLACES})
        for what, id_, amount, back, pool, rule, bound in cursor.fetchall():
            if what == "refund":
                found.refunds.append((id_, amount, back))
            elif what == "claw-back":
                found.claw_backs.append((id_, amount))
            else:
                found.matches.append(Match(id_, pool, rule, amount, bound))
    return found
