"""Every address as everybody: nothing breaks, and nobody reads or touches another tenant's matter.

Two charities, `shan` with matters of its own and `hai` with none; a person of each role in both,
one officer of each office, two donors, and a stranger. Each address of the site is asked for by
all of them. An address that no sample is written for fails the test: a new page comes with its own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils.timezone import localdate

from jusha.charities.models import Application, Charity
from jusha.charities.rules import Role
from jusha.notices.models import Broadcast
from jusha.oversight.models import Complaint
from jusha.people.models import Decision, UserAccount
from jusha.people.rules import Office
from jusha.projects.plan_models import ProjectDraft
from jusha.teams.apply_company import keep_contact
from jusha.teams.company_models import Company, CompanyApplication
from jusha.teams.models import Team
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer, signed_in
from tests.web.test_refund_page import Gift
from tests.web.test_spending_desk import ASKED, paper

SECRET_WORDS: Final = "秘密：多打了一个零，我叫石榴"
SECRET_TEXT: Final = "还没有发出的话：石榴村的水塔漏了"
SECRET_CONTACT: Final = "秘密：联系人石榴"
SECRET_COMPLAINT: Final = "秘密：我是石榴，书没有送到"
SECRET_DRAFT: Final = "秘密：石榴村还没有公布的计划"
SECRET_EXPENSE: Final = "秘密：石榴村还没有确认的支出"
SECRET_COMPANY: Final = "秘密：企业的联系人是石榴"
TEAM, COMPANY = "crawlers", "crawl-co"
TENANTS: Final = ("shan", "hai")
CALM: Final = {200, 302, 303, 400, 403, 404, 405, 410, 422, 429}
REFUSED: Final = {302, 403, 404, 405, 422}
SKIPPED: Final = {
    None,  # a redirect to the log's page
    "api-v1",  # asked by tests/api
    "account_logout",
    "account_close",
}


class Crowd(NamedTuple):
    """Who asks, and what the addresses with a number or a code lead to."""

    people: dict[str, Client]
    samples: dict[str, dict[str, Any]]


@pytest.fixture
def crowd(site: Site) -> Crowd:
    """Furnish the two tenants and let everybody in."""
    Charity.objects.create(
        code="hai", name_zh="海边基金会", name_en="Seaside Foundation", uscc="53330000DEMO000002",
        certificate_no="", address_zh="海边", address_en="Sea", phone="400-000-0001",
    )  # fmt: skip
    gift = Gift(site)
    case = gift.ask(words=SECRET_WORDS)
    Broadcast.objects.create(
        charity="shan", project=BOOKS, text=SECRET_TEXT, by="li", second="",
        created_at=datetime.now(UTC),
    )  # fmt: skip
    Application.objects.create(
        account=uuid4(), code="far", kind="foundation", raises=False, name_zh="远山协会",
        name_en="Far Hills", uscc="53330000DEMO000003", address_zh="山", address_en="Hill",
        phone="400-000-0002", contact=SECRET_CONTACT, registration="0" * 64, policy=1,
    )  # fmt: skip
    give_together(site)
    about = {"kind": "money", "about": f"/p/{BOOKS}", "words": SECRET_COMPLAINT, "contact": ""}
    assert Client().post("/report", about).status_code == 303
    site.publish()
    people = {"stranger": Client(), "owner": site.client}
    people["donor"] = signed_in(UserAccount.objects.open())
    for office in Office:
        people[f"platform {office}"] = signed_in(officer(site, f"{office}@p.example", office))
    for charity in TENANTS:
        for role in Role:
            account = member(site, f"{role}@{charity}.example", role, charity=charity)
            people[f"{charity} {role}"] = signed_in(account)
    ProjectDraft.objects.create(
        charity="shan", project="shan-secret", fields={"title": SECRET_DRAFT},
        begun_by=uuid4(), saved_by=uuid4(),
    )  # fmt: skip
    asked = ASKED | {"purpose": SECRET_EXPENSE, "evidence": paper()}
    assert people["shan programme"].post("/desk/spending/new", asked).status_code == 303
    return Crowd(people, samples(gift, case.pk) | samples_together() | samples_of_days())


def give_together(site: Site) -> None:
    """A team of nobody here, a company, and one that asks for a page."""
    today = localdate()
    Team.objects.create(
        code=TEAM, kind="friends", title="一起", story="为了书", project=BOOKS, target=100_000,
        captain=uuid4(), opened_on=today, ends_on=today + timedelta(days=5),
    )  # fmt: skip
    with as_owner(site):
        Company.objects.create(
            code=COMPANY, name_zh="一家企业", uscc="1" * 18, intro="做纸的。", decision=1
        )
    applied = CompanyApplication.objects.create(
        account=uuid4(), code="other-co", name_zh="另一家", uscc="2" * 18, intro="做笔的。",
        capabilities=["funds"], registration="0" * 64,
    )  # fmt: skip
    keep_contact(applied.pk, SECRET_COMPANY)


def samples_together() -> dict[str, dict[str, Any]]:
    """What to fill the holes of teams' and companies' addresses with."""
    found = {name: {"code": TEAM} for name in ("team", "team-room")}
    return found | {name: {"code": COMPANY} for name in ("company", "company-room")}


def samples_of_days() -> dict[str, dict[str, Any]]:
    """The same of giving days' pages."""
    parts = ("", "-edit", "-venue", "-pools", "-rules")
    names = ("closing", "closing-file", *(f"desk-day{part}" for part in parts))
    return {name: {"code": "day"} for name in names}


