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

from jusha.config.modes import ModeRefusedError, beside_file, require_beside
from jusha.config.postgres import PostgresRefusal
from jusha.giving.accounts_table import TableTooLongError
from jusha.giving.beside import (
    Read,
    fingerprint,
    import_new,
    open_all,
    publish_days,
    published,
    read_folder,
    take_back_new,
    waits,
    without_files,
)
from jusha.giving.beside_init import QUESTIONS, Question, written, wrong
from jusha.giving.beside_settings import Beside, BesideRefusedError, read_beside
from jusha.giving.import_gifts import ImportRefusedError, Secrets
from jusha.giving.prepare_import import PreparationRefusedError
from jusha.inbox.connect import connect
from jusha.management.beside import told
from jusha.payments.bills.records import FileRefusedError
from jusha.people import vault

MAPS: Final = settings.REPO_DIR / "maps"
POLL_SECONDS: Final = 0.2


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
            ModeRefusedError,
            PostgresRefusal,
            PreparationRefusedError,
            TableTooLongError,
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
        answers: dict[str, str] = {}
        for question in QUESTIONS:
            answer = given.get(question.key, question.default if options["yes"] else None)
            answers[question.key] = self._answer(question, answer, answers)
        file.parent.mkdir(parents=True, exist_ok=True)
        for name, text in written(answers, maps=MAPS).items():
            target = file if name == "beside.toml" else file.parent / name
            if target.exists() and target.read_text("utf-8") != text:
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
        for each in beside.sources:
            self.stdout.write(f"  {each.source.files:24} {each.map_file.name}")
        self.stdout.write(
            "把账单放进这些子文件夹。Lay the bills in these subfolders of one folder."
        )
        self.stdout.write("下一步 next: jusha beside 文件夹 FOLDER --dry-run")

    def _answer(self, question: Question, given: str | None, before: dict[str, str]) -> str:
        """Take an answer that was given, or ask until one is good."""
        if given is not None:
            if complaint := wrong(question.key, given, before, maps=MAPS):
                raise CommandError(f"{question.key} = {given}: {complaint}")
            return given
        while True:
            self.stdout.write(f"\n{question.zh}\n{question.en}")
            answer = input(f"[{question.default}] ").strip() or question.default
            complaint = wrong(question.key, answer, before, maps=MAPS)
            if not complaint:
                return answer
            self.stdout.write(f"请重填 again: {complaint}")

    # --- the folder

    def _watch(self, file: Path, folder: Path, options: dict[str, Any]) -> None:
        beside = read_beside(file)
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder")
        if options["dry_run"]:
            read = read_folder(beside, folder, now=datetime.now(UTC))
            told.tell(self.stdout.write, read, [], folder)
            self.stdout.write("Dry run: nothing was written.")
            return
        require_beside(settings.JUSHA_MODE)
        if options["once"]:
            read, settled = self._round(beside, folder, options["wait"])
            if not settled:
                raise CommandError("Refunds wait for settlement: run this again when it runs.")
            if read.refused:
                raise CommandError("Some files were not taken: see above.")
            return
        done = b""
        while True:
            seen = fingerprint(beside, folder, now=datetime.now(UTC))
            if seen != done:
                try:
                    _, settled = self._round(beside, folder, options["wait"])
                    done = seen if settled else b""
                except psycopg.OperationalError as error:
                    self.stderr.write(f"The database does not answer, trying again: {error}")
            time.sleep(options["every"])

    def _round(self, beside: Beside, folder: Path, wait_seconds: int) -> tuple[Read, bool]:
        """One round: what was read, and whether settlement answered all that it must."""
        now = datetime.now(UTC)
        read = read_folder(beside, folder, now=now)
        secrets = Secrets(
            dedupe=vault.load(settings.HOME, "dedupe"), person=vault.load(settings.HOME, "person")
        )
        with connect(autocommit=True) as connection:
            self._open(connection, beside, wait_seconds)
            imported = import_new(connection, beside, read, secrets=secrets, now=now)
            until = time.monotonic() + wait_seconds
            refunds = take_back_new(connection, beside, read, secrets=secrets)
            while (waiting := waits(connection, refunds)) and time.monotonic() < until:
                time.sleep(POLL_SECONDS)
                refunds = take_back_new(connection, beside, read, secrets=secrets)
            known = published(connection, beside.settings.charity)
            sent = publish_days(connection, beside, read, now=now, refunds=refunds)
        if imported or sent or read.refused:
            told.tell(self.stdout.write, read, refunds, folder)
            told.tell_done(self.stdout.write, imported, sent, without_files(known, read))
        return read, not waiting

    def _open(self, connection: psycopg.Connection[Any], beside: Beside, wait_seconds: int) -> None:
        """Open what is missing and wait until settlement has answered."""
        until = time.monotonic() + wait_seconds
        while any(step.state == "waiting" for step in open_all(connection, beside)):
            if time.monotonic() >= until:
                raise CommandError("Settlement has not answered yet: run this again when it runs.")
            time.sleep(POLL_SECONDS)
