"""`jusha refund campaign CODE`: send all gifts of a stopped campaign back, or tell how far it is.

Without --by it only tells. Single refunds are cases, decided at the desk.
"""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.giving import refund_campaign as campaigns
from jusha.giving.refund_queries import newest_run
from jusha.inbox.connect import connect
from jusha.money.assets import ASSETS_BY_NUMBER, decimal_text
from jusha.payments.rails.names import NAMES


class Command(BaseCommand):
    """Exit code 0: all is booked; 1: refused, or some were not; 2: no outcome yet."""

    help = "Send all gifts of a stopped campaign back (Charity Law 111, 113)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommand."""
        actions = parser.add_subparsers(dest="action", required=True)
        campaign = actions.add_parser("campaign", help="all gifts of a stopped campaign")
        campaign.add_argument("code")
        campaign.add_argument("--reason", default="", help="why it was stopped, and by whom")
        campaign.add_argument("--by", default="", help="who decides; left out: only tell")
        campaign.add_argument("--second", default="", help="the second person")
        campaign.add_argument(
            "--residue-to", default="", metavar="CHARITY", help="who gets what cannot be sent back"
        )

    def handle(self, *_args: object, code: str, by: str, **options: Any) -> None:
        """Look whether it is stopped, send back, tell."""
        if by and settings.JUSHA_MODE == "beside":
            raise CommandError(
                "nothing was sent 未改动任何数据: beside a platform, what goes back is told by"
                " the charity's bills (docs/how-to-beside.md)"
            )
        try:
            with connect(autocommit=True) as connection:
                campaign = campaigns.stopped(connection, code, at=datetime.now(UTC))
                run = self._run(connection, code, campaign, by, options) if by else None
                self._tell(connection, code, campaign)
        except campaigns.RunRefusedError as refusal:
            raise CommandError(f"nothing was sent 未改动任何数据: {refusal}") from refusal
        except campaigns.NotSettledError as error:
            raise CommandError(
                f"settlement has not answered {error}. What was sent is safe in the inbox; run the"
                " same command again once settlement runs: nothing is sent twice.",
                returncode=2,
            ) from error
        except psycopg.OperationalError as error:
            raise CommandError(f"the database does not answer: {error}", returncode=2) from error
        if run is not None and (left := {c: n for c, n in run.codes.items() if c != "done"}):
            said = ", ".join(f"{count} {code}" for code, count in sorted(left.items()))
            raise CommandError(f"not booked: {said}. Look at them and run it again.")

    def _run(
        self,
        connection: psycopg.Connection[Any],
        code: str,
        campaign: int,
        by: str,
        options: dict[str, Any],
    ) -> campaigns.Run:
        second = options["second"]
        campaigns.begin_run(
            connection,
            code,
            reason=options["reason"],
            by=by,
            second=second,
            residue_to=options["residue_to"],
        )
        run = campaigns.send_back(
            connection,
            campaign,
            by=by,
            second=second,
            told=lambda booked: self.stdout.write(f"{booked:,} booked"),
        )
        self.stdout.write(f"booked 已记账: {run.codes['done']:,} refunds")
        return run

    def _tell(self, connection: psycopg.Connection[Any], code: str, campaign: int) -> None:
        newest = newest_run(code)
        for each in campaigns.sums(connection, campaign):
            asset = ASSETS_BY_NUMBER[each.asset].code
            parts = {
                "given": each.given,
                "left to refund": each.given - each.refunded,
                "arrived": each.repaid,
                "to a named charity": each.residue,
                "owed": each.owed,
                "of which undeliverable": each.failed,
            }
            told = "; ".join(f"{name} {decimal_text(n, asset)}" for name, n in parts.items())
            route = "" if each.channel in NAMES else "; NO RAIL sends this back by itself"
            self.stdout.write(f"{each.channel} {asset}: {each.gifts:,} gifts; {told}{route}")
        if newest is not None and newest.residue_to:
            self.stdout.write(
                f"what cannot be sent back goes to {newest.residue_to} (decided by {newest.by} and"
                f" {newest.second}): it stays owed in the books until the desk says that it is done"
            )
        elif newest is not None:
            self.stdout.write("nobody is named for what cannot be sent back: --residue-to CHARITY")
