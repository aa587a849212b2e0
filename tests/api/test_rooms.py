"""A partner takes room in pieces, gives it back, and is told when there is none."""

from datetime import UTC, datetime

from jusha.payments.target_rooms import follow_rooms
from jusha.projects.models import Project
from tests.api.conftest import Api
from tests.cast import BOOKS


def stop_at(api: Api, target: int) -> None:
    Project.objects.filter(code=BOOKS).update(hard_target=True, target_amount=target)
    follow_rooms(api.house.web, datetime.now(UTC))


def test_room_is_taken_in_pieces_until_there_is_none(api: Api) -> None:
    stop_at(api, 1_000)
    partner = api.caller()
    held = partner.post("rooms", {"project": BOOKS, "amount": 700})
    assert held.status_code == 201
    assert held.json()["amount"] == 700
    full = partner.post("rooms", {"project": BOOKS, "amount": 301})
    assert full.status_code == 409
    assert full.json()["type"] == "urn:jusha:problem:no-room"
    assert full.json()["errors"] == [
        {"at": "body/amount", "detail": "the project has room for 300 fen now"}
    ]
    order = partner.post("orders", {"project": BOOKS, "amount": 301, "campaign": ""})
    assert order.json()["type"] == "urn:jusha:problem:no-room"
    assert partner.delete(f"rooms/{held.json()['id']}").status_code == 204
    for _ in range(2):
        follow_rooms(api.house.web, datetime.now(UTC))
    assert partner.post("rooms", {"project": BOOKS, "amount": 1_000}).status_code == 201


def test_nobody_ends_another_keys_room_and_an_end_can_be_repeated(api: Api) -> None:
    stop_at(api, 1_000)
    held = api.caller().post("rooms", {"project": BOOKS, "amount": 700}).json()["id"]
    assert api.caller().delete(f"rooms/{held}").status_code == 404
    owner = api.caller()
    mine = owner.post("rooms", {"project": BOOKS, "amount": 200}).json()["id"]
    assert [owner.delete(f"rooms/{mine}").status_code for _ in range(2)] == [204, 204]


def test_a_project_without_a_hard_target_needs_no_room(api: Api) -> None:
    answer = api.caller().post("rooms", {"project": BOOKS, "amount": 700})
    assert answer.status_code == 409
    assert "no hard target" in answer.json()["detail"]
