"""What donors write through an app is sealed under a key of the order's own, and can be erased."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from jusha.api.endpoints import ENDPOINTS
from jusha.api.models import ApiAnswer, ApiKey
from jusha.giving.models import RefundWords
from jusha.giving.refund_words import read_words
from jusha.payments.models import Attempt
from jusha.payments.order import read_opening
from jusha.payments.target_rooms import follow_rooms
from jusha.people.models import DonorKey, Erasure, Opening
from jusha.people.vault import load, unseal
from jusha.projects.models import Project
from tests.api.conftest import Api, Caller, problem
from tests.api.test_orders import ORDER, pay, placed
from tests.cast import BOOKS

NAME, NOTE, WORDS = "林小满甲", "给山里的孩子们", "多打了一个零呀"
PAYER, ADDRESS = "oPlantedPayer42", "203.0.113.77"
REFUND: dict[str, Any] = {"amount": 500, "reason": "wrong-amount", "words": WORDS}


def written(api: Api, caller: Caller) -> str:
    """An order with a name and a note, paid, and a refund asked for with words; its number."""
    number = placed(caller, note=NOTE, shown_name=NAME)
    api.house.settle()
    pay(api, number)
    assert caller.post(f"orders/{number}/refund-requests", REFUND).status_code == 201
    return number


def test_each_order_is_sealed_under_a_key_of_its_own(api: Api) -> None:
    caller = api.caller()
    one, two = written(api, caller), written(api, caller)
    donors = dict(Opening.objects.values_list("order_no", "donor"))
    assert len({donors[int(one)], donors[int(two)]} - {None}) == 2
    assert set(RefundWords.objects.values_list("donor", flat=True)) == set(donors.values())


def test_an_app_erases_what_its_donor_wrote_and_nothing_of_another_order(api: Api) -> None:
    caller = api.caller()
    gone, kept = written(api, caller), written(api, caller)
    donor = Opening.objects.get(order_no=int(gone)).donor
    assert donor is not None
    answer = caller.post(f"orders/{gone}/erasure", name="erase-it-please")
    assert (answer.status_code, answer.json()) == (200, {"no": gone, "state": "erased"})
    assert read_opening(int(gone)) is None
    assert DonorKey.objects.get(pk=donor).words is None, "every copy is unreadable"
    assert RefundWords.objects.count() == 1
    opened = read_opening(int(kept))
    assert opened is not None
    assert (opened[0]["name"], opened[0]["note"]) == (NAME, NOTE)
    assert read_words(RefundWords.objects.get().case) == WORDS
    told = caller.get(f"orders/{gone}").json()
    assert (told["state"], told["amount"]) == ("paid", ORDER["amount"]), "the money's story stays"
    again = caller.post(f"orders/{gone}/erasure", name="erase-it-please")
    assert again["idempotency-replayed"] == "true"
    assert Erasure.objects.count() == 1


def test_only_the_key_that_placed_an_order_erases_it(api: Api) -> None:
    caller = api.caller()
    number = placed(caller, note=NOTE)
    problem(api.caller().post(f"orders/{number}/erasure"), 404, "not-found")
    problem(api.caller(["webhooks"]).post(f"orders/{number}/erasure"), 403, "forbidden")
    assert read_opening(int(number)) is not None


def test_stored_answers_hold_nothing_that_anybody_wrote(api: Api) -> None:
    """Every POST is asked with planted words in every field; what is kept of it is opened."""
    (settings.HOME / "rails.toml").write_text('[wechat]\nmchid = "1"\n')
    caller = api.caller()
    shown = {"rail": "wechat", "way": "h5", "payer": PAYER, "client_ip": ADDRESS}
    placed(caller, note=NOTE, shown_name=NAME, pay=shown | {"back": f"https://x.example/{PAYER}"})
    assert Attempt.objects.count() == 1
    number = written(api, caller)
    hook = {"url": "http://127.0.0.1:9/x", "kinds": ["gift.settled"]}
    made = caller.post("webhooks", hook).json()["id"]
    for path in (f"orders/{number}/erasure", f"webhooks/{made}/resume", f"webhooks/{made}/secret"):
        assert caller.post(path).status_code == 200 or path.endswith("secret"), path
    Project.objects.filter(code=BOOKS).update(hard_target=True)
    follow_rooms(api.house.web, datetime.now(UTC))
    caller.post("rooms", {"project": BOOKS, "amount": 1})
    posts = [each for each in ENDPOINTS if each.method == "POST"]
    kept = answers_of(caller.row)
    assert len(posts) == 7, "a new POST is asked here as well"
    assert len(kept) == 8, "one of each, and the second order"
    for planted in (NAME, NOTE, WORDS, PAYER, ADDRESS):
        for text in kept:
            assert planted.encode() not in text, text
            assert planted.encode("unicode_escape") not in text, text


def answers_of(key: ApiKey | None) -> list[bytes]:
    """The bodies of all stored answers of a key, opened."""
    assert key is not None
    secret = load(settings.HOME, "api")
    return [
        unseal(secret, bytes(each.sealed), f"{each.key} {each.name}".encode())
        for each in ApiAnswer.objects.filter(key=key.pk, created_at__lte=timezone.now())
    ]
