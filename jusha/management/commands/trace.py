"""`jusha trace NAME`: what happened to one deed from the door to the leaf, step by step."""

from argparse import ArgumentParser
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.inbox.connect import connect
from jusha.management.otlp import otlp, took
from jusha.management.trace import NothingToTraceError, Trace, trace


class Command(BaseCommand):
    """One line a step; exit code 1 for nothing to trace, 2 for no database."""

    help = "Tell when one deed was received, committed, settled and published."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "name", help="a deed's number, an order's number, or channel:external-id"
        )
        parser.add_argument("--otlp", type=Path, metavar="FILE", help="write it as OTLP/JSON too")

    def handle(self, *_args: object, name: str, **options: Any) -> None:
        """Trace one deed."""
        try:
            with connect(autocommit=True) as connection:
                found = trace(connection, Path(settings.HOME), name)
        except NothingToTraceError as refusal:
            raise CommandError(f"There is nothing to trace: {refusal}.") from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error
        self._tell(found)
        if options["otlp"] is not None:
            options["otlp"].write_text(otlp(found), encoding="utf-8")
            self.stdout.write(f"written to {options['otlp']}, trace {found.key.hex()}")

    def _tell(self, found: Trace) -> None:
        self.stdout.write(found.title)
        before = None
        for step in found.steps:
            at = step.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            later = f"+{took(before, step)}" if before is not None else ""
            self.stdout.write(f"  {step.name:<10}{at}  {later:>11}  {step.where}")
            before = step
        if found.waits:
            self.stdout.write(f"  {found.waits}")
