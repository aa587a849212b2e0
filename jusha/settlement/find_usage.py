"""Find what persons have used of their caps: one query for all of them."""

from typing import Any, Final

from psycopg import Connection

from jusha.money.clock import local_day
from jusha.settlement.changes import Found
from jusha.settlement.pack import int4s, uuids
from jusha.settlement.world import World

USAGE_SQL: Final = """
SELECT u.campaign, u.day, uuid_send(u.person), u.matched
FROM unnest(%s, %s, %s) AS k (campaign, day, person)
JOIN matching_usage u ON u.campaign = k.campaign AND u.day = k.day AND u.person = k.person"""


def read_usage(
    connection: Connection[Any], world: World, found: Found, wanted: set[tuple[int, int, bytes]]
) -> None:
    """Read what persons used of their days, and of the whole campaign where a cap asks for it."""
    whole = {
        (campaign, person)
        for campaign, _, person in wanted
        if world.campaigns_by_id[campaign].by_person
    }
    for campaign, person in whole:
        wanted.update((campaign, day, person) for day in days_of(world, campaign))
    asked = wanted - found.usage.keys()
    if asked:
        campaigns, days, persons = zip(*asked, strict=True)
        for campaign, day, person, matched in connection.execute(
            USAGE_SQL, (int4s(campaigns), int4s(days), uuids(persons)), binary=True
        ):
            found.usage[campaign, day, person] = matched
    for campaign, day, person in wanted:
        if (campaign, person) in whole:
            sum_ = found.campaign_usage.get((campaign, person), 0)
            used = found.usage.get((campaign, day, person), 0)
            found.campaign_usage[campaign, person] = sum_ + used


def days_of(world: World, campaign: int) -> range:
    """The Shanghai days on which a campaign can match; a cap over all of it bounds their number."""
    terms = world.campaigns_by_id[campaign]
    return range(local_day(terms.opens_s), local_day(terms.closes_s - 1) + 1)
