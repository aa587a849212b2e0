"""`jusha audit`: check books, deeds, caps, pools, totals, inbox and log against one another.

It only reads, in one snapshot, so it runs beside a working settlement, as the owner
or as the web role (JUSHA_DB_ROLE).
"""

import json
import sys
import time
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.config.marks import AUDIT, set_mark
from jusha.inbox.connect import connect
from jusha.ledger.findings import Finding
from jusha.management.audit import audit_database


class Command(BaseCommand):
    """One line a room, one line a finding; exit code 1 if anything is wrong."""

    help = "Check everything that is booked against the inbox, the ledger and the public log."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--log",
            type=Path,
            default=Path(settings.JUSHA_LOG_DIR) / "public",
            help="the public log's folder; skipped, and said so, where there is none",
        )
        parser.add_argument("--vkey", help="the log's key; default: this installation's own")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: object, **options: Any) -> None:
        """Audit; envelopes that wait for a person are told but are not wrong."""
        folder: Path | None = options["log"]
        if folder is not None and not folder.is_dir():
            self.stderr.write(f"no published log at {folder}: only the database is checked")
            folder = None
        began = time.monotonic()
        tell = None if options["json"] else self._tell
        try:
            with connect(autocommit=True) as connection:
                findings = audit_database(
                    connection, folder, log_key=options["vkey"], progress=tell
                )
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error
        except psycopg.errors.UndefinedTable as error:
            raise CommandError(f"The database has no schema yet: {error}", returncode=2) from error
        wrong = sum(finding.kind == "wrong" for finding in findings)
        waiting = len(findings) - wrong
        set_mark(Path(settings.HOME), AUDIT, wrong=wrong)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {"wrong": wrong, "waiting": waiting, "findings": list(map(asdict, findings))},
                    ensure_ascii=False,
                )
            )
        else:
            took = time.monotonic() - began
            self.stdout.write(f"{wrong} wrong, {waiting} waiting, in {took:.1f} s")
        if wrong:
            sys.exit(1)

    def _tell(self, room: str, findings: list[Finding]) -> None:
        self.stdout.write(f"{room:<12} {'in order' if not findings else ''}".rstrip())
        for finding in findings:
            mark = "?" if finding.kind == "waiting" else "!"
            self.stdout.write(f"  {mark} {finding}")
