"""`jusha instruct KIND name=value ... --by A [--second B]`: decide something through the inbox.

The console's verbs in one command, for operators: freeze and thaw a project, refund, take
matches back, begin a pool's notice, close it, release it, record a sponsor's payment.
"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localdate

from jusha.inbox.connect import connect
from jusha.inbox.instruct import NoOutcomeError, instruct
from jusha.matching.block_list import SponsorRefusedError, check_instruction
from jusha.settlement.instructions import HANDLERS


class Command(BaseCommand):
    """Exit code 0: done; 1: refused, and the outcome says why; 2: no outcome yet."""

    help = "Append one instruction to the inbox and tell what settlement made of it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("kind", nargs="?", help="what to do; left out: list what there is")
        parser.add_argument("values", nargs="*", metavar="name=value", help="numbers, words, JSON")
        parser.add_argument("--by", default="", help="who decides")
        parser.add_argument("--second", default="", help="the second person, where two are needed")

    def handle(
        self,
        *_args: object,
        kind: str | None,
        values: list[str],
        by: str,
        second: str,
        **_options: Any,
    ) -> None:
        """Append, wait, tell."""
        if kind is None:
            for name, handler in HANDLERS.items():
                self.stdout.write(f"{name:16s} {(handler.__doc__ or '').splitlines()[0]}")
            return
        if kind not in HANDLERS:
            raise CommandError(f"there is no instruction {kind}; `jusha instruct` lists them")
        if not by:
            raise CommandError("say who decides: --by NAME")
        body = dict(read_value(value) for value in values)
        try:
            check_instruction(kind, body, on=localdate())
        except SponsorRefusedError as refusal:
            raise CommandError(str(refusal)) from refusal
        try:
            with connect(autocommit=True) as connection:
                outcome = instruct(connection, kind, body, by=by, second=second)
        except psycopg.OperationalError as error:
            raise CommandError(f"the database does not answer: {error}", returncode=2) from error
        except NoOutcomeError as error:
            raise CommandError(
                "settlement has not answered in 30 seconds. The instruction is safe in the inbox"
                " and will be obeyed once settlement runs: do not send it again.",
                returncode=2,
            ) from error
        if outcome.code == "done":
            at = f"entry {outcome.number}" if outcome.number else "nothing was left to do"
            self.stdout.write(f"done 已执行: {at}")
            return
        detail = " ".join(f"{name}={value}" for name, value in outcome.detail.items())
        self.stdout.write(f"refused 未执行: {outcome.code} {detail}".rstrip())
        self.stdout.write("nothing was changed 未改动任何数据")
        sys.exit(1)


def read_value(text: str) -> tuple[str, Any]:
    """Read `name=value`; a value that is JSON is read as such. Raises CommandError."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CommandError(f"{text} is not name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
