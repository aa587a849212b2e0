"""The facts before a gift: shown open once per version, in no one's way, and never stale."""

import re

import pytest
from django.test import Client

from jusha.projects.models import Project
from jusha.web import held
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, signed_in

OPEN = '<details class="facts-first" open>'


def version_of(html: str) -> str:
    found = re.search(r'name="facts" value="([0-9a-f]{12})"', html)
    assert found is not None
    return found[1]


def shown(site: Site, client: Client, project: str = BOOKS) -> str:
    return str(site.get(f"/p/{project}/donate", client=client).content.decode())


def give(client: Client, version: str, project: str = BOOKS) -> int:
    said = {"own": "20", "display": "anonymous", "facts": version}
    return client.post(f"/p/{project}/donate", said).status_code


def change(site: Site) -> None:
    with as_owner(site):
        Project.objects.filter(code=BOOKS).update(target_amount=2_000_000)
    held.clear()


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_facts_are_open_before_the_first_gift_and_folded_until_they_change(
    site: Site,
    *,
    is_signed_in: bool,
) -> None:
    client = signed_in(member(site, "li@shan.example")) if is_signed_in else Client()
    first = shown(site, client)
    for fact in ("善小基金会", "51530000DEMO26001", "2026-09-01", "400-000-0000", "还没有发布"):
        assert fact in first.split("</details>")[0], fact
    assert OPEN in first
    assert give(client, version_of(first)) == 303
    assert OPEN not in shown(site, client)
    assert "和您上次看的一样" in shown(site, client)
    assert OPEN in shown(site, client, WATER), "another project's facts are others"
    if is_signed_in:
        client.cookies.pop("jusha_facts")
        assert OPEN not in shown(site, client), "an account is remembered in every browser"
    change(site)
    assert OPEN in shown(site, client)


def test_a_gift_does_not_make_the_facts_new_but_is_counted_in_them(site: Site) -> None:
    before = shown(site, Client())
    site.house.give(2000)
    after = shown(site, Client())
    assert version_of(before) == version_of(after)
    assert before != after


def test_who_saw_other_facts_looks_again_and_nothing_is_ordered(site: Site) -> None:
    client = Client()
    version = version_of(shown(site, client))
    change(site)
    said = {"own": "20", "display": "anonymous", "facts": version}
    answer = client.post(f"/p/{BOOKS}/donate", said)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "项目情况刚刚有了变化" in html
    assert 'value="20"' in html, "what was typed is kept"
    assert give(client, version_of(html)) == 303


def test_another_browser_and_a_forged_cookie_have_seen_nothing(site: Site) -> None:
    client = Client()
    assert give(client, version_of(shown(site, client))) == 303
    forged = Client()
    forged.cookies["jusha_facts"] = client.cookies["jusha_facts"].value[:-1] + "x"
    assert OPEN in shown(site, forged)
