"""Scenes for rules to be tried on: an invented day, or what an installation has recorded."""

from fractions import Fraction
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.campaigns.days import ANONYMOUS, Given, Shape, generate
from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.envelopes import NO_PERSON
from jusha.matching.kinds.coupon import Coupon
from jusha.matching.rules import RuleTerms
from jusha.money.clock import (
    DAY_SECONDS,
    SHANGHAI_SHIFT_SECONDS,
    day_number,
    local_day,
    minute_seconds,
    minute_text,
)
from jusha.payments.rules import ChannelTerms
from jusha.settlement.estimate_day import Scene

SECOND_US: Final = 1_000_000
CNY: Final = 1

CAMPAIGN_SQL: Final = "SELECT id, terms FROM campaigns_terms WHERE code = %s"
PROJECTS_SQL: Final = """
SELECT f.project, f.code, p.code FROM projects_fund f JOIN charities_payee p ON p.id = f.payee
ORDER BY f.project"""
CHANNELS_SQL: Final = "SELECT id, code, terms FROM payments_channel ORDER BY id"
GIFTS_SQL: Final = """
SELECT (extract(epoch FROM d.effective_at) * 1000000)::bigint, d.amount, d.project,
       uuid_send(d.person), d.channel
FROM giving_deed d WHERE d.campaign = %s AND d.asset = %s AND NOT d.held
ORDER BY 1, d.number"""


class CampaignUnknownError(Exception):
    """There is no such campaign, or it has no gifts."""


def invented(
    shape: Shape, *, date: str, scale: Fraction, seed: int, bots_permille: int, pool: int
) -> Scene:
    """Set an invented day: one rail, the shape's projects, a campaign of that day. Pool in fen."""
    day = generate(shape, scale=scale, seed=seed, bots_permille=bots_permille)
    start_s = day_number(date) * DAY_SECONDS - SHANGHAI_SHIFT_SECONDS
    terms = CampaignTerms(minute_text(start_s), minute_text(start_s + DAY_SECONDS))
    return Scene(
        gifts=day.gifts,
        projects=[(f"p{n}", f"c{n % day.charities}") for n in range(day.projects)],
        channels=[("rail", ChannelTerms(("CNY",), "rail"))],
        campaign=terms,
        start_s=start_s,
        days=1,
        pool=pool,
        seed=seed,
    )


def recorded(connection: Connection[Any], *, code: str, seed: int, pool: int) -> Scene:
    """Set what an installation has recorded of a campaign, in the order of effective times.

    Refunds are left out. Raises CampaignUnknownError. Reads: campaigns_terms, projects_fund,
    charities_payee, payments_channel, giving_deed. Writes nothing.
    """
    row = connection.execute(CAMPAIGN_SQL, (code,)).fetchone()
    if row is None:
        raise CampaignUnknownError(f"there is no campaign {code}")
    campaign = msgspec.convert(row[1], CampaignTerms)
    projects = connection.execute(PROJECTS_SQL).fetchall()
    channels = connection.execute(CHANNELS_SQL).fetchall()
    rows = connection.execute(GIFTS_SQL, (row[0], CNY), binary=True).fetchall()
    if not rows:
        raise CampaignUnknownError(f"the campaign {code} has no gifts")
    first = local_day(rows[0][0] // SECOND_US)
    start_s = first * DAY_SECONDS - SHANGHAI_SHIFT_SECONDS
    project_at = {id_: place for place, (id_, *_) in enumerate(projects)}
    channel_at = {id_: place for place, (id_, *_) in enumerate(channels)}
    donors: dict[bytes, int] = {NO_PERSON: ANONYMOUS}
    gifts = [
        Given(
            at_us - start_s * SECOND_US,
            amount,
            project_at[project],
            donors.setdefault(person, len(donors) - 1),
            channel=channel_at[channel],
        )
        for at_us, amount, project, person, channel in rows
    ]
    return Scene(
        gifts=gifts,
        projects=[(project, charity) for _, project, charity in projects],
        channels=[
            (channel, _taken(msgspec.convert(terms, ChannelTerms)))
            for _, channel, terms in channels
        ],
        campaign=campaign,
        start_s=start_s,
        days=local_day(rows[-1][0] // SECOND_US) - first + 1,
        pool=pool,
        seed=seed,
    )


def _taken(terms: ChannelTerms) -> ChannelTerms:
    """A channel's terms without its limits on gifts: these gifts were taken."""
    return msgspec.structs.replace(terms, projects=(), gift_max=0, minute_max=0, day_max=0)


def opening(scene: Scene, from_minutes: list[int]) -> int:
    """Say when matching begins, in seconds from the start: the first window, or the campaign's."""
    first = min(from_minutes) * 60
    return max(first, minute_seconds(scene.campaign.opens) - scene.start_s)


def scaled(terms: RuleTerms, scale: Fraction) -> RuleTerms:
    """Scale what a rule says of the whole day; caps of persons and projects stay as they are."""
    window, gives = terms.window, terms.gives
    window = msgspec.structs.replace(
        window, budget=int(window.budget * scale), slice_budget=int(window.slice_budget * scale)
    )
    if isinstance(gives, Coupon):
        gives = msgspec.structs.replace(gives, count=max(int(gives.count * scale), 1))
    return msgspec.structs.replace(terms, window=window, gives=gives)
