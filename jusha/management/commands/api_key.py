"""`jusha api_key`: make, list and revoke keys of partner apps.

Only the owner of the database may write them: no page can. A key is made by two persons and shown
once; one person may revoke it.
"""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jusha.api.keys import KeyRefusedError, make_key, revoke_key
from jusha.api.models import ApiKey
from jusha.api.rules import SCOPES


class Command(BaseCommand):
    """Without arguments: list the keys. Their secrets are never shown again."""

    help = "list the keys of partner apps; make one by two persons, or revoke one"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be done."""
        verbs = parser.add_subparsers(dest="verb")
        create = verbs.add_parser("create", help="make a key, which is shown once")
        create.add_argument("name", help="whose key it is")
        create.add_argument(
            "--charity", action="append", required=True, help="a charity's code; may be repeated"
        )
        create.add_argument(
            "--scope", action="append", choices=SCOPES, help="may be repeated (default: orders)"
        )
        create.add_argument("--by", default="", help="who makes it")
        create.add_argument("--second", default="", help="the second person")
        revoke = verbs.add_parser("revoke", help="let a key hold no longer")
        revoke.add_argument("public", help="the key's middle part, as the list shows it")
        revoke.add_argument("--by", default="", help="who revokes it")

    def handle(self, *_args: object, verb: str | None, **options: Any) -> None:
        """List, make or revoke."""
        try:
            if verb == "create":
                self._create(options)
            elif verb == "revoke":
                revoke_key(public=options["public"], by=options["by"], now=datetime.now(UTC))
                self.stdout.write(f"done 已收回: {options['public']}")
            else:
                self._list()
        except KeyRefusedError as error:
            raise CommandError(f"{error}; nothing was changed 没有改动") from error

    def _create(self, options: dict[str, Any]) -> None:
        made = make_key(
            name=options["name"],
            charity_codes=options["charity"],
            scopes=options["scope"] or ["orders"],
            by=options["by"],
            second=options["second"],
        )
        self.stdout.write(
            f"只显示这一次，请妥善保存。 Shown once; keep it as you keep a password:\n{made.whole}"
        )

    def _list(self) -> None:
        for key in ApiKey.objects.order_by("id"):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "holds"
            self.stdout.write(
                f"{key.public}  {key.name:24} {','.join(key.charities):24}"
                f" {','.join(key.scopes):32} {key.created_at:%Y-%m-%d} {key.set_by},"
                f" {key.second}  {state}"
            )
