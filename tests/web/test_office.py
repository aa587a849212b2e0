"""The back office shows officers what they may see, and lets nobody change anything."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jusha.charities.rules import Role
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.web.office.shelves import SHELVES
from jusha.web.office.site import site as back_office
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in
from tests.web.test_refund_page import Gift

WRITES = ("add", "change", "delete")
SEALED = {"sealed", "sealed_token", "sealed_before", "password", "digest", "payer", "client_ip"}


@pytest.fixture
def people(site: Site) -> dict[str, Client]:
    """One officer of each office, one member of each role, a donor, and nobody."""
    gift = Gift(site)
    gift.ask(words="多打了一个零")
    found = {"nobody": Client(), "donor": signed_in(UserAccount.objects.open())}
    for office in Office:
        found[office] = signed_in(officer(site, f"{office}@platform.example", office))
    for role in Role:
        found[f"role:{role}"] = signed_in(member(site, f"{role}@shan.example", role))
    return found


def addresses() -> list[str]:
    return [reverse(f"office:jusha_{model._meta.model_name}_changelist") for model in SHELVES]


def request_of(user: Any) -> Any:
    request = RequestFactory().get("/office/")
    request.user = user
    return request


def test_no_table_can_be_written_by_anybody(site: Site) -> None:
    everybody = [AnonymousUser(), UserAccount.objects.open()]
    everybody += [officer(site, f"{each}@platform.example", each) for each in Office]
    assert len(back_office._registry) == len(SHELVES) > 30
    for user in everybody:
        request = request_of(user)
        for shelf in back_office._registry.values():
            rights = [getattr(shelf, f"has_{what}_permission")(request) for what in WRITES]
            assert rights == [False] * 3
            assert not shelf.get_actions(request)
            assert not shelf.get_inline_instances(request)


def test_every_list_and_row_opens_for_its_officers_and_nobody_else(
    site: Site, people: dict[str, Client]
) -> None:
    for who, client in people.items():
        for model, shelf in SHELVES.items():
            path = reverse(f"office:jusha_{model._meta.model_name}_changelist")
            status = client.get(path).status_code
            if who == "nobody":
                assert status == 302
            elif who not in set(Office):
                assert status == 403, (who, path)
            else:
                may = Office(who) in shelf.offices | {Office.AUDITOR}
                assert status == (200 if may else 403), (who, path)
                row = model._default_manager.first()
                if row is not None:
                    status = client.get(f"{path}{row.pk}/").status_code
                    assert status == (200 if may else 403), (who, path, row.pk)


def test_nothing_can_be_sent_to_it(people: dict[str, Client]) -> None:
    for path in ["/office/", *addresses()]:
        for who in ("nobody", "donor", *Office):
            for verb in ("post", "put", "patch", "delete"):
                assert getattr(people[who], verb)(path).status_code == 405, (who, verb, path)
    for path in addresses():
        for tail in ("add/", "1/delete/", "1/history/", "1/change/"):
            assert people[Office.AUDITOR].get(path + tail).status_code in {302, 404}, path + tail


def test_no_sealed_or_secret_field_is_named() -> None:
    for shelf in SHELVES.values():
        named = {name.partition(":")[0] for name in (*shelf.columns, *shelf.wide)}
        assert not named & SEALED, shelf


def test_rows_lists_and_searches_take_a_handful_of_questions(
    site: Site, people: dict[str, Client]
) -> None:
    auditor = people[Office.AUDITOR]
    for path in addresses():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert auditor.get(f"{path}?q=1").status_code in {200, 302}
        assert len(asked) <= 9, (path, [each["sql"] for each in asked])


@pytest.mark.parametrize("lang", ["zh-hans", "zh-hant", "en"])
def test_its_index_names_rooms_and_tables(site: Site, people: dict[str, Client], lang: str) -> None:
    html = site.get("/office/", client=people[Office.AUDITOR], lang=lang).content.decode()
    assert html.count("<li><a href=") == len(SHELVES)
    assert not re.search(r"<script(?![^>]* src=)|style=|onclick=", html), "as the policy wants it"
    if lang == "en":
        assert "Jusha · back office" in html


def test_it_wears_the_colours_of_the_house(people: dict[str, Client]) -> None:
    page = people[Office.AUDITOR].get("/office/").content.decode()
    sheet = re.findall(r'href="(/[^"]*/office\.css)"', page)
    assert len(sheet) == 1
    styles = Client().get(sheet[0])
    assert styles.status_code == 200
    assert "--header-bg: var(--sand-1)" in styles.content.decode()
    assert "--sand-1: #" in styles.content.decode()


def test_a_sum_of_money_is_shown_in_yuan(site: Site, people: dict[str, Client]) -> None:
    html = site.get("/office/refundcase/", client=people[Office.FINANCE]).content.decode()
    assert "35.00" in html
    assert "等待机构财务审核" in html, "the filter speaks our words"
