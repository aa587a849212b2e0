"""`jusha staff`: who works at the desk. Run by whoever owns the database; no page can do it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jusha.charities.appoint import (
    NotStaffError,
    OfficeTakenError,
    TwoSidesError,
    UnknownCharityError,
    appoint,
    appoint_officer,
    dismiss,
    posts,
)
from jusha.charities.rules import ROLES, Role
from jusha.people.accounts import end_sessions, find
from jusha.people.mailbox import NotAnAddressError
from jusha.people.rules import OFFICES, Office
from jusha.web.desk.staff import has_factor

SIDES = "an officer of the platform works for no charity: two people, two addresses"
OFFICE = "one person holds one office: use another person, or remove the first"


class Command(BaseCommand):
    """Name, list and remove the people of the desk."""

    help = "name the people who work at the desk, list them, remove them, end their sessions"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="let a person work for a charity or the platform")
        add.add_argument("mail", help="the person's mail address: codes to sign in go there")
        side = add.add_mutually_exclusive_group(required=True)
        side.add_argument("--charity", help="the charity's code; --role is one of its roles")
        side.add_argument("--platform", action="store_true", help="an office on the platform")
        known = sorted({*ROLES, *OFFICES})
        add.add_argument("--role", choices=known, required=True, help="role or office")
        remove = verbs.add_parser("remove", help="take the role, and end the person's sessions")
        remove.add_argument("mail")
        side = remove.add_mutually_exclusive_group(required=True)
        side.add_argument("--charity", help="the charity's code")
        side.add_argument("--platform", action="store_true", help="the office on the platform")
        end = verbs.add_parser("end", help="end every session of a person, everywhere")
        end.add_argument("mail")
        verbs.add_parser("list", help="everybody at the desk, and who has no second factor yet")

    def handle(self, *_: Any, verb: str, **told: Any) -> None:
        """Do what was asked, or say why not."""
        try:
            getattr(self, verb)(**told)
        except NotAnAddressError as error:
            raise CommandError(f"{told['mail']} is no mail address") from error
        except UnknownCharityError as error:
            raise CommandError(f"no charity {error}: `jusha staff list` shows codes") from error
        except TwoSidesError as error:
            raise CommandError(SIDES) from error
        except OfficeTakenError as error:
            raise CommandError(f"is {error} already; {OFFICE}") from error
        except NotStaffError as error:
            raise CommandError(f"{told['mail']} has no such role") from error

    def add(self, *, mail: str, charity: str | None, role: str, **_: Any) -> None:
        """Name a person."""
        if charity is None and role in OFFICES:
            appoint_officer(mail, office=Office(role))
        elif charity is not None and role in ROLES:
            appoint(mail, charity=charity, role=Role(role))
        else:
            known = ROLES if charity else OFFICES
            raise CommandError(f"--role is one of {', '.join(known)} here")
        self.stdout.write(f"{mail}: {charity or 'platform'} {role}. They sign in at /desk.")

    def remove(self, *, mail: str, charity: str | None, **_: Any) -> None:
        """Take a person's role."""
        dismiss(mail, charity=charity or "")
        self.stdout.write(f"{mail}: removed, sessions ended")

    def end(self, *, mail: str, **_: Any) -> None:
        """End a person's sessions."""
        account = find(mail)
        if account is None:
            raise NotStaffError
        end_sessions(account)
        self.stdout.write(f"{mail}: sessions ended")

    def list(self, **_: Any) -> None:
        """Say who is at the desk."""
        for post in posts():
            factor = "" if has_factor(post.account) else "  no second factor yet"
            demo = "  demo" if post.account.demo else ""
            side = post.charity or "platform"
            self.stdout.write(f"{post.address or '(erased)'}  {side} {post.role}{demo}{factor}")
