"""Lines of a bill that send money back, and how each may stand. Pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

DONE: Final = "taken-back"
SENT: Final = "sent"
NO_GIFT: Final = "no-gift"
OVER_GIFT: Final = "over-gift"
OTHER_AMOUNT: Final = "other-amount"
REPEATED: Final = "repeated"
SEVERAL_GIFTS: Final = "several-gifts"
REFUSED: Final = "refused"
STATES: Final = (DONE, SENT, NO_GIFT, OVER_GIFT, OTHER_AMOUNT, REPEATED, SEVERAL_GIFTS, REFUSED)
"""How a refund line stands:

taken-back: the gift was taken back, by so much; sent: settlement has not answered yet;
no-gift: no gift of this number is known, yet or ever; over-gift: more than is left of the gift;
other-amount: taken back before, by another amount; repeated: the same refund stands in this file
already; several-gifts: the number names several gifts; refused: settlement did not take it.
"""


class Back(NamedTuple):
    """One refund line: its source and channel, its place (file and line), what it says."""

    source: str
    channel: str
    place: int
    external_id: str
    of: str
    at_s: int
    amount: int


class Standing(NamedTuple):
    """How a refund line stands: the state, the entry of the refund and of the gift, or -1."""

    back: Back
    state: str
    refund: int = -1
    gift: int = -1


def newest_refunds(backs: Iterable[Back], *, file_of: int) -> list[Back]:
    """Keep, of every refund's number, the lines of the newest file that has it; in order of time.

    A line's file is its place >> `file_of`; higher is newer.
    """
    every = list(backs)
    newest: dict[tuple[str, str], int] = {}
    for back in every:
        name = back.channel, back.external_id
        newest[name] = max(newest.get(name, -1), back.place >> file_of)
    kept = [b for b in every if newest[b.channel, b.external_id] == b.place >> file_of]
    return sorted(kept, key=lambda b: (b.at_s, b.source, b.place))
