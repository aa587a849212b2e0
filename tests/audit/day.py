"""A day with caps, a window that runs dry, orders, holds, refunds and a stuck envelope."""

from jusha.inbox.envelopes import NO_PERSON
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House, ratio

NOON = 1_757_390_400  # 2025-09-09 12:00 in Shanghai


def live_a_day(house: House) -> None:
    """Caps, a window, a draw, a pool that runs dry, orders, holds, refunds, a stuck envelope."""
    house.furnish(
        pool=6_000,
        rule=ratio(budget=2_400, person_day_max=1_000, gift_max=800),
        channel={"clock": "file", "draw_max": 3_570},
    )
    house.rule(ratio(denominator=10), code="R2")
    order = house.order(3_000, WATER, person=CAROL)
    house.send(order, lane="web")
    house.send(
        house.deed(3_000, "", order=order.no, paid_at=NOON),
        house.deed(3_000, "", order=order.no, paid_at=NOON),
        house.deed(100, channel="never-admitted"),
    )
    for person in (ALICE, BOB, ALICE, NO_PERSON):
        house.give(700, BOOKS, person, paid_at=NOON)
    house.give(900, WATER, BOB, paid_at=NOON + 86_400)
    house.give(600, BOOKS, BOB, paid_at=NOON + 86_400)
    house.give(4_000, BOOKS, CAROL, asset="USD", paid_at=NOON)
    house.give(800, WATER, BOB, campaign="", paid_at=NOON)
    held = house.give(300, "nowhere", CAROL)
    house.send(house.deed(50, external="x"), house.deed(60, external="x"))
    house.settle()
    refundable = deed_of(house, "amount = 700")
    for number, amount in ((refundable, 200), (refundable, 33), (held, 300), (refundable + 1, 700)):
        assert house.instruct("refund", deed=number, amount=amount, reason="x")[0] == "done"
    house.fund(500)
    assert house.instruct("refund", deed=held, amount=1, reason="x")[0] == "more-than-is-left"
    assert house.instruct("close-project", code=WATER)[0] == "done"
    salt = bytes(32)
    assert house.instruct("seal", campaign="day", day="2025-09-09", salt=salt)[0] == "done"


def deed_of(house: House, where: str) -> int:
    row = house.web.execute(f"SELECT min(number) FROM giving_deed WHERE {where}").fetchone()
    assert row is not None
    return int(row[0])
