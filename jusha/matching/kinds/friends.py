"""Invited friends multiply an earlier gift's match (99公益日 2020: 10 friends, 3 to 10 times).

The further match is decided with the gift of the friend who completes the number, and
its leaf names both gifts.
"""

import msgspec

from jusha.matching.kinds.ask import Ask, pick

TIMES_MAX = 1000


class Friends(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="friends"
):
    """The match of rule `on` is given `low`..`high` times again.

    When so many `friends` have given to the same project by a gift's invitation.
    """

    on: str
    friends: int
    low: int
    high: int

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        fine = self.on and self.friends > 0 and 1 <= self.low <= self.high <= TIMES_MAX
        return "" if fine else "friends need the rule they multiply, a number and 1 <= low <= high"


def friends(kind: Friends, ask: Ask) -> int:
    """Return the earlier match x the times drawn."""
    return ask.base * (kind.low if kind.low == kind.high else pick(ask.draw, kind.low, kind.high))
