"""A person sees what is kept, agrees and withdraws, takes a copy, and is erased for good."""

import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from jusha.giving.erase_again import let_go_daily
from jusha.giving.models import Receipt, ReceiptPaper, ReceiptPayer, RefundWords
from jusha.giving.receipt_ask import ask_receipt
from jusha.giving.receipt_payer import read_payer
from jusha.giving.receipt_rules import Payer
from jusha.notices.models import Message
from jusha.notices.rules import KINDS as MESSAGES
from jusha.payments.order import Wish, place_order, read_opening
from jusha.people.accounts import find, open_account
from jusha.people.consent_rules import KINDS, PROGRESS, SHOW_NAME
from jusha.people.consents import has_consent
from jusha.people.donor_keys import NewDonor, forget_cached
from jusha.people.models import Consent, DonorKey, Mailbox, Opening, OwnedOrder
from jusha.web.notice_words import KINDS as KIND_NAMES
from jusha.web.privacy import WORDINGS
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import member, sign_in, signed_in
from tests.web.test_donate import order_at, pay

LIN = "lin@example.org"
NAME, NOTE, FOR, WORDS = "林小满甲", "给山里的孩子们", "外婆的生日", "多写了一个零呀"
PAYER = Payer("person", "林满票据抬头", "", "lin.receipts@example.org")


@pytest.fixture(autouse=True)
def _fresh_keys() -> None:
    forget_cached()


def give(site: Site, client: Client | None = None) -> int:
    """Give 35 yuan with everything written, and pay; the order's number."""
    if client is not None:
        site.client = client
    no = order_at(site, note=NOTE, display="name", shown_name=NAME, dedication=FOR)
    pay(site, no, 3500)
    return no


def full_gift(site: Site, client: Client | None = None) -> int:
    """A gift with a letter of receipt and a refund case with words."""
    no = give(site, client)
    ask_receipt(order_no=no, kind="letter", payer=PAYER, consent=True, now=timezone.now())
    deed = site.house.settlement.world.next_number - 1
    asked = {"do": "ask", "deed": deed, "part": "whole", "reason": "wrong-amount", "words": WORDS}
    assert site.client.post(f"/o/{no}/refund", asked).status_code == 303
    return no


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", answer.content.decode()))


def copy_of(client: Client) -> dict[str, Any]:
    answer = client.get("/privacy/copy.json")
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    found: dict[str, Any] = json.loads(b"".join(answer))
    return found


def test_who_never_gave_is_told_that_nothing_is_known(site: Site) -> None:
    client = Client()
    page = text_of(client.get("/privacy"))
    assert "我们这里没有您的数据" in page
    assert "删除我的数据" not in page
    assert copy_of(client)["orders"] == []
    assert client.cookies.get("jusha_orders") is None


def test_a_guest_s_words_are_sealed_under_a_key_of_the_browser_alone(site: Site) -> None:
    first, second, other = give(site), give(site), give(site, Client())
    donors = dict(Opening.objects.values_list("order_no", "donor"))
    assert donors[first] == donors[second] != donors[other]
    DonorKey.objects.filter(pk__in=[donors[first]]).update(words=None)
    forget_cached()
    assert read_opening(first) is None
    assert read_opening(second) is None
    kept = read_opening(other)
    assert kept is not None
    assert kept[0]["note"] == NOTE


def test_an_account_has_one_key_in_every_browser(site: Site) -> None:
    here, there = Client(), Client()
    sign_in(here, LIN)
    sign_in(there, LIN)
    orders = [give(site, here), give(site, there)]
    donors = set(Opening.objects.filter(order_no__in=orders).values_list("donor", flat=True))
    account = find(LIN)
    assert account is not None
    assert donors == set(DonorKey.objects.filter(account=account.pk).values_list("id", flat=True))


def test_what_was_sealed_before_donors_had_keys_stays_readable(site: Site) -> None:
    no = place_order(Wish(BOOKS, "", 500, note=NOTE))
    assert Opening.objects.get(order_no=no).donor is None
    found = read_opening(no)
    assert found is not None
    assert found[0]["note"] == NOTE


def test_a_consent_is_withdrawn_by_the_same_one_button_that_gave_it(site: Site) -> None:
    client = Client()
    sign_in(client, LIN)
    account = find(LIN)
    assert account is not None
    page = client.get("/privacy").content.decode()
    assert page.count("您现在不同意") == len(KINDS)
    said = {"kind": PROGRESS, "version": KINDS[PROGRESS].version}
    answer = client.post("/privacy/consent", said | {"given": "1"})
    assert answer["Location"] == f"/privacy#{PROGRESS}"
    assert has_consent(account.pk, PROGRESS)
    assert client.get("/privacy").content.decode().count("撤回同意") == 1
    client.post("/privacy/consent", said | {"given": "0"})
    assert not has_consent(account.pk, PROGRESS)


