"""Nobody has agreed to anything before they said so; withdrawing is as easy; nothing is edited."""

from uuid import UUID, uuid4

import psycopg
import pytest

from jusha.people import consent_rules
from jusha.people.consent_rules import APPEAL, KINDS, PROGRESS, SHOW_NAME, UnknownConsentError
from jusha.people.consents import (
    agreed_to,
    consenting,
    forget_subject,
    has_consent,
    history,
    set_consent,
)
from jusha.people.models import Consent
from tests.web.conftest import Site

LIN, WANG = uuid4(), uuid4()


def of(kind: str) -> set[UUID | None]:
    return set(consenting(kind))


def test_who_never_said_anything_has_agreed_to_nothing(site: Site) -> None:
    assert not any(agreed_to(LIN).values())
    assert agreed_to(LIN).keys() == KINDS.keys() == {SHOW_NAME, PROGRESS, APPEAL}
    assert not has_consent(LIN, PROGRESS)
    assert of(PROGRESS) == set()


def test_the_newest_word_holds_for_one_person_and_one_kind(site: Site) -> None:
    assert set_consent(LIN, PROGRESS, given=True)
    assert set_consent(WANG, APPEAL, given=True)
    assert of(PROGRESS) == {LIN}
    assert agreed_to(LIN) == {SHOW_NAME: False, PROGRESS: True, APPEAL: False}
    assert set_consent(LIN, PROGRESS, given=False)
    assert not has_consent(LIN, PROGRESS)
    assert of(PROGRESS) == set()
    assert of(APPEAL) == {WANG}
    set_consent(LIN, PROGRESS, given=True)
    assert of(PROGRESS) == {LIN}
    assert [row.given for row in history(LIN)] == [True, False, True]


def test_saying_the_same_twice_writes_once(site: Site) -> None:
    assert not set_consent(LIN, APPEAL, given=False)
    assert set_consent(LIN, APPEAL, given=True)
    assert not set_consent(LIN, APPEAL, given=True)
    assert Consent.objects.count() == 1


def test_a_new_wording_asks_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    set_consent(LIN, PROGRESS, given=True)
    longer = consent_rules.Kind(PROGRESS, (*KINDS[PROGRESS].wordings, "新的说法。"))
    monkeypatch.setitem(KINDS, PROGRESS, longer)
    assert not has_consent(LIN, PROGRESS)
    assert not agreed_to(LIN)[PROGRESS]
    assert of(PROGRESS) == set()
    assert set_consent(LIN, PROGRESS, given=True)
    assert [row.version for row in history(LIN)] == [1, 2]
    assert of(PROGRESS) == {LIN}


def test_a_kind_that_does_not_exist_is_an_error_and_never_a_no(site: Site) -> None:
    for ask in (
        lambda: has_consent(LIN, "progress"),
        lambda: consenting("progress"),
        lambda: set_consent(LIN, "progress", given=True),
    ):
        with pytest.raises(UnknownConsentError):
            ask()


def test_what_was_agreed_to_is_never_edited_only_cut_from_its_person(
    site: Site, owner: psycopg.Connection
) -> None:
    set_consent(LIN, PROGRESS, given=True)
    for statement in (
        "UPDATE jusha_consent SET given = false",
        "UPDATE jusha_consent SET subject = gen_random_uuid()",
        "UPDATE jusha_consent SET subject = NULL, version = 2",
        "DELETE FROM jusha_consent",
        "TRUNCATE jusha_consent",
    ):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            owner.execute(statement)
    assert forget_subject(LIN) == 1
    assert not has_consent(LIN, PROGRESS)
    assert of(PROGRESS) == set()
    assert Consent.objects.get().given


def test_each_wording_says_what_is_done_in_one_sentence() -> None:
    for each in KINDS.values():
        assert each.wording.endswith("。")
        assert each.version == len(each.wordings) >= 1
