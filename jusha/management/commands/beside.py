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
    not_due,
    open_all,
    publish_days,
    published,
    read_folder,
    take_back_new,
    waits,
    without_files,
)
from jusha.giving.beside_settings import Beside, BesideRefusedError, read_beside
from jusha.giving.import_gifts import ImportRefusedError, Secrets
from jusha.giving.prepare_import import PreparationRefusedError
from jusha.inbox.connect import connect
from jusha.management.beside import asked, told
from jusha.payments.bills.records import FileRefusedError
from jusha.people import vault

MAPS: Final = settings.REPO_DIR / "maps"
POLL_SECONDS: Final = 0.2
SILENT: Final = "数据库没有回答 The database does not answer"
STOPPED: Final = 130
"""The exit code of what a person stopped with Ctrl-C."""


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
        except KeyboardInterrupt as stop:
            self.stdout.write(
                "\n已停止；再执行同一条命令就接着来，不漏也不重。"
                " Stopped: the same command goes on from here."
            )
            raise SystemExit(STOPPED) from stop
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
            raise CommandError(f"{SILENT}: {error}", returncode=2) from error

    # --- init

    def _init(self, file: Path, options: dict[str, Any]) -> None:
        given = dict(answer.partition("=")[::2] for answer in options["answer"])
        say = self.stdout.write
        try:
            beside, answered, paths = asked.init(
                file, given=given, defaults=options["yes"], maps=MAPS, say=say
            )
        except asked.LeftError as left:
            say(f"\n{left}")
            raise SystemExit(STOPPED) from left
        say(f"已写好 written: {', '.join(str(path) for path in paths)}")
        if not beside.settings.log:
            say(f"账本用试用的名字 the log has the name for trials: {settings.JUSHA_LOG_ORIGIN}")
        codes = [project.code for project in beside.settings.project]
        if answered not in codes:
            say(
                f"对照表自己写明了项目，用的是 {'、'.join(codes)}，不是 {answered}"
                f" the maps name their own projects, so these are used"
            )
        for project in beside.settings.project:
            if not project.name_zh:
                say(
                    f"项目 {project.code} 还没有名称，请在 {file.name} 的 name_zh 里写上"
                    f" the project {project.code} has no name yet: write its name_zh"
                )
        say("\n请建一个文件夹，里面建这些子文件夹。Make one folder with these subfolders in it:")
        for folder, kinds in asked.subfolders(beside).items():
            say(f"  {folder}/  {'、'.join(kinds)}")
        say("下一步 next: jusha beside 文件夹 FOLDER --dry-run")

    # --- the folder

    def _watch(self, file: Path, folder: Path, options: dict[str, Any]) -> None:
        beside = read_beside(file)
        if not folder.is_dir():
            raise CommandError(f"{folder} 不是文件夹 is no folder")
        if options["dry_run"]:
            read = read_folder(beside, folder, now=datetime.now(UTC))
            told.tell(self.stdout.write, read, [], folder)
            self.stdout.write(
                "下一步 next: jusha up，另开一个窗口 and in a second window:"
                " jusha beside 文件夹 FOLDER"
            )
            self.stdout.write("试读，什么都没有写入。Dry run: nothing was written.")
            return
        require_beside(settings.JUSHA_MODE)
        if options["once"]:
            read, settled = self._round(beside, folder, options["wait"])
            if not settled:
                raise CommandError(
                    "退款还在等结算。请看 jusha up 是否在运行，再执行一次。"
                    " Refunds wait for settlement: run this again when it runs."
                )
            if read.refused:
                raise CommandError(
                    "有文件没有采用，原因见上面。 Some files were not taken: see above."
                )
            return
        done = b""
        while True:
            seen = fingerprint(beside, folder, now=datetime.now(UTC))
            if seen != done:
                try:
                    _, settled = self._round(beside, folder, options["wait"])
                    done = seen if settled else b""
                except psycopg.OperationalError as error:
                    self.stderr.write(f"{SILENT}; 再试 trying again: {error}")
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
        say, hour = self.stdout.write, beside.settings.publish_hour
        if imported or sent or read.refused:
            told.tell(say, read, refunds, folder)
            told.tell_done(say, imported, sent, without_files(known, read))
        else:
            told.tell_unread(say, read)
        if not (imported or sent):
            told.tell_nothing_new(say, read, sorted(known))
        told.tell_not_due(say, not_due(read, now=now, publish_hour=hour), hour)
        return read, not waiting

    def _open(self, connection: psycopg.Connection[Any], beside: Beside, wait_seconds: int) -> None:
        """Open what is missing and wait until settlement has answered."""
        until = time.monotonic() + wait_seconds
        while any(step.state == "waiting" for step in open_all(connection, beside)):
            if time.monotonic() >= until:
                raise CommandError(
                    "结算还没有回答。请看 jusha up 是否在运行，再执行一次。"
                    " Settlement has not answered yet: run this again when it runs."
                )
            time.sleep(POLL_SECONDS)
