"""A charity whose certificate is over takes no orders, says so, and is paid what was paid."""

from datetime import date
from typing import Any

import pytest

from tests.cast import BOOKS
from tests.web.conftest import CERTIFICATE_SQL, Site


def test_the_pages_cannot_certify_and_nobody_can_rewrite(site: Site, owner: Any) -> None:
    with pytest.raises(Exception, match="permission denied"):
        site.house.web.execute("DELETE FROM jusha_certificate")
    with pytest.raises(Exception, match="append"):
        owner.execute("UPDATE jusha_certificate SET valid_until = '2099-01-01'")


def test_an_expired_certificate_stops_orders_and_says_so_and_paid_money_is_booked(
    site: Site, owner: Any
) -> None:
    owner.execute(CERTIFICATE_SQL, (date(2020, 1, 1), date(2026, 1, 1)))
    for path in (f"/p/{BOOKS}", f"/p/{BOOKS}/donate", "/charity/shan"):
        assert "公开募捐资格已经到期" in site.text(path), path
    assert "2026-01-01" in site.text("/charity/shan")
    answer = site.client.post(f"/p/{BOOKS}/donate", {"amount": "3500", "display": "anonymous"})
    assert "公开募捐资格已经到期" in answer.content.decode()
    site.house.settle()
    assert site.house.web.execute("SELECT count(*) FROM payments_order").fetchone() == (0,)
    assert f'href="/p/{BOOKS}"' not in site.text("/")
    number = site.house.give(1_000)
    assert site.house.entries()[number]["k"] == "don"
    site.house.check()
