"""What pages hold for a second is never older, never another language's, never a visitor's."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.template import RequestContext, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import mark_safe
from django.utils.translation import override

from jusha.projects.models import Project
from jusha.web import held
from jusha.web.templatetags.held import key_of
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.test_donate import order_at, pay

Wait = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Let seconds go by for what is held."""
    at = [1_000.0]

    def go(seconds: float) -> None:
        at[0] += seconds

    monkeypatch.setattr(held, "time", SimpleNamespace(monotonic=lambda: at[0]))
    held.clear()
    return go


def again(site: Site, path: str, **more: Any) -> str:
    """The page without anything forgotten."""
    response = site.get(path, anew=False, **more)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_changed_page_is_shown_within_a_second(site: Site, wait: Wait) -> None:
    assert "书香进山" in site.text(f"/p/{BOOKS}")
    Project.objects.filter(code=BOOKS).update(title_zh="书香出山")
    wait(0.9)
    assert "书香进山" in again(site, f"/p/{BOOKS}")
    wait(0.2)
    html = again(site, f"/p/{BOOKS}")
    assert "书香出山" in html
    assert "书香进山" not in html
    assert "书香出山" in again(site, "/")


def test_a_gift_is_counted_within_a_second(site: Site, wait: Wait) -> None:
    assert "<strong>0</strong>" in site.text("/")
    number = site.house.give(2000)
    wait(1)
    assert "<strong>1</strong>" in again(site, "/")
    assert f'href="/d/{number}"' in again(site, f"/p/{BOOKS}")


def test_a_deed_shows_its_refund_and_its_seal_within_a_second(site: Site, wait: Wait) -> None:
    number = site.house.give(2000)
    assert "等待下一次签名" in site.text(f"/d/{number}")
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    assert "退款 5 元" in again(site, f"/d/{number}"), "what came after a gift is never held"
    site.publish()
    wait(1)
    assert "已写入公示账本" in again(site, f"/d/{number}")


def test_a_page_not_yet_written_appears_within_a_second(site: Site, wait: Wait) -> None:
    assert site.get("/p/late").status_code == 404
    found = Project.objects.get(code=BOOKS)
    found.pk, found.code = None, "late"
    found.save()
    wait(1)
    assert site.get("/p/late", anew=False).status_code == 200


@pytest.mark.parametrize("path", ["/", f"/p/{BOOKS}", "/d/10"])
def test_no_language_is_shown_to_readers_of_another(site: Site, path: str) -> None:
    while site.house.give(2000) < 10:
        pass
    fresh = {lang: plain(site.text(path, lang=lang)) for lang in ("en", "zh-hans", "zh-hant")}
    assert len(set(fresh.values())) == 3
    site.get(path)
    for lang in ("zh-hant", "en", "zh-hans", "en", "zh-hant"):
        assert plain(again(site, path, lang=lang)) == fresh[lang]


def plain(html: str) -> str:
    """A page without what is drawn by lot or by the clock."""
    html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html)
    return re.sub(r"\d\d:\d\d:\d\d|data-at=\"\d+\"", "", html)


def test_a_donor_sees_the_way_to_the_receipt_and_the_next_visitor_does_not(site: Site) -> None:
    order_no = order_at(site, note="加油")
    number = pay(site, order_no, 3500)
    site.publish()
    stranger, keep = Client(), f"/o/{order_no}.tlog-proof"
    for _ in range(2):
        assert keep in again(site, f"/d/{number}")
        assert keep not in again(site, f"/d/{number}", client=stranger)


@pytest.mark.parametrize("path", ["/", f"/p/{BOOKS}", "/d/0"])
def test_every_visitor_gets_their_own_way_back_and_no_cookie(site: Site, path: str) -> None:
    pages = [site.get(f"{path}?seen={n}", client=Client(), anew=False) for n in range(2)]
    texts = [page.content.decode() for page in pages]
    for n, text in enumerate(texts):
        assert f'name="next" value="{path}?seen={n}"' in text
        assert f"seen={1 - n}" not in text
    for page in pages:
        assert {"Cookie", "Accept-Language"} <= set(page.headers["Vary"].split(", "))
        assert not page.cookies


def test_every_visitor_gets_a_token_of_their_own_where_there_is_a_form(site: Site) -> None:
    pages = [site.get(f"/p/{BOOKS}/donate", client=Client(), anew=False) for _ in range(2)]
    tokens = {
        re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[0]
        for page in pages
    }
    assert len(tokens) == 2
    for page in pages:
        assert page.cookies["csrftoken"].value


@pytest.mark.parametrize(("path", "questions"), [("/", 0), (f"/p/{BOOKS}", 0), ("/d/{}", 3)])
def test_pages_that_were_just_shown_ask_little(site: Site, path: str, questions: int) -> None:
    first, second = site.house.give(2000), site.house.give(3000)
    site.publish()
    site.get(path.format(first))
    with CaptureQueriesContext(connection) as asked:
        site.get(path.format(second), anew=False)
    assert len(asked) == questions, [each["sql"][:90] for each in asked]


# --- parts ----------------------------------------------------------------------------------------


def draw(text: str, **values: object) -> str:
    """Draw a template for a request with a cookie."""
    request = RequestFactory().get("/secret-way", headers={"cookie": "jusha_orders=mine"})
    return PARTS.setdefault(text, Template("{% load held %}" + text)).render(
        RequestContext(request, dict(values))
    )


PARTS: dict[str, Template] = {}


def test_a_part_sees_the_names_it_was_given_and_nothing_else() -> None:
    inner = "[{{ request.path }}{{ request.COOKIES }}{% csrf_token %}{{ mine }}{{ ours }}]"
    assert draw("{% held ours=ours %}" + inner + "{% endheld %}", mine="x", ours="y") == "[y]"


def test_a_part_is_drawn_again_for_another_value_or_language() -> None:
    part = "{% load i18n %}{% held n=n %}{{ n }} {% translate '公示账本' %}{% endheld %}"
    with override("en"):
        english = [draw(part, n=n) for n in (1, True, "1", 1)]
    with override("zh-hans"):
        chinese = draw(part, n=1)
    assert english == ["1 Public log", "True Public log", "1 Public log", "1 Public log"]
    assert chinese == "1 公示账本"


def test_text_that_is_safe_and_text_that_is_not_are_two() -> None:
    part = "{% held said=said %}{{ said }}{% endheld %}"
    assert draw(part, said=mark_safe("<b>")) == "<b>"
    assert draw(part, said="<b>") == "&lt;b&gt;"


def test_what_can_change_is_told_apart_by_its_identity() -> None:
    one, two = Project(pk=1, code="a"), Project(pk=1, code="a")
    assert one == two
    assert key_of((one, 1)) != key_of((two, 1))
    assert key_of(("a", 1)) == key_of(("a", 1))


# --- the hold -------------------------------------------------------------------------------------


def test_what_is_raised_is_asked_again_and_no_asker_fills_the_memory() -> None:
    asked = []

    @held.held
    def ask(n: int) -> int:
        asked.append(n)
        if len(asked) == 1:
            raise LookupError
        return n

    with pytest.raises(LookupError):
        ask(0)
    assert (ask(0), ask(0), asked) == (0, 0, [0, 0])
    answers: dict[int, int] = {}
    for n in range(held.MOST + 1):
        held.keep(answers, n, n)
    assert list(answers) == [held.MOST]
