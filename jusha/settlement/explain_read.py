"""What an explanation reads beside the past: terms and rules, and what came after the gift.

Pages explain gifts for everybody who asks, so terms and rules can be handed in as they are held,
and a gift with all that stands under its number is one question.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from django.db import connection

from jusha.campaigns.models import Terms
from jusha.giving.models import Deed
from jusha.matching.models import Match
from jusha.matching.queries import Published, versions
from jusha.payments.models import Channel

DEED_FIELDS: Final = [field.attname for field in Deed._meta.concrete_fields]
GIFT_SQL: Final = f"""
SELECT {", ".join(DEED_FIELDS)}, ARRAY(
    SELECT ARRAY[s.what, s.id, s.amount, s.back, s.pool, s.rule, s.bound] FROM (
        SELECT 0::bigint AS what, number AS id, amount, matched AS back,
               0 AS pool, 0 AS rule, 0 AS bound
        FROM giving_refund WHERE deed = d.number
        UNION ALL
        SELECT 1, number, amount, 0, 0, 0, 0 FROM matching_clawback WHERE deed = d.number
        UNION ALL
        SELECT 2, id, amount, 0, pool, rule, bound FROM matching_match
        WHERE id >= d.number * 16 AND id < d.number * 16 + 16
        UNION ALL
        SELECT 3, number, held::integer, 0, 0, 0, 0 FROM matching_review WHERE deed = d.number
    ) s ORDER BY 1)
FROM giving_deed d WHERE number = %s"""  # noqa: S608 - our own names
"""The deed, and behind its fields what stands under its number: kind of row, id, fen and so on."""
REFUND, CLAW_BACK, _MATCH, REVIEW = range(4)


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


class Gift(NamedTuple):
    """A gift as the books have it, with what was decided with it or after it."""

    deed: Deed
    refunds: list[tuple[int, int, int]]
    """(entry, fen sent back, fen of matches returned), in the order of entries."""
    claw_backs: list[tuple[int, int]]
    """(entry, fen)."""
    matches: list[Match]
    """By place."""
    reviews: list[tuple[int, bool]]
    """(entry, whether the match is held from then on), in the order of entries."""

    @property
    def is_reviewed(self) -> bool:
        """Whether its match is held while a person looks into it."""
        return bool(self.reviews) and self.reviews[-1][1]


def read_gift(number: int) -> Gift | None:
    """The gift of an entry in one question; None where the entry is no deed.

    Reads: giving_deed, giving_refund, matching_clawback, matching_match,
    matching_review.
    """
    with connection.cursor() as cursor:
        cursor.execute(GIFT_SQL, (number,))
        row = cursor.fetchone()
    if row is None:
        return None
    found = Gift(Deed.from_db(connection.alias, DEED_FIELDS, row[:-1]), [], [], [], [])
    for what, id_, amount, back, pool, rule, bound in row[-1]:
        if what == REFUND:
            found.refunds.append((id_, amount, back))
        elif what == CLAW_BACK:
            found.claw_backs.append((id_, amount))
        elif what == REVIEW:
            found.reviews.append((id_, bool(amount)))
        else:
            found.matches.append(Match(id_, pool, rule, amount, bound))
    return found