def test_a_page_that_showed_an_older_wording_agrees_to_nothing(site: Site) -> None:
    client = Client()
    sign_in(client, LIN)
    client.post("/privacy/consent", {"kind": PROGRESS, "version": "0", "given": "1"})
    assert client.post("/privacy/consent", {"kind": "all", "given": "1"}).status_code == 400
    assert client.post("/privacy/consent", {"kind": PROGRESS, "given": ""}).status_code == 400
    assert Consent.objects.count() == 0


def test_a_guest_is_asked_only_what_needs_no_address(site: Site) -> None:
    client = Client()
    page = client.get("/privacy").content.decode()
    assert f'id="{SHOW_NAME}"' in page
    assert f'id="{PROGRESS}"' not in page
    said = {"kind": SHOW_NAME, "version": KINDS[SHOW_NAME].version, "given": "1"}
    client.post("/privacy/consent", said)
    assert "您现在同意" in client.get("/privacy").content.decode()
    assert "您现在同意" not in Client().get("/privacy").content.decode()


def test_the_page_asks_in_the_very_words_that_are_kept(site: Site) -> None:
    assert {kind: str(words) for kind, words in WORDINGS.items()} == {
        kind: each.wording for kind, each in KINDS.items()
    }


def test_the_copy_holds_all_that_was_written_and_nothing_of_others(site: Site) -> None:
    mine, other = Client(), Client()
    no = full_gift(site, mine)
    give(site, other)
    found = copy_of(mine)
    order = found["orders"][0]
    assert [each["order"] for each in found["orders"]] == [str(no)]
    assert (order["name"], order["note"], order["dedication"]) == (NAME, NOTE, FOR)
    assert len(order["opening_key"]) == 64
    assert order["amount"] == "35.00"
    assert order["entry"] > 0
    assert found["receipts"][0]["payer_name"] == PAYER.name
    assert found["refunds"][0]["words"] == WORDS
    page = text_of(mine.get("/privacy/copy"))
    for planted in (NAME, NOTE, FOR, WORDS, PAYER.name, PAYER.mail):
        assert planted in page
    assert copy_of(Client())["orders"] == []


def test_the_copy_page_has_words_and_names_where_the_file_has_codes(site: Site) -> None:
    account = open_account(LIN)
    client = signed_in(account)
    no = give(site, client)
    said = {"kind": PROGRESS, "version": KINDS[PROGRESS].version, "given": "1"}
    client.post("/privacy/consent", said)
    for about, kind in enumerate(MESSAGES):
        facts = {"project": BOOKS, "order": str(no), "amount": 3500}
        Message.objects.create(account=account.pk, kind=kind, about=about, facts=facts)
    page = text_of(client.get("/privacy/copy"))
    for words in ("收到捐赠", "善款用到了哪里", "进展来信", "书香进山", "善小基金会"):
        assert words in page, words
    for kind in (*MESSAGES, PROGRESS):
        assert f"类别{kind}" not in page.replace(" ", ""), kind
    assert {each["kind"] for each in copy_of(client)["messages"]} >= set(MESSAGES)
    assert set(KIND_NAMES) == set(MESSAGES)


def test_an_account_proves_itself_before_it_takes_a_copy_or_is_erased(site: Site) -> None:
    sign_in(Client(), LIN)
    account = find(LIN)
    assert account is not None
    stale = signed_in(account, proven_at=time.time() - 601)
    for path in ("copy", "copy.json", "erase"):
        answer = stale.get(f"/privacy/{path}")
        assert answer["Location"].startswith("/account/again?next=%2Fprivacy%2F")
    stale.post("/privacy/erase", {"sure": "1"})
    assert find(LIN) == account
    fresh = signed_in(account)
    assert copy_of(fresh)["account"][0]["mail"] == LIN


def test_erasing_asks_to_be_sure_and_then_leaves_nothing_readable(
    site: Site, owner: psycopg.Connection
) -> None:
    client = Client()
    no = full_gift(site, client)
    page = text_of(client.get("/privacy/erase"))
    for words in ("马上删掉", "到期再删", "留下的"):
        assert words in page
    unsure = client.post("/privacy/erase", {})
    assert unsure.status_code == 422
    assert read_opening(no) is not None
    answer = client.post("/privacy/erase", {"sure": "1"})
    assert answer["Location"] == "/privacy/erased"
    assert answer["Clear-Site-Data"] == '"cookies", "storage"'
    assert client.cookies["jusha_orders"].value == ""
    assert Opening.objects.filter(order_no=no).count() == 0
    assert RefundWords.objects.count() == 0
    assert DonorKey.objects.get().words is None
    assert copy_of(client)["orders"] == []
    assert owner.execute(
        "SELECT count(*) FROM giving_deed WHERE order_no = %s", (no,)
    ).fetchone() == (1,)
    site.house.check()