def samples(gift: Gift, case: int) -> dict[str, dict[str, Any]]:
    """What to fill each address's holes with, by its name."""
    order, deed = {"number": gift.order}, {"number": gift.deed}
    of_order = "order pay pay-who order-state refund receipt receipt-letter order-proof"
    found: dict[str, dict[str, Any]] = dict.fromkeys(of_order.split(), order)
    found |= dict.fromkeys(("deed", "deed-card", "deed-proof", "deed-linked"), deed)
    found |= {name: {"number": case} for name in ("desk-refund", "desk-refund-confirm")}
    found |= {name: {"number": 1} for name in ("desk-difference", "desk-difference-confirm")}
    found |= {name: {"year": 2026} for name in ("mine-year", "mine-year-file", "mine-year-letter")}
    found |= {name: {"token": "x" * 22} for name in ("prepared", "prepared-state", "prepared-ics")}
    found |= {name: {"code": BOOKS} for name in ("project", "donate", "poster")}
    found |= {
        name: {"code": BOOKS} for name in ("project-linked", "disclosures", "project-spending")
    }
    found |= {name: {"code": "shan"} for name in ("charity-linked", "charity-disclosures")}
    found |= {"charity-years": {"code": "shan"}}
    found |= {name: {"code": "day"} for name in ("campaign", "prepare")}
    found |= {name: {"code": "day"} for name in ("rankings", "screen", "names")}
    found |= {"line": {"code": BOOKS}}
    return found | {
        "charity": {"code": "shan"},
        "rule": {"name": "R1.1"},
        "rule-document": {"name": "R1.1"},
        "live": {"name": "home.json"},
        "scanned": {"text": "x" * 30},
        "own-picture": {"number": gift.order, "what": "card", "kind": "svg"},
        "log-file": {"name": "checkpoint"},
        "beside-day": {"day": "2026-03-01"},
        "program": {"name": "verify"},
        "upload": {"sha256": "0" * 64, "ending": "pdf"},
        "desk-bills-day": {"rail": "wechat", "on": "2026-03-01"},
        "desk-failed-confirm": {"number": 1},
        "desk-law-rule": {"name": "file-before-start-days"},
        "platform-report": {"period": "2026-h1"},
        "platform-report-table": {"period": "2026-h1"},
        "desk-disclosure": {"number": 1},
        "desk-spending-one": {"number": Decision.objects.latest("id").pk},
        "desk-project": {"code": "shan-secret"},
        "desk-project-edit": {"code": "shan-secret"},
        "desk-export-file": {"number": 1},
        "desk-abuse-case": {"number": 1},
        "desk-complaint": {"number": Complaint.objects.latest("id").pk},
        "report-state": {"number": 1, "secret": "x" * 22},
        "charity-disclosure": {"code": "shan", "place": "2026"},
        "disclosure": {"code": BOOKS, "kind": "progress", "place": "1"},
        "sitemap-part": {"name": "projects", "code": BOOKS},
        "open-gifts": {"day": "2026-01-05"},
        "open-table": {"name": "projects", "form": "csv"},
        "desk-application": {"number": Application.objects.latest("id").pk},
        "desk-charity": {"charity": "shan"},
        "desk-payee": {"charity": "shan"},
        **{name: {"charity": "shan"} for name in ("desk-account", "desk-post-new")},
        "desk-post": {"charity": "shan", "number": 1},
        **{name: {"code": "shan"} for name in ("official", "posts-feed")},
        "post": {"code": "shan", "number": 1},
        "asset": {"digest": "0" * 8, "name": "grains.js"},
    }


