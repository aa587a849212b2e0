"""Everything that this house knows of a person, for that person to read and to take along.

PIPL article 45: a copy, in a form that another house can take in. Written in pieces, because a
company's account may hold a hundred thousand gifts.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from jusha.giving.models import Receipt, RefundCase
from jusha.giving.queries import gift_lines, gifts_of_orders
from jusha.giving.receipt_payer import read_payer
from jusha.giving.receipt_queries import papers_of
from jusha.giving.receipt_rules import number_text
from jusha.giving.refund_words import read_words
from jusha.money.assets import ASSETS_BY_NUMBER, decimal_text
from jusha.notices.models import Message
from jusha.payments.order import read_openings
from jusha.payments.prepare import plans_of
from jusha.people.accounts import address_of
from jusha.people.consent_rules import KINDS
from jusha.people.consents import history
from jusha.people.models import UserAccount
from jusha.projects.expense_queries import covering
from jusha.projects.line import PROGRAMME

PART: Final = 500
EXPENSES_MAX: Final = 1_000

Row = dict[str, str | int | bool | None]


class Person(NamedTuple):
    """Whose copy: an account, the donors that the person is, and all their orders."""

    account: UserAccount | None
    donors: tuple[UUID, ...]
    orders: tuple[int, ...]


MORE: Final[list[tuple[str, Callable[[Person], Iterator[Row]]]]] = []
"""Parts that rooms above add."""


def sections(person: Person) -> Iterator[tuple[str, Iterator[Row]]]:
    """The parts of the copy, each with its rows; times are ISO 8601 in UTC, amounts decimal.

    Reads: what is named in each part.
    """
    parts: tuple[tuple[str, Callable[[Person], Iterator[Row]]], ...] = (
        ("account", _account),
        ("consents", _consents),
        ("orders", _orders),
        ("plans", _plans),
        ("receipts", _receipts),
        ("refunds", _refunds),
        ("spending", _spending),
        ("messages", _messages),
    )
    for name, part in (*parts, *MORE):
        yield name, part(person)


def _account(person: Person) -> Iterator[Row]:
    if person.account is not None:
        yield {
            "id": str(person.account.pk),
            "mail": address_of(person.account),
            "opened_at": _time(person.account.created_at),
            "last_sign_in": _time(person.account.last_login),
        }


def _consents(person: Person) -> Iterator[Row]:
    subjects = [*person.donors, *([person.account.pk] if person.account else [])]
    for subject in subjects:
        for each in history(subject):
            yield {
                "kind": each.kind,
                "wording": KINDS[each.kind].wordings[each.version - 1],
                "version": each.version,
                "given": each.given,
                "at": _time(each.at),
            }


def _orders(person: Person) -> Iterator[Row]:
    for some in _parts(person.orders):
        private = read_openings(some)
        for gift in gifts_of_orders(some):
            record, r = private.get(gift.order_no, ({}, b""))
            asset = ASSETS_BY_NUMBER[gift.asset].code
            yield {
                "order": str(gift.order_no),
                "ordered_at": _time(gift.ordered_at),
                "project": gift.project,
                "charity": gift.charity,
                "asset": asset,
                "amount": decimal_text(gift.ordered, asset),
                "entry": gift.number,
                "given_at": _time(gift.at),
                "refunded": decimal_text(gift.refunded, asset),
                "matched": decimal_text(gift.matched or 0, asset),
                "name": record.get("name", ""),
                "note": record.get("note", ""),
                "dedication": record.get("for", ""),
                "opening_key": r.hex(),
            }


def _plans(person: Person) -> Iterator[Row]:
    for donor in person.donors:
        for row, wish in plans_of(donor):
            yield {
                "campaign": row.campaign,
                "project": row.project,
                "amount": decimal_text(row.amount, "CNY"),
                "rail": row.rail,
                "opens_at": _time(row.opens_at),
                "order": str(row.order_no) if row.order_no else None,
                "name": wish.shown_name,
                "note": wish.note,
                "dedication": wish.dedication,
            }


def _receipts(person: Person) -> Iterator[Row]:
    for some in _parts(person.orders):
        rows = list(Receipt.objects.filter(order_no__in=some).order_by("pk"))
        papers = papers_of([row.pk for row in rows])
        for row in rows:
            payer = read_payer(row.pk)
            yield {
                "order": str(row.order_no),
                "kind": row.kind,
                "state": row.state,
                "asked_at": _time(row.asked_at),
                "agreed_to_wording": row.consent,
                "payer_name": payer.name if payer else None,
                "payer_code": payer.code if payer else None,
                "payer_mail": payer.mail if payer else None,
                "papers": "; ".join(
                    f"{each.does} "
                    + number_text(charity=each.charity, year=each.year, number=each.number)
                    for each in papers[row.pk]
                ),
            }


def _refunds(person: Person) -> Iterator[Row]:
    for some in _parts(person.orders):
        for case in RefundCase.objects.filter(order_no__in=some).order_by("pk"):
            yield {
                "case": case.pk,
                "order": str(case.order_no),
                "amount": decimal_text(case.amount, ASSETS_BY_NUMBER[case.asset].code),
                "reason": case.reason,
                "state": case.state,
                "asked_at": _time(case.asked_at),
                "words": read_words(case.pk),
            }


def _spending(person: Person) -> Iterator[Row]:
    """What each gift was spent on, as its donor may ask (Charity Law 42)."""
    for some in _parts(person.orders):
        for row in gift_lines(some):
            for each in covering(row.project, row.lines, count=EXPENSES_MAX):
                words = each.words or {}
                yield {
                    "entry": row.number,
                    "expense": each.number,
                    "of_this_gift": decimal_text(each.mine, "CNY"),
                    "of_the_expense": decimal_text(each.amount, "CNY"),
                    "line": "programme" if each.line == PROGRAMME else "running",
                    "kind": each.what,
                    "purpose": words.get("purpose"),
                    "place": words.get("place"),
                    "paid_on": words.get("on"),
                    "entered_on": each.on,
                }


def _messages(person: Person) -> Iterator[Row]:
    if person.account is None:
        return
    found = Message.objects.filter(account=person.account.pk).order_by("id")
    for each in found.iterator(chunk_size=PART):
        yield {
            "kind": each.kind,
            "about": each.about,
            "text": str(each.facts.get("text", "")),
            "project": str(each.facts.get("project", "")),
            "at": _time(each.created_at),
            "read_at": _time(each.read_at),
            "mailed_at": _time(each.mailed_at),
        }


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _parts(orders: tuple[int, ...]) -> Iterator[list[int]]:
    for first in range(0, len(orders), PART):
        yield list(orders[first : first + PART])


def pieces(person: Person, *, made_at: datetime) -> Iterator[bytes]:
    """The copy as one JSON document (RFC 8259, UTF-8), in pieces.

    Reads: as `sections`.
    """
    head: dict[str, Any] = {"format": "jusha-my-data", "version": 1, "made_at": _time(made_at)}
    yield msgspec.json.encode(head)[:-1]
    for name, rows in sections(person):
        yield f',\n"{name}":['.encode()
        for place, row in enumerate(rows):
            yield (b",\n" if place else b"\n") + msgspec.json.encode(row)
        yield b"]"
    yield b"}\n"
