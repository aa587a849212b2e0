"""`jusha merchant`: name the account at a rail where a charity's gifts are paid to.

Another account is a further row, for the orders that come. A page writes one too, as two persons
of the charity's finance decided and after a delay; then this command gives it Alipay's token and
changes nothing else. The payments process writes none. The two persons are kept with it.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from jusha.charities.models import Charity
from jusha.payments.merchant_token import seal_token
from jusha.payments.models import Merchant, PayeeStop
from jusha.payments.rails.names import ALIPAY, NAMES
from jusha.people.vault import load


class Command(BaseCommand):
    """Without arguments: list the accounts. Tokens are never shown."""

    help = "list, or set by two persons, the account at a rail where a charity is paid"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("rail", nargs="?", choices=NAMES)
        parser.add_argument("charity", nargs="?", help="the charity's code")
        parser.add_argument("merchant", nargs="?", help="its number at the rail")
        parser.add_argument("--token", type=Path, help="file with Alipay's app_auth_token")
        parser.add_argument("--by", default="", help="who sets it")
        parser.add_argument("--second", default="", help="the second person")

    def handle(
        self,
        *_args: object,
        rail: str | None,
        charity: str | None,
        merchant: str | None,
        token: Path | None,
        by: str,
        second: str,
        **_options: Any,
    ) -> None:
        """List or set."""
        if rail is None:
            for each in Merchant.objects.order_by("rail", "charity", "since", "pk"):
                self.stdout.write(
                    f"{each.rail:8} {each.charity:24} {each.merchant:20}"
                    f" {each.since:%Y-%m-%d} {each.set_by}, {each.second}"
                )
            return
        if not charity or not merchant:
            raise CommandError("say all three: jusha merchant RAIL CHARITY NUMBER")
        if not by or not second or by == second:
            raise CommandError("two different persons set it: --by NAME --second NAME")
        if not Charity.objects.filter(code=charity).exists():
            raise CommandError(f"there is no charity {charity}")
        sealed = self._sealed(rail, token)
        try:
            with transaction.atomic():
                if token is not None and give_token(rail, charity, merchant, sealed):
                    self.stdout.write(f"done 已设定: the token of {merchant} at {rail}")
                    return
                Merchant.objects.create(
                    rail=rail, charity=charity, merchant=merchant, sealed_token=sealed,
                    set_by=by, second=second,
                )  # fmt: skip
        except IntegrityError as error:
            raise CommandError(
                f"{merchant} is another charity's account at {rail}; nothing was changed"
            ) from error
        self.stdout.write(f"done 已设定: {charity} is paid at {rail} as {merchant}")

    def _sealed(self, rail: str, token: Path | None) -> bytes:
        if token is None:
            return b""
        if rail != ALIPAY:
            raise CommandError(f"{rail} knows no token")
        try:
            text = token.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{token} cannot be read") from error
        return seal_token(load(settings.HOME, "merchants"), text)


def give_token(rail: str, charity: str, merchant: str, sealed: bytes) -> bool:
    """Give every row of this account its token; False if the charity has no such account.

    A token never makes an account current again: that is a new row, without `--token`. One that
    waited for its token beyond its day begins now, unless a newer account holds by then: orders
    made meanwhile stay where they went.
    """
    stopped = PayeeStop.objects.values("decision")
    rows = Merchant.objects.filter(rail=rail, charity=charity).exclude(decision__in=stopped)
    now = timezone.now()
    for row in (mine := list(rows.filter(merchant=merchant))):
        waited = row.decision is not None and not bytes(row.sealed_token)
        is_newest = not rows.filter(since__gt=row.since).exclude(merchant=merchant).exists()
        since = max(row.since, now) if waited and is_newest else row.since
        Merchant.objects.filter(pk=row.pk).update(sealed_token=sealed, since=since)
    return bool(mine)
