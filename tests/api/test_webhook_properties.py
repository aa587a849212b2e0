"""However receivers fail and processes die: every event arrives, and first arrivals keep order."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jusha.api import tell as teller
from jusha.api.edge import RATES
from jusha.api.guard import Terms
from jusha.api.models import Hook
from jusha.api.send import Answer
from jusha.api.tell import Hooks
from tests.api.conftest import Api

STEPS = st.lists(
    st.sampled_from(["give", "publish", "round", "round", "die", "wait", "resume"]), max_size=25
)
OUTCOMES = st.lists(st.sampled_from([204, 204, 500, 302, 0, 429, 410]), max_size=30)


class Outside:
    """A receiver that answers as drawn, and well when nothing is drawn any more."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses = list(statuses)
        self.had: list[int] = []
        self.bodies: dict[str, bytes] = {}

    def call(self, _url: str, body: bytes, headers: Any, *_args: Any, **_more: Any) -> Answer:
        assert self.bodies.setdefault(headers["webhook-id"], body) == body
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 204:
            self.had.append(json.loads(body)["data"]["number"])
        return Answer(status, "" if status else "unreachable")


def one_round(hooks: Hooks, now: datetime) -> None:
    """One round, and wait until what it began has been answered."""
    hooks.round(now)
    for future in list(hooks.flights._under_way.values()):
        future.result()


@settings(max_examples=25)
@example(steps=["give"], statuses=[500] * 6)
@example(steps=["give"], statuses=[410] * 6)
@given(steps=STEPS, statuses=OUTCOMES)
def test_every_event_arrives_in_order_whatever_fails(
    api: Api, steps: list[str], statuses: list[int]
) -> None:
    Hook.objects.all().delete()
    RATES.clear()  # resuming what was not off is refused, and refusals are counted for a minute
    caller, outside, now = api.caller(["webhooks", "charity"]), Outside(statuses), datetime.now(UTC)
    api.site.publish()
    body = {"url": "http://127.0.0.1:9/x", "kinds": ["gift.settled"]}
    made = caller.post("webhooks", body).json()["id"]
    given_numbers = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(teller, "call", outside.call)
        hooks = Hooks(allowed=Terms(is_sandbox=True))
        rounds = 2 * len(statuses) + 2  # one sends, the next keeps what was answered
        for step in [*steps, "publish", *["wait", "resume", "round"] * rounds]:
            if step == "give":
                given_numbers.append(api.house.give(100))
            elif step == "publish":
                api.site.publish()
            elif step == "die":  # what was answered is not kept
                hooks = Hooks(allowed=Terms(is_sandbox=True))
            elif step == "wait":
                now += timedelta(days=1)
            elif step == "resume":
                RATES.clear()
                caller.post(f"webhooks/{made}/resume")
                now = max(now, datetime.now(UTC))
            else:
                one_round(hooks, now)
        for _ in range(2 * len(given_numbers) + 2):
            one_round(hooks, now)
    first = list(dict.fromkeys(outside.had))
    assert first == given_numbers
