"""`jusha beside`: watch a folder of bills and lists, and publish them (docs/how-to-beside.md)."""

import os
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jusha.config.modes import beside_file
from jusha.config.postgres import PostgresRefusal
from jusha.giving.accounts_table import PairSeen, SourceSeen
from jusha.giving.beside import Read, fingerprint, import_new, open_all, publish_days, read_folder
from jusha.giving.beside_init import QUESTIONS, written
from jusha.giving.beside_settings import Beside, BesideRefusedError, read_beside
from jusha.giving.import_gifts import ImportRefusedError, Secrets
from jusha.giving.prepare_import import PreparationRefusedError
from jusha.giving.reconcile import CAUSES, CLASSES
from jusha.inbox.connect import connect
from jusha.money.clock import day_text
from jusha.payments.bills.records import FileRefusedError
from jusha.people import vault

MAPS: Final = settings.REPO_DIR / "maps"
POLL_SECONDS: Final = 0.2
SHOWN_MAX: Final = 20


class Command(BaseCommand):
    """`init` asks and writes the settings; anything else is the folder to watch."""

    help = "Publish a charity's bills and lists beside whatever platform it uses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("folder", help="the folder to watch; or `init` to write the settings")
        parser.add_argument("--settings-file", type=Path, help="default: beside.toml in the home")
        parser.add_argument("--once", action="store_true", help="one round, then end")
        parser.add_argument("--dry-run", action="store_true", help="read and tell, write nothing")
        parser.add_argument("--every", type=int, default=60, metavar="SECONDS")
        parser.add_argument(
            "--wait", type=int, default=30, metavar="SECONDS", help="for settlement"
        )
        parser.add_argument("--yes", action="store_true", help="init: take every default")
        parser.add_argument(
            "--answer", action="append", default=[], metavar="KEY=VALUE", help="init: one answer"
        )

    def handle(self, *_args: object, **options: Any) -> None:
        """Do it; expected refusals become one sentence."""
        file = options["settings_file"] or beside_file(os.environ, home=settings.HOME)
        try:
            if options["folder"] == "init":
                self._init(file, options)
            else:
                self._watch(file, Path(options["folder"]), options)
        except (
            BesideRefusedError,
            FileRefusedError,
            ImportRefusedError,
            PostgresRefusal,
            PreparationRefusedError,
            OSError,
        ) as refusal:
            raise CommandError(str(refusal)) from refusal
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}", returncode=2) from error

    # --- init

    def _init(self, file: Path, options: dict[str, Any]) -> None:
        if file.exists():
            raise CommandError(
                f"{file} is there already: change it with an editor, or move it away"
            )
        given = dict(answer.partition("=")[::2] for answer in options["answer"])
        keys = [question.key for question in QUESTIONS]
        if lost := [key for key in given if key not in keys]:
            raise CommandError(f"--answer knows no {lost[0]}; it knows: {', '.join(keys)}")
        answers = {
            question.key: given[question.key]
            if question.key in given
            else (question.default if options["yes"] else self._ask(*question[1:]))
            for question in QUESTIONS
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        for name, text in written(answers, maps=MAPS).items():
            target = file if name == "beside.toml" else file.parent / name
            if target.exists():
                raise CommandError(f"{target} is there already: it is left as it is")
            target.write_text(text, "utf-8")
        try:
            beside = read_beside(file)
        except BesideRefusedError as refusal:
            file.rename(file.with_suffix(".refused"))
            raise CommandError(
                f"{refusal}. What was written is in {file.with_suffix('.refused')}"
            ) from refusal
        self.stdout.write(f"已写好 written: {file}")
        for told in beside.sources:
            self.stdout.write(f"  {told.source.files:24} {told.map_file.name}")
        self.stdout.write("下一步 next: jusha beside 文件夹 FOLDER --dry-run")

    def _ask(self, zh: str, en: str, default: str) -> str:
        self.stdout.write(f"\n{zh}\n{en}")
        return input(f"[{default}] ").strip() or default

    # --- the folder

    def _watch(self, file: Path, folder: Path, options: dict[str, Any]) -> None:
        beside = read_beside(file)
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder")
        if options["dry_run"]:
            read = read_folder(beside, folder, now=datetime.now(UTC))
            self._tell(read)
            self.stdout.write("Dry run: nothing was written.")
            return
        if options["once"]:
            if self._round(beside, folder, options["wait"]):
                raise CommandError("Some files were not taken: see above.")
            return
        done = b""
        while True:
            seen = fingerprint(beside, folder, now=datetime.now(UTC))
            if seen != done:
                try:
                    self._round(beside, folder, options["wait"])
                    done = seen
                except psycopg.OperationalError as error:
                    self.stderr.write(f"The database does not answer, trying again: {error}")
            time.sleep(options["every"])

    def _round(self, beside: Beside, folder: Path, wait_seconds: int) -> bool:
        """One round; say whether a file was refused."""
        now = datetime.now(UTC)
        read = read_folder(beside, folder, now=now)
        secrets = Secrets(
            dedupe=vault.load(settings.HOME, "dedupe"), person=vault.load(settings.HOME, "person")
        )
        with connect(autocommit=True) as connection:
            self._open(connection, beside, wait_seconds)
            imported = import_new(connection, beside, read, secrets=secrets, now=now)
            sent = publish_days(connection, beside, read, now=now)
        if imported or sent or read.refused:
            self._tell(read)
        for name, gifts in imported.items():
            self.stdout.write(f"  imported  {name}: {gifts:,} gifts")
        for day, corrected in sent.items():
            word = f"corrects {corrected[:16]}…" if corrected else "first"
            self.stdout.write(f"  published {day} ({word})")
        return bool(read.refused)

    def _open(self, connection: psycopg.Connection[Any], beside: Beside, wait_seconds: int) -> None:
        """Open what is missing and wait until settlement has answered."""
        until = time.monotonic() + wait_seconds
        while any(step.state == "waiting" for step in open_all(connection, beside)):
            if time.monotonic() >= until:
                raise CommandError("Settlement has not answered yet: run this again when it runs.")
            time.sleep(POLL_SECONDS)

    def _tell(self, read: Read) -> None:
        for source in read.sources:
            self._tell_source(source)
        for pair in read.pairs:
            self._tell_pair(pair)
        if read.replaced:
            self.stdout.write(
                f"{read.replaced:,} lines stand in a newer file too: the newer counts"
            )
        for name, (digest, lines) in read.goods.items():
            self.stdout.write(f"goods {name}: {lines:,} lines, {digest[:16]}…, not yet tracked")
        for name, why in read.refused.items():
            self.stdout.write(f"NOT TAKEN {name}: {why}")
        for name in read.waiting:
            self.stdout.write(f"waiting {name}: it may still be on its way")

    def _tell_source(self, source: SourceSeen) -> None:
        lines = sum(lines for lines, _ in source.days.values())
        total = sum(total for _, total in source.days.values())
        self.stdout.write(f"{source.name}: {len(source.files)} files")
        self.stdout.write(f"  lines {lines:,}, sum {total:,} ({source.currency}, smallest unit)")
        for file in source.files:
            said = [
                f"read {file.read:,}",
                f"gifts {file.gifts:,}",
                f"left out {file.left_out:,}",
            ]
            said += [f"{reason} {count:,}" for reason, count in file.rejected.items()]
            if file.steps:
                said.append(f"balance steps {file.steps:,}, breaks {len(file.breaks):,}")
            self.stdout.write(f"  {file.sha256[:16]}… {', '.join(said)}")
            for before, line, missing in file.breaks[:SHOWN_MAX]:
                self.stdout.write(f"    between line {before:,} and {line:,}: {missing:,} missing")

    def _tell_pair(self, pair: PairSeen) -> None:
        self.stdout.write(f"{pair.here.name} beside {pair.there.name}:")
        for day, classes in pair.found.days.items():
            said = [f"{CLASSES[kind]} {tally.lines:,}" for kind, tally in sorted(classes.items())]
            self.stdout.write(f"  {day_text(day)}  {', '.join(said)}")
        causes = [CAUSES[d.cause] or "no cause shown" for d in pair.found.differences]
        for cause in sorted(set(causes)):
            self.stdout.write(f"  {causes.count(cause):,} x {cause}")
