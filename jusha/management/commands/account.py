"""`jusha account`: publish the bank account to which a charity's gifts are transferred.

Only the owner of the database may write it: neither pages nor the payments process can. The two
persons are kept with it. What is given stays with the account that it came to; a new number is for
the orders that come. The old one is ended and kept: transfers to it are its gifts as ever.
"""

import re
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from jusha.charities.models import Charity
from jusha.payments.models import BankAccount

NUMBER: Final = re.compile(r"[0-9A-Z](?:[0-9A-Z-]{4,32})[0-9A-Z]", re.ASCII)
"""Account numbers as banks in China and abroad (ISO 13616) write them, without blanks."""
NAME_MAX: Final = 80


class Command(BaseCommand):
    """Without arguments: list the published accounts."""

    help = "list, or publish by two persons, the bank account of a charity"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("charity", nargs="?", help="the charity's code")
        parser.add_argument("--number", default="", help="the account's number")
        parser.add_argument("--holder", default="", help="the holder's name, as the bank has it")
        parser.add_argument("--bank", default="", help="the bank and its branch")
        parser.add_argument("--by", default="", help="who sets it")
        parser.add_argument("--second", default="", help="the second person")
        parser.add_argument("--withdraw", action="store_true", help="offer it no longer")

    def handle(
        self, *_args: object, charity: str | None, by: str, second: str, **options: Any
    ) -> None:
        """List, set or withdraw."""
        if charity is None:
            for each in BankAccount.objects.order_by("charity", "pk"):
                ended = f"  已停用 ended {each.ended_at:%Y-%m-%d}" if each.ended_at else ""
                self.stdout.write(
                    f"{each.charity:24} {each.number:34} {each.holder} · {each.bank}"
                    f"  {each.set_at:%Y-%m-%d} {each.set_by}, {each.second}{ended}"
                )
            return
        by, second = by.strip(), second.strip()
        if not by or not second or by == second:
            raise CommandError("two different persons set it: --by NAME --second NAME")
        if options["withdraw"]:
            if not _end(charity):
                raise CommandError(f"{charity} has no published account")
            self.stdout.write(f"done 已撤下: {charity} is offered transfers no longer")
            return
        fields = self._checked(options) | {"set_by": by, "second": second}
        if not Charity.objects.filter(code=charity).exists():
            raise CommandError(f"there is no charity {charity}")
        _publish(charity, fields)
        self.stdout.write(f"done 已公布: {charity} is paid by transfer to {fields['number']}")

    def _checked(self, options: dict[str, Any]) -> dict[str, str]:
        found = {name: str(options[name]).strip() for name in ("holder", "bank")}
        for name, text in found.items():
            if not 0 < len(text) <= NAME_MAX:
                raise CommandError(f"--{name} has 1 to {NAME_MAX} characters")
        number = "".join(str(options["number"]).split())
        if not NUMBER.fullmatch(number):
            raise CommandError("--number has 6 to 34 digits, capital letters or hyphens")
        return found | {"number": number}


def _publish(charity: str, fields: dict[str, str]) -> None:
    """End the account of now and publish this one. Raises CommandError for another's number."""
    with transaction.atomic():
        with connection.cursor() as cursor:  # two who publish at once are one after the other
            cursor.execute("LOCK TABLE jusha_bankaccount IN SHARE ROW EXCLUSIVE MODE")
        if BankAccount.objects.filter(number=fields["number"]).exclude(charity=charity).exists():
            raise CommandError(
                f"{fields['number']} is another charity's account, or was; nothing was changed"
            )
        _end(charity)
        BankAccount.objects.create(charity=charity, **fields)


def _end(charity: str) -> int:
    """Offer the charity's account no longer, and keep it; how many there were."""
    found = BankAccount.objects.filter(charity=charity, ended_at__isnull=True)
    return found.update(ended_at=timezone.now())
