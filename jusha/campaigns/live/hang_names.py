"""Hang the names of new gifts on the wall; report, show again and remove them; forget a donor's.

Only names that their donors asked to have shown with the gift come here (payments/order.py keeps
them sealed until then). A donor who is erased takes every name along, in the same transaction.
"""

from typing import Final

from django.db import transaction

from jusha.campaigns.live.models import WallCursor, WallName, WallWish, WallWord
from jusha.campaigns.live.queries import named_gifts
from jusha.campaigns.live.wall_rules import REPORT_MAX, State, folded, judged
from jusha.giving.erase_donor import BESIDES
from jusha.payments.order import read_openings
from jusha.people.erasure_list import Line
from jusha.people.models import Opening

SLICE: Final = 5_000
"""Entries a step: each name is opened under its donor's own key."""


def wish_wall(order_no: int) -> None:
    """Note that the donor of an order wishes its name shown, in the order's own transaction.

    Writes: jusha_wallwish.
    """
    WallWish.objects.create(order_no=order_no)


def hang_next(size: int) -> int | None:
    """Look at the next SLICE entries below `size`; names hung, or None if there is nothing new.

    The private records are held while they are read, so that an erasing waits and then finds the
    name. Reads: giving_deed, jusha_wallwish, jusha_opening, jusha_donorkey, jusha_wallword.
    Writes: jusha_wallname, jusha_wallcursor.
    """
    after = WallCursor.objects.values_list("number", flat=True).get(id=1)
    upto = min(after + SLICE, size)
    if upto <= after:
        return None
    with transaction.atomic():
        if not WallCursor.objects.filter(id=1, number=after).update(number=upto):
            return None
        gifts = {order: (number, campaign) for number, campaign, order in named_gifts(after, upto)}
        held = Opening.objects.select_for_update().filter(order_no__in=gifts)
        orders = list(held.order_by("order_no").values_list("order_no", flat=True))
        words = set(WallWord.objects.values_list("word", flat=True))
        rows = [
            WallName(
                number=gifts[order][0],
                campaign=gifts[order][1],
                order_no=order,
                name=record["name"],
                key=folded(record["name"]),
                state=judged(record["name"], words),
            )
            for order, (record, _) in read_openings(orders).items()
            if record.get("name")
        ]
        WallName.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def report_name(number: int, *, words: str) -> bool:
    """Hide a shown name until a person looked at it; whether it is hidden now.

    One that a person showed again stays. Writes: jusha_wallname.
    """
    shown = WallName.objects.filter(number=number, state=State.SHOWN, decided_by="")
    return bool(shown.update(state=State.HIDDEN, reported=words[:REPORT_MAX] or "-"))


def decide_name(number: int, *, show: bool, by: str) -> bool:
    """Show a name, or remove it for good; whether there was one to decide about.

    Writes: jusha_wallname.
    """
    open_ = WallName.objects.filter(number=number).exclude(state=State.REMOVED)
    return bool(open_.update(state=State.SHOWN if show else State.REMOVED, decided_by=by))


def add_word(word: str, *, by: str) -> int:
    """Hold back names with a word from now on, and those that hang; how many hung.

    Writes: jusha_wallword, jusha_wallname.
    """
    key = folded(word)
    if not key:
        return 0
    with transaction.atomic():
        WallWord.objects.get_or_create(word=key[:40], defaults={"set_by": by})
        hung = WallName.objects.filter(state=State.SHOWN, decided_by="", key__contains=key)
        return hung.update(state=State.HELD)


def forget_line(line: Line) -> None:
    """Take the names of erased orders off the wall. Writes: jusha_wallname, jusha_wallwish."""
    WallWish.objects.filter(order_no__in=line.orders).delete()
    WallName.objects.filter(order_no__in=line.orders).delete()


BESIDES.append(forget_line)
