"""`jusha db`: start, stop, look at, back up and restore the embedded PostgreSQL.

Works while the database is down, so it runs none of Django's checks. With DATABASE_URL set, the
server is somebody else's: `start` only makes the roles there, `status` and `url` tell, the rest
refuses.
"""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jusha.config.postgres import (
    ROLES,
    Backup,
    Cluster,
    PostgresRefusal,
    backup,
    database_url,
    external_url,
    prepare,
    read_backup,
    restore,
    server_version,
)

NOT_RUNNING_CODE = 3  # what init scripts answer for "not running"


class Command(BaseCommand):
    """One subcommand a verb; a refusal is one sentence and exit code 1, `status` answers 0 or 3."""

    help = "Start, stop, look at, back up and restore the embedded PostgreSQL."
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
        url = actions.add_parser("url", help="print the URL a role connects with, password inside")
        url.add_argument("--role", choices=sorted(ROLES), default="owner")

    def handle(self, *_args: object, **options: Any) -> None:
        """Run one subcommand and tell its outcome; expected refusals become one sentence."""
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "start": self._start,
            "stop": self._stop,
            "status": self._status,
            "backup": self._backup,
            "restore": self._restore,
            "url": self._url,
        }
        try:
            verbs[options["action"]](options)
        except PostgresRefusal as refusal:
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
