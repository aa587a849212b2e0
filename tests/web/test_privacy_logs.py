"""Whatever a person writes or is called, no log, no error text and no figure says it.

Everything planted here goes through pages, settlement, the rail's worker, letters, jobs and the
door, with each logger at debug level; then all that was said anywhere is searched.
"""

import json
import logging
import smtplib
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from django.test import Client
from prometheus_client import REGISTRY, generate_latest

from jusha.config.processes import jobs, letters
from jusha.inbox.connect import django_connection
from jusha.payments.attempt import show_on
from jusha.people.donor_keys import forget_cached
from tests.cast import ALWAYS, BOOKS, House
from tests.door.wire import deed as message
from tests.door.wire import door_on, give_secret
from tests.payments.conftest import MERCHANT, MERCHANT_SQL, attempts, hurry
from tests.payments.test_any_order_of_things import MemoryRail
from tests.web.conftest import Site
from tests.web.staff import sign_in
from tests.web.test_privacy import FOR, LIN, NAME, NOTE, PAYER, WORDS, full_gift

OPENID, BUYER, ADDRESS = "oUpF8uMuAJO_planted_openid", "2088planted-buyer", "203.0.113.77"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"
PLANTED = (NAME, NOTE, FOR, WORDS, PAYER.name, PAYER.mail, LIN, OPENID, BUYER, ADDRESS)


class Heard(logging.Handler):
    """All that any logger says, as text with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def told(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
        """The last processor of structlog: keeps the event."""
        self.lines.append(json.dumps(dict(event), default=repr, ensure_ascii=False))
        raise structlog.DropEvent


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Listen to everybody at debug level."""
    found, root = Heard(), logging.getLogger()
    level, before = root.level, structlog.get_config()
    root.addHandler(found)
    root.setLevel(logging.DEBUG)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            found.told,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    )
    forget_cached()
    yield found
    structlog.configure(**before)
    root.setLevel(level)
    root.removeHandler(found)


def names(line: str) -> list[str]:
    """What of the planted a text holds, however JSON would write it."""
    return [each for each in PLANTED if each in line or json.dumps(each)[1:-1] in line]


def nothing_said(lines: list[str]) -> None:
    for line in lines:
        assert not names(line), line


class Rail(MemoryRail):
    """A rail whose payers have planted ids."""

    def pay(self, order: int) -> None:
        super().pay(order)
        self.paid[order] = self.paid[order]._replace(payer=BUYER)


def open_to_wechat(site: Site, owner: psycopg.Connection) -> None:
    terms = {"assets": ["CNY"], "clock": "rail"}
    assert site.house.instruct("admit-channel", code="wechat", terms=terms)[0] == "done"
    rails: dict[str, Any] = {"code": "rails", "terms": ALWAYS | {"channels": ["wechat"]}}
    assert site.house.instruct("open-campaign", **rails)[0] == "done"
    owner.execute(MERCHANT_SQL, (MERCHANT,))


def test_a_whole_life_of_a_donor_is_told_to_no_logger(
    site: Site,
    owner: psycopg.Connection,
    heard: Heard,
    settings: Any,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (Path(settings.HOME) / "rails.toml").write_text('[wechat]\nmchid = "1"\n')
    open_to_wechat(site, owner)
    client = Client(REMOTE_ADDR=ADDRESS, headers={"user-agent": PHONE})
    sign_in(client, LIN)
    rail = Rail()
    form = {"own": "20", "display": "name", "shown_name": NAME, "note": NOTE, "dedication": FOR}
    answer = client.post(f"/p/{BOOKS}/donate", form | {"rail": "wechat"})
    order = int(str(answer["Location"]).split("/")[2])
    show_on(
        django_connection(), order_no=order, rail="alipay", way="page", payer=OPENID, back="",
        client_ip=ADDRESS,
    )  # fmt: skip
    site.house.settle()
    worker = attempts(rail)
    rail.loses = ["lost-before", "lost-after"]
    hurry(site.house, worker)
    rail.pay(order)
    hurry(site.house, worker)
    full_gift(site, client)
    for path in (f"/o/{order}", "/mine", "/privacy", "/privacy/copy", "/account", "/mine/messages"):
        assert client.get(path).status_code == 200
    refuse_letters(monkeypatch)
    letters.one_round(datetime.now(UTC))
    client.post("/account/sign-in", {"email": LIN})
    jobs.sweep_accounts(datetime.now(UTC))
    jobs.let_go(datetime.now(UTC))
    follow_receipts, whole = jobs.receipts(), True
    follow_receipts(datetime.now(UTC), whole)
    break_the_inbox(monkeypatch)
    breaking = Client(REMOTE_ADDR=ADDRESS, raise_request_exception=False)
    assert breaking.post(f"/p/{BOOKS}/donate", form).status_code == 500
    monkeypatch.undo()
    client.post("/privacy/erase", {"sure": "1"})
    said = capfd.readouterr()
    nothing_said([*heard.lines, said.out, said.err, generate_latest(REGISTRY).decode()])
    everything = "\n".join(heard.lines)
    for event in ("signed_in", "rail_said", "erased", "Internal Server Error"):
        assert event in everything, "the ear must hear"


def refuse_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server that names in its refusal whom it refuses, as they do."""

    def refuse(*_args: object, **_more: object) -> None:
        raise smtplib.SMTPRecipientsRefused({LIN: (550, f"{LIN} unknown".encode())})

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)


def break_the_inbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails in the middle of an order."""

    def fail(*_args: object, **_more: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr("jusha.payments.order.append", fail)


def test_the_door_says_no_payer_whatever_it_is_sent(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    house.furnish()
    give_secret(house.database)
    with door_on(house.database) as door:
        assert door.post(message("planted-1", payer=OPENID)).status == 200
        for wrong in (
            message("planted-2", payer=OPENID, amount="x"),
            message("planted-3", payer=OPENID, shape=BUYER),
            message("planted-4", payer=[OPENID]),
        ):
            answer = door.post(wrong)
            assert answer.status >= 400
            assert not names(str(answer))
        assert door.raw(b"POST /" + OPENID.encode() + b" HTTP/1.1\r\n\r\n").status >= 400
    house.settle()
    said = capfd.readouterr()
    nothing_said([said.out, said.err])
