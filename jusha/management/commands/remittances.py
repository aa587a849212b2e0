"""`jusha remittances`: what a partner sent for its batches, beside the results of each."""

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.config.postgres import PostgresRefusal
from jusha.giving.gift_maps import MapRefusedError, read_map
from jusha.giving.remittance_rules import unsettled
from jusha.giving.remittances import RemittanceRefusedError, batches, take_remittances
from jusha.inbox.connect import connect
from jusha.money.assets import decimal_text
from jusha.money.clock import day_text
from jusha.payments.bills.records import FileRefusedError
from jusha.people import vault

STATES: Final = {
    "matched": "一致 matched",
    "short": "少到 short",
    "over": "多到 over",
    "no-money": "款项未到 no money yet",
    "no-results": "没有明细 no results yet",
}


class Command(BaseCommand):
    """Exit code 0: all batches match; 1: some do not, or the file was refused."""

    help = "read a remittance file, and lay each batch's money beside its results"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, nargs="?", help="left out: only compare")
        parser.add_argument("--map", type=Path, help="what the columns mean (TOML)")
        parser.add_argument("--channel", default="", help="compare this channel's batches alone")
        parser.add_argument("--dry-run", action="store_true", help="read all, write nothing")

    def handle(
        self,
        *_args: object,
        file: Path | None,
        channel: str,
        **options: Any,
    ) -> None:
        """Read, then compare; expected refusals become one sentence."""
        try:
            with connect(autocommit=True) as connection:
                if file is not None:
                    self._take(connection, file, options)
                is_clear = self._compare(connection, channel)
        except (
            FileRefusedError, MapRefusedError, PostgresRefusal, RemittanceRefusedError, OSError,
        ) as refusal:  # fmt: skip
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error
        if not is_clear:
            sys.exit(1)

    def _take(
        self, connection: psycopg.Connection[Any], file: Path, options: dict[str, Any]
    ) -> None:
        if options["map"] is None:
            raise CommandError("say what the columns mean: --map FILE")
        taken = take_remittances(
            connection, file=file, given=read_map(options["map"].read_bytes()),
            secret=vault.load(settings.HOME, "dedupe"), now=datetime.now(UTC),
            dry_run=options["dry_run"],
        )  # fmt: skip
        new = "dry run: nothing was written" if options["dry_run"] else f"{taken.new:,} new"
        self.stdout.write(
            f"{taken.lines:,} transfers, {decimal_text(taken.fen, 'CNY')} yuan; {new};"
            f" {taken.left_out:,} lines left out by the map"
        )

    def _compare(self, connection: psycopg.Connection[Any], channel: str) -> bool:
        found = batches(connection, channel=channel)
        for each in found:
            told = f" {decimal_text(each.missing, 'CNY')}" if each.missing else ""
            self.stdout.write(
                f"{day_text(each.day)}  {each.channel:12} {each.code:24}"
                f" {each.results.lines:>8,} {decimal_text(each.results.fen, 'CNY'):>16}"
                f" {decimal_text(each.money.fen, 'CNY'):>16}  {STATES[each.state]}{told}"
            )
        open_ = unsettled(found)
        self.stdout.write(f"{len(found):,} batches 批次, {len(open_):,} not matched 未对上")
        return not open_
