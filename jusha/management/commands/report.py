"""`jusha report`: what was settled, beside what others published, as a page for people."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from jusha.config.postgres import PostgresRefusal
from jusha.giving.daily_report import (
    CampaignUnknownError,
    Labelled,
    campaign_days,
    labelled_days,
    render,
)
from jusha.giving.gift_maps import MapRefusedError, read_map
from jusha.giving.published_tables import (
    Columns,
    PublishedDay,
    PublishedRefusedError,
    read_published,
)
from jusha.inbox.connect import connect
from jusha.payments.bills.packed import open_plain
from jusha.payments.bills.records import FileRefusedError


class Command(BaseCommand):
    """One subcommand a report; a refusal is one sentence and exit code 1."""

    help = "Write a report as Markdown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        days = actions.add_parser("days", help="a campaign's sums by Shanghai day")
        days.add_argument("--campaign", required=True, metavar="CODE")
        days.add_argument("--out", type=Path, required=True, metavar="FILE.md")
        days.add_argument("--notes", type=Path, metavar="FILE.md", help="put in below the title")
        days.add_argument("--published", type=Path, metavar="CSV", help="daily sums in yuan")
        days.add_argument("--date-column", default="date")
        days.add_argument("--count-column", default="")
        days.add_argument("--sum-column", default="")
        days.add_argument("--cumulative-column", default="")
        days.add_argument(
            "--shift",
            type=int,
            action="append",
            metavar="DAYS",
            help="compare with the label so many days later; may be repeated (default 0)",
        )
        days.add_argument("--file", type=Path, metavar="CSV", help="the file that was imported")
        days.add_argument("--map", type=Path, help="its map")
        days.add_argument("--day-column", default="", help="the file's own column of days")

    def handle(self, *_args: object, **options: Any) -> None:
        """Write the report; expected refusals become one sentence."""
        try:
            self._days(options, datetime.now(UTC))
        except (
            CampaignUnknownError,
            FileRefusedError,
            MapRefusedError,
            PostgresRefusal,
            PublishedRefusedError,
            OSError,
        ) as refusal:
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error

    def _days(self, options: dict[str, Any], now: datetime) -> None:
        with connect() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            campaign = campaign_days(connection, code=options["campaign"])
        notes = options["notes"].read_text("utf-8") if options["notes"] else ""
        text = render(
            campaign,
            now=now,
            notes=notes,
            published=_published(options),
            published_name=options["published"].name if options["published"] else "",
            shifts=tuple(options["shift"] or (0,)),
            labelled=_labelled(options, now),
        )
        options["out"].write_text(text, "utf-8")
        self.stdout.write(f"{options['out']}: {len(campaign.days)} days")


def _published(options: dict[str, Any]) -> list[PublishedDay] | None:
    if options["published"] is None:
        return None
    columns = Columns(
        options["date_column"],
        options["count_column"],
        options["sum_column"],
        options["cumulative_column"],
    )
    with options["published"].open(encoding="utf-8-sig", newline="") as opened:
        return read_published(opened, columns)


def _labelled(options: dict[str, Any], now: datetime) -> Labelled | None:
    asked = [options["file"], options["map"], options["day_column"]]
    if not any(asked):
        return None
    if not all(asked):
        raise CommandError("--file, --map and --day-column go together")
    given = read_map(options["map"].read_bytes())
    with open_plain(options["file"]) as opened:
        return labelled_days(opened, given=given, day_column=options["day_column"], now=now)
