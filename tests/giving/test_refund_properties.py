"""Whatever people do with a refund, in whatever order: never more than was given, never twice."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.giving.models import Refund, RefundCase, RefundStep
from jusha.giving.refund_approve import approve_refund
from jusha.giving.refund_ask import ask_refund, open_dispute
from jusha.giving.refund_confirm import confirm_refund, instructions
from jusha.giving.refund_decline import decline_refund
from jusha.giving.refund_follow import follow_refunds
from jusha.giving.refund_rules import CONFIRMED, OPEN, Actor, RefundRefusedError
from jusha.giving.refund_withdraw import withdraw_refund
from tests.cast import House
from tests.giving.test_refund_cases import DONOR, DUE, LI, SHAN, WANG

GIVEN: Final = 1_000
OWNER: Final = Actor("finance", "owner", SHAN)
"""Finance whose own gift it is."""
ACTORS: Final = (DONOR, LI, WANG, OWNER, Actor("staff", "li"), Actor("finance", "mei"))
DONE: Final = {"booked", "sent", "undelivered", "arrived"}


class Act(NamedTuple):
    """One thing that somebody tries; most of them are refused."""

    verb: str
    actor: Actor
    amount: int


verbs = st.sampled_from(
    ["ask", "dispute", "approve", "approve", "decline", "confirm", "confirm", "withdraw", "repeat",
     "settle", "follow", "elsewhere"]
)  # fmt: skip
acts = st.builds(Act, verbs, st.sampled_from(ACTORS), st.sampled_from([1, 300, 700, 1_000, 1_001]))


class Desk:
    """A gift, and people at it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.deed = house.give(GIVEN)
        self.elsewhere = 0

    def cases(self) -> list[RefundCase]:
        return list(RefundCase.objects.filter(deed=self.deed).order_by("id"))

    def try_(self, act: Act) -> None:
        """Do it to the newest case, or find it refused."""
        newest = next(iter(self.cases()[::-1]), None)
        case_id = newest.pk if newest else 0
        reason = "chargeback" if act.amount == GIVEN else "complaint"
        about: dict[str, Any] = {"deed": self.deed, "amount": act.amount, "actor": act.actor}
        deeds: dict[str, Callable[[], object]] = {
            "ask": lambda: ask_refund(**about, reason="other", donor="owner"),
            "dispute": lambda: open_dispute(**about, reason=reason, reference="D", due_at=DUE),
            "approve": lambda: approve_refund(case_id, act.actor),
            "decline": lambda: decline_refund(case_id, act.actor, reason="other"),
            "confirm": lambda: confirm_refund(case_id, act.actor),
            "withdraw": lambda: withdraw_refund(case_id, act.actor),
            "repeat": self.repeat,
            "settle": self.house.settle,
            "follow": lambda: follow_refunds(self.house.web),
            "elsewhere": lambda: self.refund_elsewhere(act.amount),
        }
        try:
            deeds[act.verb]()
        except RefundRefusedError:
            return

    def repeat(self) -> None:
        """Send again whatever was confirmed, as after a crash."""
        for case in self.cases():
            if case.confirmed_by:
                self.house.send(*instructions(case), lane="console")

    def refund_elsewhere(self, amount: int) -> None:
        """An operator or a bill takes money back past the cases."""
        if self.house.instruct("refund", deed=self.deed, amount=amount, reason="bill")[0] == "done":
            self.elsewhere += amount

    def look(self) -> None:
        """What must be true at every moment."""
        booked = list(Refund.objects.filter(deed=self.deed).values_list("amount", flat=True))
        assert sum(booked) <= GIVEN
        cases = self.cases()
        assert sum(case.state in OPEN for case in cases) <= 1
        for case in cases:
            if case.state in DONE | {CONFIRMED}:
                assert {case.approved_by, case.confirmed_by} <= {"li", "wang", "owner"}
                assert case.approved_by != case.confirmed_by
                assert case.donor not in {case.approved_by, case.confirmed_by}
            steps = list(RefundStep.objects.filter(case=case.pk).values_list("did", flat=True))
            assert steps[-1] == case.state
            assert len(steps) == len(set(steps)), "no state is entered twice"


@settings(max_examples=60)
@given(st.lists(acts, max_size=24))
def play(desk_house: House, story: list[Act]) -> None:
    desk = Desk(desk_house)
    for act in story:
        desk.try_(act)
        desk.look()
    desk_house.settle()
    follow_refunds(desk_house.web)
    desk.look()
    done = [case for case in desk.cases() if case.state in DONE]
    assert len({case.entry for case in done}) == len(done), "a refund is one case's"
    booked = sum(Refund.objects.filter(deed=desk.deed).values_list("amount", flat=True))
    assert booked == sum(case.amount for case in done) + desk.elsewhere


def test_no_interleaving_refunds_more_than_was_given_or_twice(desk_house: House) -> None:
    play(desk_house)
    desk_house.check()
