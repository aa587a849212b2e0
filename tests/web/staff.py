"""People of the desk for tests: named as the owner names them, signed in as browsers are."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core import mail
from django.db import connections
from django.test import Client
from psycopg.conninfo import conninfo_to_dict

from jusha.charities.appoint import appoint, appoint_officer
from jusha.charities.rules import Role
from jusha.config.postgres import database_url
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from tests.home import HOME
from tests.web.conftest import Site

CODE = re.compile(r"^    (\S+)$", re.MULTILINE)


@contextmanager
def as_owner(site: Site) -> Iterator[None]:
    """Let Django work as the owner of the database for a while, as `jusha staff` does."""
    default = connections["default"]
    before = dict(default.settings_dict)
    found = conninfo_to_dict(database_url("owner", HOME, site.house.database))
    default.close()
    default.settings_dict.update(USER=found["user"], PASSWORD=found.get("password", ""))
    try:
        yield
    finally:
        default.close()
        default.settings_dict.update(before)


def member(
    site: Site, address: str, role: Role = Role.FINANCE, *, charity: str = "shan", demo: bool = True
) -> UserAccount:
    """A member of a charity; by default of the sandbox's own, so without a second factor."""
    with as_owner(site):
        return appoint(address, charity=charity, role=role, demo=demo)


def officer(site: Site, address: str, office: Office, *, demo: bool = True) -> UserAccount:
    """An officer of the platform; by default of the sandbox's own."""
    with as_owner(site):
        return appoint_officer(address, office=office, demo=demo)


def signed_in(account: UserAccount, *, proven_at: float | None = None) -> Client:
    """A browser in which the account is signed in, since `proven_at` (Unix seconds; now)."""
    client = Client()
    client.force_login(account)
    session = client.session
    session["account_authentication_methods_user"] = str(account.pk)
    proof = {"method": "code", "at": time.time() if proven_at is None else proven_at}
    session["account_authentication_methods"] = [proof]
    session.save()
    return client


def sign_in(client: Client, address: str, *, way: str = "") -> str:
    """Sign in by the pages and the letter, as a person does; return where that leads."""
    query = f"?next={way}" if way else ""
    client.post(f"/account/sign-in{query}", {"email": address, "next": way})
    return str(client.post("/account/code", {"code": code_of_letter(), "next": way})["Location"])


def code_of_letter() -> str:
    """The code in the newest letter."""
    found = CODE.search(str(mail.outbox[-1].body))
    assert found is not None
    return found[1]