def test_erasing_an_account_goes_over_every_order_it_keeps_and_its_address(site: Site) -> None:
    guest = Client()
    by_guest = give(site, guest)
    sign_in(guest, LIN)
    guest.post("/mine/keep")
    signed = give(site, guest)
    account = find(LIN)
    assert account is not None
    said = {"kind": PROGRESS, "version": KINDS[PROGRESS].version, "given": "1"}
    guest.post("/privacy/consent", said)
    fresh = signed_in(account)
    assert fresh.post("/privacy/erase", {"sure": "1"})["Location"] == "/privacy/erased"
    assert find(LIN) is None
    assert Mailbox.objects.count() == 0
    assert OwnedOrder.objects.count() == 0
    assert read_opening(by_guest) is None
    assert read_opening(signed) is None
    assert Consent.objects.get().subject is None
    assert DonorKey.objects.filter(erased_at__isnull=False).count() == 1


def test_what_an_account_keeps_is_not_erased_from_a_browser_that_is_signed_out(
    site: Site,
) -> None:
    client = Client()
    kept = give(site, client)
    sign_in(client, LIN)
    client.post("/mine/keep")
    client.post("/account/sign-out")
    loose = give(site, client)
    assert client.post("/privacy/erase", {"sure": "1"})["Location"] == "/privacy/erased"
    assert read_opening(loose) is None
    assert read_opening(kept) is not None
    account = find(LIN)
    assert account is not None
    assert signed_in(account).post("/privacy/erase", {"sure": "1"}).status_code == 303
    assert read_opening(kept) is None
    assert set(DonorKey.objects.values_list("words", flat=True)) == {None}


def test_closing_an_account_erases_its_words_too(site: Site) -> None:
    client = Client()
    sign_in(client, LIN)
    no = give(site, client)
    account = find(LIN)
    assert account is not None
    assert signed_in(account).post("/account/close")["Location"] == "/"
    assert read_opening(no) is None
    assert find(LIN) is None


def test_staff_are_not_erased_and_nothing_is_written_down_for_it(site: Site, settings: Any) -> None:
    account = member(site, LIN)
    answer = signed_in(account).post("/privacy/erase", {"sure": "1"})
    assert "您还有职位" in answer.content.decode()
    assert find(LIN) == account
    assert not (settings.HOME / "erasures").exists()


def test_whom_an_issued_receipt_is_for_is_locked_away_and_goes_when_the_law_lets_go(
    site: Site,
) -> None:
    client = Client()
    no = full_gift(site, client)
    receipt = Receipt.objects.get(order_no=no)
    assert receipt.state == "issued"
    year = timezone.localtime().year
    client.post("/privacy/erase", {"sure": "1"})
    row = ReceiptPayer.objects.get(receipt=receipt.pk)
    assert row.kept_until == date(year + 10, 12, 31)
    assert read_payer(receipt.pk) is None, "nobody uses it"
    assert read_payer(receipt.pk, for_issuer=True) == PAYER, "it is still there"
    key = DonorKey.objects.get()
    assert (key.words, key.receipts is None) == (None, False)
    let_go_daily(datetime(year + 10, 12, 31, 12, tzinfo=UTC))
    assert ReceiptPayer.objects.count() == 1
    let_go_daily(datetime(year + 11, 1, 1, 12, tzinfo=UTC))
    assert ReceiptPayer.objects.count() == 0
    assert DonorKey.objects.get().receipts is None
    assert ReceiptPaper.objects.filter(receipt=receipt.pk).count() == 1
    site.house.check()


def test_a_wish_for_a_receipt_that_is_not_fulfilled_ends_with_the_person(site: Site) -> None:
    client = Client()
    site.client = client
    no = order_at(site)
    ask_receipt(order_no=no, kind="letter", payer=PAYER, consent=True, now=timezone.now())
    client.post("/privacy/erase", {"sure": "1"})
    assert Receipt.objects.get(order_no=no).state == "waived"
    assert ReceiptPayer.objects.count() == 0
    assert pay(site, no, 3500), "who pays it all the same has given"
    site.house.check()


def test_words_of_orders_that_nobody_paid_go_after_ninety_days(site: Site) -> None:
    paid = give(site, Client())
    unpaid = order_at(site, note=NOTE)
    now = timezone.now()
    assert let_go_daily(now + timedelta(days=89))["openings"] == 0
    assert let_go_daily(now + timedelta(days=92))["openings"] == 1
    assert read_opening(unpaid) is None
    assert read_opening(paid) is not None


def test_a_key_that_was_rolled_back_seals_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    donor, wish = uuid4(), Wish(BOOKS, "", 500, note=NOTE)

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("jusha.payments.order.append", fail)
        for each in (donor, NewDonor(donor)):
            with pytest.raises(RuntimeError):
                place_order(wish, donor=each)
    assert DonorKey.objects.count() == 0
    no = place_order(wish, donor=donor)
    forget_cached()
    opened = read_opening(no)
    assert opened is not None
    assert opened[0]["note"] == NOTE


def test_a_browser_that_was_erased_begins_anew(site: Site) -> None:
    client = Client()
    before = give(site, client)
    cookie = client.cookies["jusha_orders"].value
    donor = Opening.objects.get(order_no=before).donor
    client.post("/privacy/erase", {"sure": "1"})
    client.cookies["jusha_orders"] = cookie  # a copy that came back
    again = give(site, client)
    assert Opening.objects.get(order_no=again).donor not in {donor, None}
    assert read_opening(again) is not None
