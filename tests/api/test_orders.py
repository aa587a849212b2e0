"""Orders by key: durable when answered, done once, and nobody else's business."""

from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.api.models import ApiAnswer, ApiOrder
from jusha.payments.models import Attempt
from jusha.projects.models import Project
from tests.api.conftest import Api, Caller, problem
from tests.cast import BOOKS, WATER
from tests.web.staff import as_owner

READ_COUNT = 11
ORDER: dict[str, Any] = {"project": BOOKS, "campaign": "day", "amount": 2_000}


def placed(caller: Caller, **more: Any) -> str:
    answer = caller.post("orders", ORDER | more)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["no"])


def pay(api: Api, number: str, amount: int = 2_000) -> int:
    return api.house.give(amount, project="", campaign="", order=int(number))


def test_an_order_goes_from_received_to_a_gift(api: Api) -> None:
    caller = api.caller()
    number = placed(caller, note="加油", shown_name="小王")
    assert caller.get(f"orders/{number}").json()["state"] == "received"
    api.house.settle()
    told = caller.get(f"orders/{number}").json()
    assert (told["state"], told["amount"], told["deed"]) == ("open", 2_000, None)
    deed = pay(api, number)
    told = caller.get(f"orders/{number}").json()
    assert (told["state"], told["deed"]) == ("paid", deed)
    assert api.house.entries()[deed]["cm"]


def test_reading_an_order_costs_a_fixed_number_of_questions(api: Api) -> None:
    caller = api.caller()
    number = placed(caller)
    api.house.settle()
    pay(api, number)
    with CaptureQueriesContext(connection) as asked:
        assert caller.get(f"orders/{number}").json()["state"] == "paid"
    assert len(asked) == READ_COUNT, [each["sql"] for each in asked]


def test_money_that_does_not_fit_is_said_to_be_held(api: Api) -> None:
    caller = api.caller()
    number = placed(caller)
    api.house.settle()
    held = pay(api, number, 1_900)
    told = caller.get(f"orders/{number}").json()
    assert (told["state"], told["deed"]) == ("held", held)


def test_an_order_is_shown_on_a_rail_that_is_there(api: Api, settings: Any) -> None:
    caller = api.caller()
    wish = {"rail": "wechat", "way": "native"}
    told = problem(caller.post("orders", ORDER | {"pay": wish}), 422, "unreadable")
    assert told["errors"][0]["at"] == "body/pay/rail"
    (Path(settings.HOME) / "rails.toml").write_text('[wechat]\nmchid = "1"\n')
    number = placed(caller, pay=wish)
    pays = caller.get(f"orders/{number}").json()["pay"]
    assert [(each["rail"], each["state"]) for each in pays] == [("wechat", "asked")]
    Attempt.objects.update(state="ready", payable={"code": "weixin://x", "url": ""})
    assert caller.get(f"orders/{number}").json()["pay"][0]["code"] == "weixin://x"
    for wrong in ({"way": "wap"}, {"way": "jsapi"}, {"way": "h5"}):
        problem(caller.post("orders", ORDER | {"pay": wish | wrong}), 422, "unreadable")


def test_the_same_key_and_body_is_one_order_and_one_answer(api: Api) -> None:
    caller = api.caller()
    first = caller.post("orders", ORDER, name="one-and-only")
    again = caller.post("orders", ORDER, name='"one-and-only"')
    assert (again.status_code, again.content) == (201, first.content)
    assert again["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first
    assert ApiOrder.objects.count() == 1
    other = caller.post("orders", ORDER | {"amount": 1}, name="one-and-only")
    problem(other, 422, "idempotency-key-reused")
    assert api.caller().post("orders", ORDER, name="one-and-only").json() != first.json()


def test_what_was_refused_may_be_sent_again_corrected(api: Api) -> None:
    caller = api.caller()
    problem(caller.post("orders", ORDER | {"project": "none"}, name="same-key"), 422, "unreadable")
    assert caller.post("orders", ORDER, name="same-key").status_code == 201


def test_answers_are_kept_sealed(api: Api) -> None:
    caller = api.caller()
    number = placed(caller)
    assert number.encode() not in bytes(ApiAnswer.objects.get().sealed)


WRONG: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"amount": 0}, 422, "unreadable"),
    ({"amount": "2000"}, 422, "unreadable"),
    ({"amount": 20.0}, 422, "unreadable"),
    ({"amount": True}, 422, "unreadable"),
    ({"amount": 10**30}, 422, "unreadable"),
    ({"sum": 5}, 422, "unreadable"),
    ({"project": "a/b"}, 422, "unreadable"),
    ({"note": "x" * 61}, 422, "unreadable"),
    ({"note": "a\u0000b"}, 422, "unreadable"),
    ({"note": "\ud800"}, 422, "unreadable"),
    ({"\ud800": 1}, 422, "unreadable"),
    ({"campaign": "other"}, 409, "not-open"),
)