def names() -> Iterator[tuple[str | None, bool]]:
    """Each address's name, and whether it has holes; the back office is asked by test_office."""
    waiting = [*get_resolver().url_patterns]
    while waiting:
        each = waiting.pop()
        if isinstance(each, URLResolver):
            waiting += [] if each.namespace == "office" else each.url_patterns
        else:
            yield (
                each.name,
                bool(each.pattern.regex.groupindex) if hasattr(each.pattern, "regex") else False,
            )


def paths(crowd: Crowd) -> dict[str, str]:
    """Each address's path by its name."""
    found = {}
    for name, has_holes in names():
        if name in SKIPPED:
            continue
        assert name is not None
        assert not has_holes or name in crowd.samples, f"write a sample for {name}"
        found[name] = reverse(name, kwargs=crowd.samples.get(name, {}))
    return found


def body(response: Any) -> str:
    """What came, whatever it is."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return bytes(content).decode(errors="replace")


def test_everybody_everywhere_gets_an_answer_and_nobody_another_s_secrets(crowd: Crowd) -> None:
    may_read = {
        SECRET_WORDS: {"owner", "platform finance", "platform auditor"}
        | {f"shan {role}" for role in Role},
        SECRET_TEXT: {f"shan {role}" for role in Role},
        SECRET_CONTACT: {"platform reviewer", "platform auditor"},
        SECRET_COMPLAINT: {"platform reviewer", "platform auditor"},
        SECRET_COMPANY: {"platform reviewer"},
        SECRET_DRAFT: {"platform reviewer", "platform auditor"} | {f"shan {role}" for role in Role},
        SECRET_EXPENSE: {"platform auditor"} | {f"shan {role}" for role in Role},
    }
    seen: dict[str, set[str]] = {secret: set() for secret in may_read}
    for name, path in paths(crowd).items():
        for who, client in crowd.people.items():
            response = client.get(path)
            assert response.status_code in CALM, (who, name, response.status_code)
            text = body(response)
            for secret, readers in may_read.items():
                if secret in text:
                    assert who in readers, f"{who} reads at {path}: {secret}"
                    seen[secret].add(who)
    assert all(seen.values()), "each secret stands somewhere, so its absence means something"


def test_another_tenant_s_matter_is_not_there_to_be_touched(crowd: Crowd) -> None:
    desk = {name: path for name, path in paths(crowd).items() if name.startswith("desk-")}
    outside = {"stranger", "donor", "owner", *(f"hai {role}" for role in Role)}
    for name, path in desk.items():
        about_one = name in crowd.samples
        for who in outside:
            for do in ("approve", "confirm", "decline", "save", "publish", "propose"):
                status = crowd.people[who].post(path, {"do": do}).status_code
                if about_one or not who.startswith("hai"):
                    assert status in REFUSED, (who, name, do, status)
                else:
                    assert status in CALM, (who, name, do, status)
            if about_one:
                assert crowd.people[who].get(path).status_code in REFUSED, (who, name)
