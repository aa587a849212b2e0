"""`jusha transfers`: read a bank's statement, or list what of the statements is held.

docs/how-to-files.md says how; the reading itself is that of `jusha import gifts`.
"""

from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.config.postgres import PostgresRefusal
from jusha.giving.gift_maps import GiftMap, MapRefusedError, read_map
from jusha.giving.gift_rows import REASONS
from jusha.giving.import_gifts import ImportRefusedError, Secrets, check_open, import_gifts
from jusha.giving.transfers import GIFT, LEFT, REPEAT, foretell, held_lines
from jusha.inbox.connect import connect
from jusha.money.assets import decimal_text
from jusha.money.clock import day_text, local_day
from jusha.payments.bills.records import FileRefusedError, Rejected
from jusha.people import vault
from jusha.web.words import REASONS as WORDS

LISTED_MAX: Final = 1_000
SHOWN_MAX: Final = 200
WORDS_OF: Final = {
    GIFT: "成为捐赠 becomes a gift of its order",
    REPEAT: "已经读过 was read before: nothing happens",
    LEFT: "没有附言，不读入 names no order: left to the account's owner",
    "same-id-other-body": "同一流水号内容不同 the bank's number was seen with other facts: a case",
}
READ: Final = {
    "none": "没有附言 no reference",
    "mistyped": "附言写错了 the reference does not check",
    "several": "附言里有几个订单 several references",
}


class Command(BaseCommand):
    """Exit code 0: read, or nothing is held; 1: refused, or (listing) money is held."""

    help = "read a bank's statement of transfers, or list the transfers that are held"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, nargs="?", help="CSV, .xlsx, or CSV in gzip")
        parser.add_argument("--map", type=Path, help="what the columns mean (TOML)")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen")
        parser.add_argument("--again", action="store_true", help="read a finished file once more")

    def handle(self, *_args: object, file: Path | None, **options: Any) -> None:
        """Read or list; expected refusals become one sentence."""
        try:
            with connect(autocommit=True) as connection:
                if file is None:
                    self._list(connection)
                    return
                given = self._map(options["map"])
                secrets = Secrets(
                    dedupe=vault.load(settings.HOME, "dedupe"),
                    person=vault.load(settings.HOME, "person"),
                )
                if options["dry_run"]:
                    self._foretell(connection, file, given, secrets)
                else:
                    self._read(connection, file, options, secrets)
        except (
            FileRefusedError, ImportRefusedError, MapRefusedError, PostgresRefusal, OSError,
        ) as refusal:  # fmt: skip
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error

    def _map(self, path: Path | None) -> GiftMap:
        if path is None:
            raise CommandError("say what the columns mean: --map FILE")
        given = read_map(path.read_bytes())
        if given.kind != "transfers":
            raise CommandError(f"the map's kind is {given.kind!r}; a statement's is 'transfers'")
        return given

    def _list(self, connection: psycopg.Connection[Any]) -> None:
        held = held_lines(connection, None, limit=LISTED_MAX)
        for each in held:
            self.stdout.write(
                f"{day_text(local_day(int(each.at.timestamp())))}  {each.channel:10}"
                f" {_yuan(each.left):>14}  {each.charity or '-':20} entry {each.number}"
                f"  {_why(each.reason, each.read)}"
            )
        if held:
            raise CommandError(f"{len(held)} held 待核: decide at the desk, or refund them")
        self.stdout.write("nothing is held 没有待核的款项")

    def _foretell(
        self, connection: psycopg.Connection[Any], file: Path, given: GiftMap, secrets: Secrets
    ) -> None:
        counts: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        now = datetime.now(UTC)
        for each in foretell(connection, file=file, given=given, secrets=secrets, now=now):
            told = WORDS_OF.get(each.outcome) or f"待核 held: {_why(each.outcome, each.read)}"
            counts[told] += 1
            sums[told] += each.amount
            if each.outcome != GIFT and counts[told] <= SHOWN_MAX:
                about = f"order {each.order_no}" if each.order_no else f"reference {each.read}"
                self.stdout.write(
                    f"  line {each.line}  {_yuan(each.amount):>14}  {each.outcome}  {about}"
                )
        self.stdout.write("试读，什么都没有写入 Dry run: nothing was written.")
        for told, count in sorted(counts.items()):
            self.stdout.write(f"  {count:>7,}  {_yuan(sums[told]):>16}  {told}")
        check_open(connection, given)

    def _read(
        self,
        connection: psycopg.Connection[Any],
        file: Path,
        options: dict[str, Any],
        secrets: Secrets,
    ) -> None:
        def say(rejected: Rejected) -> None:
            self.stdout.write(f"  line {rejected.line}  {rejected.reason}  {rejected.detail}")

        report = import_gifts(
            connection, file=file, map_file=options["map"], secrets=secrets,
            now=datetime.now(UTC), again=options["again"], on_rejected=say,
        )  # fmt: skip
        if report.state == "already-imported":
            self.stdout.write("已经读过 Already read, with this very map: nothing was done.")
        self.stdout.write(f"  lines read        {report.records:,}")
        self.stdout.write(f"  left out          {report.left_out:,} (by the map's keep and drop)")
        self.stdout.write(f"  handed in         {report.gifts:,}, {_yuan(report.fen)} yuan")
        for read, count in sorted(report.references.items()):
            self.stdout.write(f"    {count:>9,}  reference {read}")
        for reason, count in sorted(report.rejected.items()):
            self.stdout.write(f"  not taken         {count:,} x {reason}: {REASONS[reason]}")
        self.stdout.write("Settlement books them now. `jusha transfers` lists what is held.")


def _yuan(fen: int) -> str:
    return decimal_text(fen, "CNY")


def _why(reason: str, read: str) -> str:
    """Why a line is held: what its reference was says more than that no project was found."""
    return READ.get(read) or f"{WORDS.get(reason, '')} {reason}".strip()
