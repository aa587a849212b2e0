"""`jusha rule`: check, publish, list and show rule documents, and seal a surprise.

Checking needs no database: a charity or sponsor can write a rule and read what it says
before anybody runs anything.
"""

import secrets
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.timezone import localdate

from jusha.config.postgres import PostgresRefusal
from jusha.inbox.connect import connect
from jusha.inbox.instruct import NoOutcomeError, Outcome, instruct
from jusha.matching import queries as matching
from jusha.matching.block_list import SponsorRefusedError, check_instruction
from jusha.matching.document import DocumentRefusedError, read_document, write_document
from jusha.matching.rules import RuleTerms, document, terms_hash
from jusha.merkle.commitment import canonical_json
from jusha.merkle.encoding import encode64
from jusha.money.clock import minute_seconds
from jusha.settlement.secrets import installed
from jusha.web.rule_words import local_minute, rule_lines, rule_title

SALT_BYTES: Final = 16
"""Nobody can try all times of a campaign against a hash that hides this."""
LANGUAGES: Final = ("zh-hans", "en")


class Command(BaseCommand):
    """One subcommand a verb; a refusal is one sentence and exit code 1, no database 2."""

    help = "Check, publish, list and show rules; seal a surprise."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="say what a rule file means, or what is wrong")
        check.add_argument("file", type=Path, metavar="FILE.toml")
        publish = actions.add_parser("publish", help="publish a rule file as a new version")
        publish.add_argument("file", type=Path, metavar="FILE.toml")
        publish.add_argument(
            "--code", required=True, help="the rule's code: R1 is followed by R1.1"
        )
        publish.add_argument("--pool", required=True, help="the pool that pays for it")
        publish.add_argument(
            "--from", required=True, dest="from_", metavar="MINUTE", help="UTC: 2026-09-09T01:00Z"
        )
        publish.add_argument("--by", required=True, help="who answers for it")
        publish.add_argument("--second", required=True, help="who else looked at it")
        actions.add_parser("list", help="all rule versions that were published")
        show = actions.add_parser("show", help="one version: sentences, document, hash")
        show.add_argument("name", metavar="R1.2")
        surprise = actions.add_parser(
            "surprise", help="seal secret times; prints the hash for window.surprise"
        )
        surprise.add_argument("--from", required=True, dest="from_", metavar="MINUTE", help="UTC")
        surprise.add_argument("--to", required=True, metavar="MINUTE", help="UTC; not included")

    def handle(self, *_args: object, **options: Any) -> None:
        """Run one subcommand; expected refusals become one sentence."""
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "check": self._check,
            "publish": self._publish,
            "list": self._list,
            "show": self._show,
            "surprise": self._surprise,
        }
        try:
            verbs[options["action"]](options)
        except DocumentRefusedError as refusal:
            raise CommandError(f"{options['file']}: {refusal}") from refusal
        except (PostgresRefusal, OSError, UnicodeDecodeError) as refusal:
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error

    def _check(self, options: dict[str, Any]) -> None:
        terms = read_document(options["file"].read_text("utf-8"))
        self._say(terms)
        self.stdout.write(f"SHA-256  {terms_hash(terms)}")

    def _publish(self, options: dict[str, Any]) -> None:
        terms = read_document(options["file"].read_text("utf-8"))
        minute_of(options["from_"])
        self._say(terms)
        body = {"code": options["code"], "pool": options["pool"], "from": options["from_"]}
        try:
            check_instruction("publish-rule", body, on=localdate())
        except SponsorRefusedError as refusal:
            raise CommandError(str(refusal)) from refusal
        try:
            with connect(autocommit=True) as connection:
                outcome = instruct(
                    connection,
                    "publish-rule",
                    body | {"terms": document(terms)},
                    by=options["by"],
                    second=options["second"],
                )
        except NoOutcomeError as error:
            raise CommandError(
                "Settlement has not answered yet; the rule is in the inbox and will be decided."
                " `jusha rule list` shows it when it is published.",
                returncode=2,
            ) from error
        if outcome.code != "done":
            raise CommandError(f"Not published: {refusal_text(outcome)}")
        name = matching.name_at(outcome.number)
        self.stdout.write(f"Published as {name}, entry {outcome.number} of the log.")
        self.stdout.write(f"SHA-256  {terms_hash(terms)}")

    def _list(self, _options: dict[str, Any]) -> None:
        found = matching.versions()
        for each in found:
            kind = document(each.terms)["gives"]["kind"]
            self.stdout.write(
                f"{each.name:<10} from {each.from_at:%Y-%m-%dT%H:%MZ}  pool {each.pool_code:<12}"
                f" {kind:<12} {each.terms.decided:<8} entry {each.number}"
            )
        if not found:
            self.stdout.write("No rule was published yet.")

    def _show(self, options: dict[str, Any]) -> None:
        found = matching.version(options["name"])
        if found is None:
            raise CommandError(f"There is no rule {options['name']}; `jusha rule list` has all.")
        self.stdout.write(
            f"{found.name}, pool {found.pool_code} of {found.sponsor}, entry {found.number},"
            f" acts from {found.from_at:%Y-%m-%dT%H:%MZ}"
        )
        self._say(found.terms)
        self.stdout.write(write_document(found.terms))

    def _surprise(self, options: dict[str, Any]) -> None:
        start, end = minute_of(options["from_"]), minute_of(options["to"])
        if start >= end:
            raise CommandError("A surprise ends after it begins.")
        salt = encode64(secrets.token_bytes(SALT_BYTES))
        times = {"from": options["from_"], "salt": salt, "to": options["to"]}
        digest = installed().keep(canonical_json(times))
        begins, ends = local_minute(options["from_"]), local_minute(options["to"])
        self.stdout.write(f"Sealed: {begins} to {ends}, Beijing time.")
        self.stdout.write("Put this into the rule; it says nothing of the times:")
        self.stdout.write(f'  surprise = "{encode64(digest)}"')

    def _say(self, terms: RuleTerms) -> None:
        for language in LANGUAGES:
            with translation.override(language):
                title = rule_title(terms)
                self.stdout.write(f"[{language}] {title}".rstrip())
                for line in rule_lines(terms):
                    self.stdout.write(f"  {line.heading}: {line.sentence}")


def minute_of(text: str) -> int:
    """Read a UTC minute in Unix seconds. Raises CommandError."""
    try:
        return minute_seconds(text)
    except ValueError as error:
        raise CommandError(f"{text} is not a UTC minute such as 2026-09-09T01:00Z") from error


def refusal_text(outcome: Outcome) -> str:
    """A refusal with all that settlement said of it."""
    detail = ", ".join(f"{key}: {value}" for key, value in outcome.detail.items())
    return f"{outcome.code} ({detail})" if detail else outcome.code
