"""`jusha explain NUMBER`: why a gift was matched with so much, or not, in full."""

from argparse import ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db.utils import OperationalError
from django.utils import translation

from jusha.settlement.explain import Explanation, NoGiftError, explain
from jusha.web.derivation import Row, Told, after, differs, nothing, told
from jusha.web.words import money

LANGUAGES = {"zh": "zh-hans", "en": "en"}


class Command(BaseCommand):
    """One sentence a rule, its arithmetic below; exit code 1 for no gift, 2 for no database."""

    help = "Say why a gift was matched with so much, or not, rule by rule and bound by bound."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("number", type=int, help="the gift's entry in the log")
        parser.add_argument("--lang", choices=sorted(LANGUAGES), default="zh")

    def handle(self, *_args: object, number: int, lang: str, **_options: Any) -> None:
        """Explain one gift."""
        try:
            with translation.override(LANGUAGES[lang]):
                self._tell(explain(number))
        except NoGiftError as refusal:
            raise CommandError(f"There is no gift to explain: {refusal}.") from refusal
        except (OperationalError, psycopg.OperationalError) as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error

    def _tell(self, found: Explanation) -> None:
        self.stdout.write(
            f"{found.number}  {found.at}  {money(found.amount, found.asset)}"
            f"  {found.project}  + {money(found.matched)}"
        )
        if not found.verdicts:
            self.stdout.write(f"  {nothing()}")
        for each in told(found):
            self._tell_rule(each)
        for line in after(found):
            self.stdout.write(f"  {line}")

    def _tell_rule(self, each: Told) -> None:
        title = f" {each.title}" if each.title else ""
        self.stdout.write(f"{each.rule.name}{title}: {each.why}")
        self.stdout.write(f"    {each.sentence}")
        for step in each.steps:
            self.stdout.write(f"    {step}")
        for row in each.rows:
            self.stdout.write(f"  {'>' if row.decided else ' '} {row_text(row)}")
        for step in each.shares:
            self.stdout.write(f"    {step}")
        if not each.agrees:
            self.stdout.write(f"  ! {differs()}")


def row_text(row: Row) -> str:
    """A bound on one line."""
    allowed = money(row.allowed) if row.allowed is not None else "?"
    return f"{row.name} {allowed}" + (f" ({row.how})" if row.how else "")
