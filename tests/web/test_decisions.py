"""Two persons decide: the verbs say no in words, and the database says no to whoever skips them."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from jusha.charities.models import Member
from jusha.charities.rules import Role
from jusha.people.decisions import (
    DecisionRefusedError,
    confirm,
    decisions_about,
    decline,
    open_decisions,
    propose,
    withdraw,
)
from jusha.people.models import Decision, DecisionEnd, DecisionKind
from jusha.people.rules import Office
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer

KIND = "paper"


class Desk:
    """A kind of decision that the programme proposes and a reviewer or finance confirms."""

    def __init__(self, site: Site) -> None:
        self.li = member(site, "li@shan.example", Role.PROGRAMME).pk
        self.wang = member(site, "wang@shan.example", Role.FINANCE).pk
        self.far = member(site, "far@else.example", Role.FINANCE, charity="shan").pk
        self.reviewer = officer(site, "rev@platform.example", Office.REVIEWER).pk
        with as_owner(site):
            DecisionKind.objects.create(
                kind=KIND, proposes=["role:programme"], confirms=["office:reviewer", "role:finance"]
            )

    def propose(self, **told: Any) -> Decision:
        asked: dict[str, Any] = {
            "charity": "shan",
            "subject": "books",
            "body": {"a": 1},
            "by": self.li,
        }
        return propose(KIND, **(asked | told))


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_a_second_person_confirms_and_it_is_carried_out_once(desk: Desk) -> None:
    made, done = desk.propose(), list[int]()
    assert list(open_decisions(KIND, charities=["shan"])) == [made]
    confirm(made.pk, kind=KIND, by=desk.reviewer, apply=lambda found: done.append(found.pk))
    assert (done, list(open_decisions(KIND))) == ([made.pk], [])
    with pytest.raises(DecisionRefusedError, match="ended"):
        confirm(made.pk, kind=KIND, by=desk.wang, apply=lambda found: done.append(found.pk))
    assert done == [made.pk]
    assert [each.end.verdict for each in decisions_about(KIND, "books")] == ["confirmed"]


def test_what_cannot_be_carried_out_stays_open(desk: Desk) -> None:
    made = desk.propose()

    def fails(_: Decision) -> None:
        raise DecisionRefusedError("stale")

    with pytest.raises(DecisionRefusedError, match="stale"):
        confirm(made.pk, kind=KIND, by=desk.wang, apply=fails)
    assert open_decisions(KIND).exists()


def test_nobody_confirms_their_own_nor_what_is_not_theirs(desk: Desk) -> None:
    with pytest.raises(DecisionRefusedError, match="not-yours"):
        desk.propose(by=desk.wang)
    with pytest.raises(DecisionRefusedError, match="not-yours"):
        desk.propose(charity="other")
    made = desk.propose()
    for by, why in ((desk.li, "same-person"), (uuid4(), "not-yours")):
        with pytest.raises(DecisionRefusedError, match=why):
            confirm(made.pk, kind=KIND, by=by, apply=lambda _: None)
    with pytest.raises(DecisionRefusedError, match="same-person"):
        withdraw(made.pk, kind=KIND, by=desk.wang)
    with pytest.raises(DecisionRefusedError, match="unknown"):
        confirm(made.pk, kind="other", by=desk.wang, apply=lambda _: None)


def test_handing_back_needs_words_and_taking_back_needs_none(desk: Desk) -> None:
    made = desk.propose()
    with pytest.raises(DecisionRefusedError, match="no-words"):
        decline(made.pk, kind=KIND, by=desk.wang, words="  ")
    decline(made.pk, kind=KIND, by=desk.wang, words="缺一页")
    again = desk.propose()
    withdraw(again.pk, kind=KIND, by=desk.li)
    assert not open_decisions(KIND).exists()


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO jusha_decisionend (decision_id, verdict, words, ended_by, at)"
            " SELECT id, 'confirmed', '', proposed_by, now() FROM jusha_decision"
        ),
        (
            "INSERT INTO jusha_decisionend (decision_id, verdict, words, ended_by, at)"
            " SELECT id, 'confirmed', '', gen_random_uuid(), now() FROM jusha_decision"
        ),
        "UPDATE jusha_decision SET body = '{}'",
        "DELETE FROM jusha_decision",
    ],
)
def test_the_database_refuses_what_goes_round_the_verbs(desk: Desk, statement: str) -> None:
    desk.propose()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert not DecisionEnd.objects.exists()


def test_one_function_guards_every_row_that_two_decided(owner: psycopg.Connection) -> None:
    """Papers have one more of their own: lists are compared as a whole, and a post needs no two.

    A case of abuse has one too: it ends without a second person unless matches are taken back.
    """
    names = owner.execute(
        "SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_trigger t ON t.tgfoid = p.oid"
        " WHERE p.prosrc LIKE '%''as_decided''%' ORDER BY 1"
    ).fetchall()
    own = ["jusha_abuse_ends", "jusha_paper_as_decided"]
    assert [name for (name,) in names] == sorted(["jusha_as_decided", *own])


def test_a_part_says_its_own_rows_and_no_others(site: Site, owner: psycopg.Connection) -> None:
    owner.execute(
        "INSERT INTO jusha_decisionkind VALUES ('two', '{office:reviewer}', '{office:reviewer}')"
    )
    owner.execute(
        "CREATE TABLE told (decision bigint UNIQUE, charity text, what text);"
        " GRANT INSERT ON told TO jusha_web;"
        " CREATE TRIGGER a BEFORE INSERT ON told FOR EACH ROW"
        " EXECUTE FUNCTION jusha_as_decided('law', '', 'two', 'this')"
    )
    one, other = (officer(site, f"{who}@p.example", Office.REVIEWER).pk for who in "ab")
    insert = "INSERT INTO told VALUES (%s, %s, %s)"
    body = {"this": {"what": "a"}, "other": {"what": "b"}, "none": {}}
    made = propose("two", charity="shan", subject="x", body=body, by=one)
    row = (made.pk, "shan", "a")
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        connection.cursor().execute(insert, row)  # nobody has confirmed it yet
    confirm(made.pk, kind="two", by=other, apply=lambda _: None)
    for wrong in (("shan", "b"), ("else", "a"), ("shan", "c")):
        with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
            connection.cursor().execute(insert, (made.pk, *wrong))
    connection.cursor().execute(insert, row)
    empty = propose("two", charity="shan", subject="x", body={"this": {}}, by=one)
    confirm(empty.pk, kind="two", by=other, apply=lambda _: None)
    with pytest.raises(IntegrityError, match="two persons"), transaction.atomic():
        connection.cursor().execute(insert, (empty.pk, "shan", "a"))


def test_a_table_of_ones_own_is_no_second_person(desk: Desk, owner: psycopg.Connection) -> None:
    """The pages' role may make temporary tables, and those stand before the schema's own."""
    loose = owner.execute(
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND p.proname LIKE 'jusha\\_%' AND p.prorettype = 'trigger'::regtype"
        " AND NOT coalesce(p.proconfig, '{}') @> '{\"search_path=public, pg_temp\"}'"
    ).fetchall()
    assert loose == []
    made = desk.propose()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE jusha_officer ON COMMIT DROP AS"
            " SELECT '00000000-0000-0000-0000-000000000009'::uuid AS account_id,"
            " 'reviewer' AS office"
        )
        with pytest.raises(IntegrityError, match="not for this person"), transaction.atomic():
            cursor.execute(
                "INSERT INTO public.jusha_decisionend (decision_id, verdict, words, ended_by, at)"
                " VALUES (%s, 'confirmed', '', '00000000-0000-0000-0000-000000000009', now())",
                (made.pk,),
            )


def test_who_was_dismissed_is_not_one_of_the_two(desk: Desk, site: Site) -> None:
    made = desk.propose()
    with as_owner(site):
        Member.objects.filter(account_id=desk.li).delete()
    with pytest.raises(DecisionRefusedError, match="not-yours"):
        confirm(made.pk, kind=KIND, by=desk.wang, apply=lambda _: None)
    decline(made.pk, kind=KIND, by=desk.wang, words="请另一位同事再提")
    assert not open_decisions(KIND).exists()
