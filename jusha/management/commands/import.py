"""`jusha import`: turn a file of gifts given elsewhere into deeds (docs/how-to-import-gifts.md)."""  # noqa: N999 - the command is called import

import csv
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.config.postgres import PostgresRefusal
from jusha.giving.gift_maps import GiftMap, MapRefusedError, read_map
from jusha.giving.gift_rows import REASONS
from jusha.giving.import_gifts import (
    ImportRefusedError,
    ImportReport,
    RejectedSink,
    Secrets,
    import_gifts,
)
from jusha.giving.prepare_import import (
    PreparationRefusedError,
    Step,
    prepare_import,
    progress,
)
from jusha.inbox.connect import connect
from jusha.money.assets import decimal_text
from jusha.payments.bills.records import FileRefusedError, Rejected
from jusha.people import vault

PROGRESS_SECONDS: Final = 2
POLL_SECONDS: Final = 0.2
SHOWN_REJECTED_MAX: Final = 20
"""So many rejected rows are shown where no file was named for them."""


class Command(BaseCommand):
    """`prepare` makes the places, `gifts` reads a file; a refusal is one sentence, exit code 1."""

    help = "Import gifts that were given elsewhere, from a file and a map of its columns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        gifts = actions.add_parser("gifts", help="append every gift of a file, each once")
        gifts.add_argument("file", type=Path, help="CSV, also packed with gzip")
        gifts.add_argument("--map", type=Path, required=True, help="what the columns mean (TOML)")
        gifts.add_argument("--dry-run", action="store_true", help="read all, write nothing")
        gifts.add_argument(
            "--again",
            action="store_true",
            help="read a finished file once more; ids that were seen change nothing",
        )
        gifts.add_argument(
            "--rejected", metavar="FILE", help="write rejected rows there as CSV; - for the screen"
        )
        prepare = actions.add_parser("prepare", help="make what the map's [open] names")
        prepare.add_argument("--map", type=Path, required=True)
        prepare.add_argument("--by", required=True, help="who answers for it")
        prepare.add_argument("--second", required=True, help="who else looked at it")
        prepare.add_argument(
            "--wait", type=int, default=15, metavar="SECONDS", help="for settlement (default 15)"
        )

    def handle(self, *_args: object, **options: Any) -> None:
        """Run one subcommand; expected refusals become one sentence."""
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "gifts": self._gifts,
            "prepare": self._prepare,
        }
        try:
            verbs[options["action"]](options)
        except (
            FileRefusedError,
            ImportRefusedError,
            MapRefusedError,
            PostgresRefusal,
            PreparationRefusedError,
            OSError,
        ) as refusal:
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error

    def _gifts(self, options: dict[str, Any]) -> None:
        secrets = Secrets(
            dedupe=vault.load(settings.HOME, "dedupe"), person=vault.load(settings.HOME, "person")
        )
        began = time.monotonic()
        with (
            connect(autocommit=True) as connection,
            self._rejected_sink(options["rejected"]) as on_rejected,
        ):
            report = import_gifts(
                connection,
                file=options["file"],
                map_file=options["map"],
                secrets=secrets,
                now=datetime.now(UTC),
                dry_run=options["dry_run"],
                again=options["again"],
                on_rejected=on_rejected,
                on_progress=self._progress_sink(),
            )
        self._tell(report, time.monotonic() - began, options["rejected"])

    @contextmanager
    def _rejected_sink(self, target: str | None) -> Iterator[RejectedSink]:
        """Write rejected rows where the person wants them: line, reason, what was found."""
        if target in {None, "-"}:
            limit = None if target else SHOWN_REJECTED_MAX
            yield _row_writer(csv.writer(self.stdout, lineterminator="\n"), limit)
            return
        with Path(str(target)).open("w", encoding="utf-8", newline="") as opened:
            yield _row_writer(csv.writer(opened), None)

    def _progress_sink(self) -> Callable[[ImportReport], None]:
        """Say how far it is, every two seconds at most."""
        said = time.monotonic()

        def say(report: ImportReport) -> None:
            nonlocal said
            if time.monotonic() - said >= PROGRESS_SECONDS:
                said = time.monotonic()
                self.stderr.write(
                    f"  {report.records:,} rows read, {report.appended:,} gifts appended"
                )

        return say

    def _tell(self, report: ImportReport, seconds: float, rejected_to: str | None) -> None:
        head = {
            "dry-run": "Dry run: nothing was written.",
            "imported": f"Imported in {seconds:.1f} s.",
            "already-imported": "Already imported, with this very map: nothing was done.",
        }[report.state]
        rejected = sum(report.rejected.values())
        lines = [head, f"  file SHA-256    {report.file_sha256}"]
        lines += [f"  map SHA-256     {report.map_sha256}"]
        lines += [f"  rows read       {report.records:,}"]
        lines += [f"  gifts           {report.gifts:,}"]
        lines += [f"  sum             {decimal_text(report.fen, 'CNY')} yuan ({report.fen:,} fen)"]
        lines += [f"  left out        {report.left_out:,} (by the map's keep and drop)"]
        if report.refunds:
            lines += [f"  refunds         {report.refunds:,} (`jusha beside` takes gifts back)"]
        lines += [f"  rejected        {rejected:,}"]
        lines += [
            f"    {count:,} x {reason}: {REASONS[reason]}"
            for reason, count in sorted(report.rejected.items())
        ]
        if report.state == "imported":
            if report.went_on_from:
                lines += [f"  went on after   row {report.went_on_from:,} of an earlier run"]
            lines += [f"  appended now    {report.appended:,}"]
        if report.repeats:
            lines += [f"  WARNING: {report.repeats:,} gifts have an id that stood in the file"]
            lines += ["  before. Settlement takes the first of each; one with another text"]
            lines += ["  becomes a case. Does [id] name the right columns?"]
        if report.not_ready:
            lines += [f"  NOT READY: {report.not_ready}"]
        if rejected > SHOWN_REJECTED_MAX and not rejected_to:
            lines += [f"  The first {SHOWN_REJECTED_MAX} rejected rows are above; --rejected FILE"]
            lines += ["  writes all."]
        lines += ["  by Shanghai day:"]
        lines += [
            f"    {day}  {gifts:>9,}  {decimal_text(fen, 'CNY'):>18}"
            for day, (gifts, fen) in report.days.items()
        ]
        self.stdout.write("\n".join(lines))

    def _prepare(self, options: dict[str, Any]) -> None:
        given = read_map(options["map"].read_bytes())
        with connect(autocommit=True) as connection:
            prepare_import(connection, given=given, by=options["by"], second=options["second"])
            steps = self._await(connection, given, options["wait"])
        for step in steps:
            self.stdout.write(
                f"  {step.state:8} {step.kind:14} {step.code}  {step.detail}".rstrip()
            )
        if any(step.state == "refused" for step in steps):
            raise CommandError("Settlement refused something: see above.")
        if any(step.state == "waiting" for step in steps):
            raise CommandError("Settlement has not answered yet: run this again when it runs.")
        self.stdout.write("All is there.")

    def _await(
        self, connection: psycopg.Connection[Any], given: GiftMap, wait_seconds: int
    ) -> list[Step]:
        """Look until settlement has answered everything, or the time is over."""
        until = time.monotonic() + wait_seconds
        while True:
            steps = progress(connection, given=given)
            waiting = any(step.state == "waiting" for step in steps)
            if not waiting or time.monotonic() >= until:
                return steps
            time.sleep(POLL_SECONDS)


def _row_writer(writer: Any, limit: int | None) -> RejectedSink:
    """Write rejected rows under a header, as many as asked for."""
    count = 0

    def write(rejected: Rejected) -> None:
        nonlocal count
        if count == 0:
            writer.writerow(("line", "reason", "found"))
        if limit is None or count < limit:
            writer.writerow(rejected)
        count += 1

    return write
