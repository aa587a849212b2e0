"""Webhooks: told in order, at least once, to whom it concerns, signed for strangers to check."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import standardwebhooks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.api.guard import Terms
from jusha.api.models import Hook, HookEvent
from jusha.api.rules import GIVE_UP_SECONDS, KINDS, RETRY_SECONDS
from jusha.api.tell import Hooks, tell
from tests.api.conftest import Api, Caller, problem
from tests.api.receiver import Receiver, receiving
from tests.cast import BOOKS

HERE = Terms(is_sandbox=True)
GIFTS = ["gift.settled", "gift.held", "gift.refunded", "gift.repaid"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def hooked(caller: Caller, url: str, kinds: list[str] | None = None) -> dict[str, Any]:
    answer = caller.post("webhooks", {"url": url, "kinds": kinds or GIFTS})
    assert answer.status_code == 201, answer.content
    told: dict[str, Any] = answer.json()
    return told


def work(hooks: Hooks, now: datetime) -> None:
    """Work until there is nothing to do at this moment."""
    while hooks.round(now) or len(hooks.flights):
        pass


def told(receiver: Receiver) -> list[tuple[str, int]]:
    found = [json.loads(body) for _, body in receiver.came]
    return [(each["type"], each["data"]["number"]) for each in found]


def test_a_key_hears_of_its_own_orders_in_the_order_of_numbers(
    api: Api, receiver: Receiver
) -> None:
    caller = api.caller(["orders", "webhooks"])
    hooked(caller, receiver.url)
    number = caller.post("orders", {"project": BOOKS, "campaign": "day", "amount": 500}).json()
    api.house.settle()
    api.house.give(900)
    deed = api.house.give(500, project="", campaign="", order=int(number["no"]))
    api.house.instruct("refund", deed=deed, amount=200, reason="asked")
    hooks = Hooks(allowed=HERE)
    work(hooks, datetime.now(UTC))
    assert receiver.came == [], "what is not published is not told"
    api.site.publish()
    work(hooks, datetime.now(UTC))
    assert told(receiver) == [("gift.settled", deed), ("gift.refunded", deed + 1)]
    first, second = (json.loads(body)["data"] for _, body in receiver.came)
    assert first == {
        "number": deed, "gift": deed, "order": number["no"], "amount": 500, "asset": "CNY",
        "project": BOOKS, "campaign": "day", "matched": 500,
    }  # fmt: skip
    assert (second["gift"], second["amount"], second["matched"]) == (deed, 200, 200)
    assert HookEvent.objects.count() == 0


def test_with_its_scope_a_key_hears_of_all_gifts_of_its_charity(
    api: Api, receiver: Receiver
) -> None:
    hooked(api.caller(["webhooks", "charity"]), receiver.url)
    hooked(api.caller(["webhooks"]), receiver.url)
    deed = api.house.give(900)
    api.site.publish()
    work(Hooks(allowed=HERE), datetime.now(UTC))
    assert told(receiver) == [("gift.settled", deed)]
    assert json.loads(receiver.came[0][1])["data"]["order"] is None


def test_checkpoints_are_told_once_a_minute(api: Api, receiver: Receiver) -> None:
    hooked(api.caller(), receiver.url, ["checkpoint.published"])
    hooks, now = Hooks(allowed=HERE), datetime.now(UTC)
    for seconds in (0, 1, 2, 61):
        api.house.give(100)
        api.site.publish()
        work(hooks, now + timedelta(seconds=seconds))
    sizes = [json.loads(body)["data"]["size"] for _, body in receiver.came]
    assert len(sizes) == 2
    assert sizes[1] - sizes[0] == 3


def test_a_stranger_verifies_our_signatures_and_both_secrets_while_one_changes(
    api: Api, receiver: Receiver
) -> None:
    caller = api.caller()
    made = hooked(caller, receiver.url)
    changed = caller.post(f"webhooks/{made['id']}/secret").json()
    assert changed["secret"] != made["secret"]
    api.house.give(900)
    api.site.publish()
    work(Hooks(allowed=HERE), datetime.now(UTC))
    headers, body = receiver.came[0]
    for secret in (made["secret"], changed["secret"]):
        verified = standardwebhooks.Webhook(secret).verify(body, headers)
        assert verified["type"] == "gift.settled"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(made["secret"]).verify(body + b" ", headers)
    Hook.objects.update(before_until=datetime.now(UTC) - timedelta(seconds=1))
    api.house.give(900)
    api.site.publish()
    work(Hooks(allowed=HERE), datetime.now(UTC))
    headers, body = receiver.came[1]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(made["secret"]).verify(body, headers)
    standardwebhooks.Webhook(changed["secret"]).verify(body, headers)


def test_a_failed_event_is_repeated_with_its_id_and_holds_back_the_next(
    api: Api, receiver: Receiver
) -> None:
    caller = api.caller()
    made = hooked(caller, receiver.url)
    receiver.statuses = [500, 302, 204]
    receiver.location = "/elsewhere"
    first, second = api.house.give(100), api.house.give(200)
    api.site.publish()
    hooks, now = Hooks(allowed=HERE), datetime.now(UTC)
    work(hooks, now)
    assert told(receiver) == [("gift.settled", first)]
    fares = caller.get(f"webhooks/{made['id']}").json()
    assert (fares["state"], fares["told"], fares["waiting"]) == ("on", "status-500", 2)
    work(hooks, now + timedelta(seconds=RETRY_SECONDS[0] - 1))
    assert len(receiver.came) == 1
    now += timedelta(seconds=RETRY_SECONDS[0])
    work(hooks, now)
    assert len(receiver.came) == 2, "a redirect is a failure, and is not followed"
    work(hooks, now + timedelta(seconds=RETRY_SECONDS[1]))
    numbers = [first, first, first, second]
    assert told(receiver) == [("gift.settled", each) for each in numbers]
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(set(ids)) == 2
    assert ids[0] == ids[2]
    fares = caller.get(f"webhooks/{made['id']}").json()
    assert (fares["told"], fares["failing_since"], fares["waiting"]) == ("", None, 0)


def test_what_never_arrives_is_set_aside_after_three_days_and_can_be_had_again(
    api: Api, receiver: Receiver
) -> None:
    caller = api.caller()
    made = hooked(caller, receiver.url)
    receiver.statuses = [500]
    first = api.house.give(100)
    api.site.publish()
    hooks, now = Hooks(allowed=HERE), datetime.now(UTC)
    for pause in (0, *RETRY_SECONDS):
        now += timedelta(seconds=pause)
        work(hooks, now)
    assert len(receiver.came) == 1 + len(RETRY_SECONDS)
    dead = caller.get(f"webhooks/{made['id']}").json()["dead"]
    assert [(each["kind"], each["number"], each["told"]) for each in dead] == [
        ("gift.settled", first, "status-500")
    ]
    second = api.house.give(200)
    api.site.publish()
    receiver.statuses = [204]
    work(hooks, now)
    assert told(receiver)[-1] == ("gift.settled", second)
    assert caller.post(f"webhooks/{made['id']}/resume").json()["waiting"] == 1
    work(hooks, datetime.now(UTC) + timedelta(days=9))
    assert told(receiver)[-1] == ("gift.settled", first)


@pytest.mark.parametrize(("status", "told_why"), [(410, "gone"), (500, "failing")])
def test_who_is_gone_or_fails_for_days_is_switched_off_and_loses_nothing(
    api: Api, receiver: Receiver, status: int, told_why: str
) -> None:
    caller = api.caller()
    made = hooked(caller, receiver.url)
    receiver.statuses = [status]
    first = api.house.give(100)
    api.site.publish()
    hooks, now = Hooks(allowed=HERE), datetime.now(UTC)
    work(hooks, now)
    work(hooks, now + timedelta(seconds=GIVE_UP_SECONDS))
    fares = caller.get(f"webhooks/{made['id']}").json()
    assert (fares["state"], fares["told"]) == ("off", told_why)
    second = api.house.give(200)
    api.site.publish()
    work(hooks, now + timedelta(days=9))
    receiver.came.clear()
    receiver.statuses = [204]
    caller.post(f"webhooks/{made['id']}/resume")
    work(hooks, now + timedelta(days=9))
    assert told(receiver) == [("gift.settled", first), ("gift.settled", second)]


def test_a_crash_between_making_and_sending_repeats_and_loses_nothing(
    api: Api, receiver: Receiver
) -> None:
    hooked(api.caller(), receiver.url)
    deed = api.house.give(100)
    api.site.publish()
    now = datetime.now(UTC)
    assert tell(now) == 1
    assert tell(now) == 0
    Hook.objects.update(next_entry=0)  # as if the cursor had been lost, and not the events
    tell(now)
    deeds = [n for k, n in told_waiting() if k == "gift.settled"]
    assert deeds == sorted(set(deeds))
    lost = Hooks(allowed=HERE)
    lost.round(now)
    lost.flights.finish()  # answered, and nobody kept it
    work(Hooks(allowed=HERE), now)
    assert {number for _, number in told(receiver)} >= {deed}


def told_waiting() -> list[tuple[str, int]]:
    return list(HookEvent.objects.order_by("id").values_list("kind", "number"))


def test_a_revoked_key_hears_nothing_more(api: Api, receiver: Receiver) -> None:
    caller = api.caller()
    hooked(caller, receiver.url)
    assert caller.row is not None
    caller.row.revoked_at = datetime.now(UTC)
    caller.row.save()
    api.house.give(100)
    api.site.publish()
    work(Hooks(allowed=HERE), datetime.now(UTC))
    assert receiver.came == []
    assert Hook.objects.get().told == "key-revoked"
    problem(caller.get("webhooks"), 401, "unauthentic")


def test_telling_costs_as_many_questions_for_many_webhooks_as_for_few(
    api: Api, receiver: Receiver
) -> None:
    caller = api.caller()
    counts = []
    for more in (1, 4):
        for _ in range(more):
            hooked(caller, receiver.url, list(KINDS))
        Hook.objects.update(next_entry=0)
        api.house.give(100)
        api.site.publish()
        HookEvent.objects.all().delete()
        with CaptureQueriesContext(connection) as asked:
            tell(datetime.now(UTC))
        counts.append(len([each for each in asked if each["sql"].startswith("SELECT")]))
    assert counts[0] == counts[1]


def test_a_webhook_is_its_keys_alone_and_ends_with_all_that_waits(
    api: Api, receiver: Receiver
) -> None:
    caller, other = api.caller(), api.caller()
    made = hooked(caller, receiver.url)
    api.house.give(100)
    api.site.publish()
    tell(datetime.now(UTC))
    problem(other.get(f"webhooks/{made['id']}"), 404, "not-found")
    problem(other.delete(f"webhooks/{made['id']}"), 404, "not-found")
    assert [each["waiting"] for each in caller.get("webhooks").json()["items"]] == [1]
    assert other.get("webhooks").json()["items"] == []
    assert caller.delete(f"webhooks/{made['id']}").status_code == 204
    assert HookEvent.objects.count() == 0
    problem(caller.get(f"webhooks/{made['id']}"), 404, "not-found")


def test_secrets_stand_sealed_and_are_shown_once(api: Api, receiver: Receiver) -> None:
    caller = api.caller()
    made = hooked(caller, receiver.url)
    assert "secret" not in caller.get(f"webhooks/{made['id']}").content.decode()
    assert made["secret"].startswith("whsec_")
    assert made["secret"][6:26].encode() not in bytes(Hook.objects.get().sealed)


NEVER = (
    "http://example.org/x",
    "https://example.org:8443/x",
    "https://user:pass@example.org/x",
    "https://example.org/x#y",
    "https://10.0.0.1/x",
    "https://[fd00::1]/x",
    "https://169.254.169.254/latest/meta-data",
)


def test_an_address_that_is_never_called_is_not_taken(api: Api) -> None:
    caller = api.caller()
    for url in NEVER:
        problem(caller.post("webhooks", {"url": url, "kinds": GIFTS}), 422, "address-refused")


def test_a_key_has_ten_webhooks_at_most(api: Api, receiver: Receiver) -> None:
    caller = api.caller()
    for _ in range(10):
        hooked(caller, receiver.url)
    answer = caller.post("webhooks", {"url": receiver.url, "kinds": GIFTS})
    problem(answer, 422, "too-many")
