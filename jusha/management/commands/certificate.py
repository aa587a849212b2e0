"""`jusha certificate`: by which certificate each charity raises money in public, and until when."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jusha.charities import queries
from jusha.charities.certify import NotCertifiedError, certify
from jusha.charities.models import Charity
from jusha.charities.qualification import days_left, standing
from jusha.management.two_persons import add_two_persons, day


class Command(BaseCommand):
    """Without arguments: list the charities, those first whose certificate ends first."""

    help = "list, or set by two persons, a charity's certificate to raise money in public"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("charity", nargs="?", help="the charity's code")
        parser.add_argument("number", nargs="?", help="the certificate's number")
        parser.add_argument("--issuer", default="", help="the department that gave it")
        parser.add_argument("--from", dest="first", metavar="DAY", help="its first day, YYYY-MM-DD")
        parser.add_argument("--until", dest="last", metavar="DAY", help="its last day, YYYY-MM-DD")
        add_two_persons(parser)

    def handle(self, *_args: object, charity: str | None, **options: Any) -> None:
        """List or set."""
        if charity is None:
            self._list()
            return
        if not options["number"] or not options["evidence"]:
            raise CommandError(
                "say all of it: jusha certificate CHARITY NUMBER --issuer … --from … --until …"
                " --evidence FILE"
            )
        try:
            made = certify(
                charity,
                options["number"],
                issuer=options["issuer"],
                valid_from=day(options["first"], "--from"),
                valid_until=day(options["last"], "--until"),
                evidence=options["evidence"],
                by=options["by"],
                second=options["second"],
            )
        except NotCertifiedError as error:
            raise CommandError(f"{error}; nothing was changed") from error
        self.stdout.write(
            f"done 已设定: {charity} raises money by {made.number} until {made.valid_until}"
        )

    def _list(self) -> None:
        today = timezone.localdate()
        charities = Charity.objects.order_by("code")
        held = [(each, queries.certificate(each.code, today)) for each in charities]
        for charity, found in sorted(held, key=lambda row: row[1].valid_until if row[1] else today):
            if found is None:
                self.stdout.write(f"{charity.code:24} none 无证书: takes no gifts")
                continue
            self.stdout.write(
                f"{charity.code:24} {found.number:24} {found.valid_from} – {found.valid_until}"
                f" {standing(found, today)} ({days_left(found, today)} days) {found.issuer}"
            )
