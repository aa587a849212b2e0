"""Tell settlement what two persons decided about a giving day: in the decision's own transaction.

So a crash leaves both or neither, and a repeat is the same instruction (day_rules.identity).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from jusha.campaigns.day_rules import DayRefusedError, identity
from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.matching.block_list import SponsorRefusedError, check_instruction
from jusha.people.models import Decision

LANE: Final = "console"


def check_sponsor(kind: str, body: dict[str, Any], *, on: date) -> None:
    """Refuse a sponsor that is not taken. Raises DayRefusedError("sponsor").

    Reads: jusha_sponsorblock, matching_pool.
    """
    try:
        check_instruction(kind, body, on=on)
    except SponsorRefusedError as error:
        raise DayRefusedError("sponsor", error.sponsor) from error


def tell(
    found: Decision, told: Sequence[tuple[str, dict[str, Any]]], *, second: UUID, on: date
) -> None:
    """Append one instruction for each (kind, body). Raises DayRefusedError("sponsor").

    Writes: the inbox.
    """
    for kind, body in told:
        check_sponsor(kind, body, on=on)
    people = str(found.proposed_by), str(second)
    append(
        django_connection(),
        lane=LANE,
        envelopes=[
            Instruction(identity(found.pk, place), kind, *people, body)
            for place, (kind, body) in enumerate(told)
        ],
    )
