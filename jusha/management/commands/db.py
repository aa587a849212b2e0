"""`jusha db`: start, stop, look at, back up, restore and recover the embedded PostgreSQL.

Works while the database is down, so it runs none of Django's checks. With DATABASE_URL set, the
server is somebody else's: `start` only makes the roles there, `status` and `url` tell, the rest
refuses.
"""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from jusha.config.postgres import (
    DATABASE,
    ROLES,
    Backup,
    Cluster,
    PostgresRefusal,
    archive_folder,
    backup,
    database_url,
    default_home,
    external_url,
    prepare,
    read_backup,
    read_moment,
    recover,
    restore,
    server_version,
)
from jusha.config.postgres.archive import prune
from jusha.config.postgres.backup import first_segment
from jusha.management.erasures import NotErasedAgainError, erase_again_in, tell

ASK_SECONDS = 5
SUPERUSER = "superuser"
"""Sees and ends what any role does; of the embedded server only."""
NOT_RUNNING_CODE = 3  # what init scripts answer for "not running"


class Command(BaseCommand):
    """One subcommand a verb; a refusal is one sentence and exit code 1, `status` answers 0 or 3."""

    help = "Start, stop, look at, back up, restore and recover the embedded PostgreSQL."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("start", help="start it, and make roles and database where missing")
        stop = actions.add_parser("stop", help="shut down cleanly, ending open sessions")
        stop.add_argument("--wait", action="store_true", help="wait until clients have left")
        actions.add_parser("status", help="whether it answers; exit code 0 if so, else 3")
        save = actions.add_parser("backup", help="copy the whole cluster to a new folder, verified")
        save.add_argument("folder", type=Path)
        back = actions.add_parser(
            "restore",
            help="put a backup in place of the data, start and verify it; the public log and its"
            " signed checkpoint live outside PostgreSQL on purpose and are not touched",
        )
        back.add_argument("folder", type=Path)
        back.add_argument("--force", action="store_true", help="move existing data aside first")
        ask = actions.add_parser("ask", help="put one SQL statement and print the rows it gives")
        ask.add_argument("statement")
        ask.add_argument("--role", choices=[*sorted(ROLES), SUPERUSER], default="web")
        self._add_recovery(actions)
        actions.add_parser(
            "erase-again",
            help="carry out the erasure list on a database that another tool restored",
        )
        url = actions.add_parser("url", help="print the URL a role connects with, password inside")
        url.add_argument("--role", choices=sorted(ROLES), default="owner")

    def _add_recovery(self, actions: Any) -> None:
        recover = actions.add_parser(
            "recover",
            help="put a backup in place of the data and replay the archived log behind it",
        )
        recover.add_argument("folder", type=Path, help="a backup made before that moment")
        recover.add_argument(
            "--archive",
            type=Path,
            default=archive_folder(),
            help="the archive's folder; default JUSHA_ARCHIVE",
        )
        recover.add_argument(
            "--to",
            required=True,
            metavar="TIME|latest",
            help="2026-11-23T06:30:00Z, or latest for all that the archive holds",
        )
        recover.add_argument("--force", action="store_true", help="move existing data aside first")
        prune = actions.add_parser(
            "prune", help="delete from the archive what a backup no longer needs"
        )
        prune.add_argument("folder", type=Path, help="the oldest backup that is to be kept")
        rehearse = actions.add_parser(
            "rehearse", help="lose a scratch installation under load and recover it"
        )
        rehearse.add_argument("--seconds", type=float, default=90.0, help="how long gifts arrive")
        rehearse.add_argument("--rate", type=int, default=500, help="gifts a second")
        rehearse.add_argument(
            "--stream",
            choices=["1", "wait"],
            default="wait",
            help="JUSHA_ARCHIVE_STREAM of the scratch installation",
        )
        rehearse.add_argument("--keep", action="store_true", help="keep what was made, to look at")

    def handle(self, *_args: object, **options: Any) -> None:
        """Run one subcommand and tell its outcome; expected refusals become one sentence."""
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "start": self._start,
            "stop": self._stop,
            "status": self._status,
            "backup": self._backup,
            "restore": self._restore,
            "ask": self._ask,
            "recover": self._recover,
            "prune": self._prune,
            "rehearse": self._rehearse,
            "url": self._url,
            "erase-again": self._erase_again,
        }
        try:
            verbs[options["action"]](options)
        except (PostgresRefusal, NotErasedAgainError) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _start(self, _options: dict[str, Any]) -> None:
        prepare()
        self._tell_status()

    def _stop(self, options: dict[str, Any]) -> None:
        self._own_server().stop(fast=not options["wait"])
        self.stdout.write("PostgreSQL is stopped.")

    def _status(self, _options: dict[str, Any]) -> None:
        self._tell_status()

    def _tell_status(self) -> None:
        external = external_url()
        if external is not None:
            self._external_status(external)
            return
        status = Cluster().status()
        self.stdout.write(f"PostgreSQL {status.version}: {status.state}")
        self.stdout.write(f"  answers  {'yes' if status.healthy else 'no'}")
        self.stdout.write(f"  process  {status.pid or 'none'}")
        self.stdout.write(f"  data     {status.data}")
        self.stdout.write(f"  socket   {status.socket}")
        if not status.healthy:
            raise CommandError("The database does not answer.", returncode=NOT_RUNNING_CODE)

    def _external_status(self, url: str) -> None:
        version = server_version(url)
        if version is None:
            raise CommandError(
                "The server of DATABASE_URL does not answer.", returncode=NOT_RUNNING_CODE
            )
        self.stdout.write(f"PostgreSQL {version} of DATABASE_URL answers.")

    def _backup(self, options: dict[str, Any]) -> None:
        made = backup(Cluster(), options["folder"])
        self.stdout.write(f"Backup in {options['folder']}")
        self._tell(made)
        self.stdout.write("It holds personal data and no secrets; keep secrets/ and log/ apart.")

    def _restore(self, options: dict[str, Any]) -> None:
        checks = restore(Cluster(), options["folder"], force=options["force"])
        self._tell(read_backup(options["folder"]))
        for check in checks:
            self.stdout.write(f"  checked  {check}")
        self.stdout.write(
            "Restored and started. The public log and its checkpoint were left alone."
        )
        self._erase_again({})

    def _recover(self, options: dict[str, Any]) -> None:
        if options["archive"] is None:
            raise CommandError("Name the archive: --archive FOLDER, or JUSHA_ARCHIVE.")
        try:
            moment = read_moment(options["to"])
        except ValueError as error:
            raise CommandError(f"--to: {error}") from error
        found = recover(
            Cluster(),
            options["folder"],
            archive=options["archive"],
            to=moment,
            force=options["force"],
        )
        self._tell(found.backup)
        for check in found.checks:
            self.stdout.write(f"  checked  {check}")
        self.stdout.write(f"  replayed to {found.end} in {found.seconds:.1f} s")
        if found.newest_commit:
            self.stdout.write(
                f"  newest   commit {found.newest_commit.astimezone(UTC).isoformat()}"
            )
        self.stdout.write(
            "Recovered and started. The public log and its checkpoint were left alone: settlement"
            " and publisher compare them with the data when they start."
        )
        self._erase_again({})

    def _erase_again(self, _options: dict[str, Any]) -> None:
        tell(erase_again_in(default_home()), self._say)

    def _ask(self, options: dict[str, Any]) -> None:
        """Print a tab between columns; everything that is shown is text."""
        try:
            with self._open(options["role"]) as connection:
                cursor = connection.execute(options["statement"])
                rows = cursor.fetchall() if cursor.description else []
                names = [column.name for column in cursor.description or []]
        except psycopg.Error as error:
            raise CommandError(str(error).strip()) from error
        for row in [names, *rows] if names else []:
            self.stdout.write("\t".join("" if value is None else str(value) for value in row))

    def _open(self, role: str) -> psycopg.Connection[Any]:
        if role == SUPERUSER:
            return self._own_server().connect(DATABASE)
        return psycopg.connect(database_url(role), autocommit=True, connect_timeout=ASK_SECONDS)

    def _prune(self, options: dict[str, Any]) -> None:
        archive = archive_folder()
        if archive is None:
            raise CommandError("JUSHA_ARCHIVE names no archive.")
        first = first_segment(options["folder"].resolve())
        dropped = prune(archive, before=first)
        self.stdout.write(f"{dropped} segments before {first} deleted.")

    def _rehearse(self, options: dict[str, Any]) -> None:
        from jusha.management.drill.rehearse import (  # noqa: PLC0415 - only in a checkout
            rehearse,
        )

        wrong = rehearse(
            seconds=options["seconds"],
            rate_per_second=options["rate"],
            stream=options["stream"],
            keep=options["keep"],
            tell=self._say,
        )
        if wrong:
            raise CommandError(f"{wrong} of the checks failed")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _url(self, options: dict[str, Any]) -> None:
        self.stdout.write(database_url(options["role"]))

    def _own_server(self) -> Cluster:
        if external_url() is not None:
            raise CommandError("DATABASE_URL names a server that is not ours to stop.")
        return Cluster()

    def _tell(self, made: Backup) -> None:
        self.stdout.write(f"  taken    {made.taken_at}, PostgreSQL {made.version}")
        self.stdout.write(f"  cluster  {made.system_identifier}")
        self.stdout.write(f"  size     {made.size_bytes / 1e6:.1f} MB")
        for check in made.checks:
            self.stdout.write(f"  checked  {check}")