def test_what_is_not_an_order_is_refused_before_anything_is_done(api: Api) -> None:
    caller = api.caller()
    for more, status, code in WRONG:
        problem(caller.post("orders", ORDER | more), status, code)
    assert ApiOrder.objects.count() == 0


def test_a_project_that_is_gone_takes_no_order(api: Api) -> None:
    api.house.instruct("close-project", code=WATER)
    answer = api.caller().post("orders", ORDER | {"project": WATER})
    assert answer.status_code in {201, 409}
    api.house.settle()


def test_a_key_reaches_its_own_orders_charities_and_scopes_only(api: Api) -> None:
    caller, other = api.caller(), api.caller()
    number = placed(caller)
    problem(other.get(f"orders/{number}"), 404, "not-found")
    problem(other.post(f"orders/{number}/refund-requests", REFUND), 404, "not-found")
    problem(api.caller(["webhooks"]).post("orders", ORDER), 403, "forbidden")
    stranger = api.caller()
    assert stranger.row is not None
    stranger.row.charities = ["elsewhere"]
    stranger.row.save()
    problem(stranger.post("orders", ORDER), 403, "forbidden")


REFUND: dict[str, Any] = {"amount": 500, "reason": "wrong-amount", "words": "多打了一个零"}


def test_a_donor_asks_for_money_back_through_the_app(api: Api) -> None:
    caller = api.caller()
    number = placed(caller)
    problem(caller.post(f"orders/{number}/refund-requests", REFUND), 409, "not-paid")
    api.house.settle()
    deed = pay(api, number)
    answer = caller.post(f"orders/{number}/refund-requests", REFUND)
    assert answer.status_code == 201
    stands = {"deed": deed, "amount": 500, "reason": "wrong-amount", "state": "asked"}
    assert answer.json() == stands
    assert caller.get(f"orders/{number}").json()["refunds"] == [stands]
    problem(caller.post(f"orders/{number}/refund-requests", REFUND), 409, "open-case")


def test_more_than_is_left_cannot_be_asked_for(api: Api) -> None:
    caller = api.caller()
    number = placed(caller)
    api.house.settle()
    pay(api, number)
    answer = caller.post(f"orders/{number}/refund-requests", REFUND | {"amount": 2_001})
    told = problem(answer, 422, "refund-refused")
    assert told["errors"] == [{"at": "body", "detail": "too-much"}]


def test_an_order_says_which_facts_its_donor_was_shown_and_they_must_hold(api: Api) -> None:
    caller = api.caller()
    told = api.anyone.get(f"projects/{BOOKS}").json()["facts"]
    assert told["since"] == "2026-09-01"
    assert told["spent"] == 0
    assert caller.post("orders", ORDER | {"facts": told["version"]}).status_code == 201
    problem(caller.post("orders", ORDER | {"facts": "0" * 12}), 409, "facts-changed")
    problem(caller.post("orders", ORDER | {"facts": ""}), 422, "unreadable")
    with as_owner(api.site):
        Project.objects.filter(code=BOOKS).update(target_amount=2_000_000)
    again = caller.post("orders", ORDER | {"facts": told["version"]})
    problem(again, 409, "facts-changed")
    new = api.anyone.get(f"projects/{BOOKS}").json()["facts"]["version"]
    assert caller.post("orders", ORDER | {"facts": new}).status_code == 201
