"""`jusha replay --into NAME`: settle the whole inbox again in an empty database, and compare.

What comes out must be the same books and the same log: the replayed entries are
published into a scratch folder, and their root must be the root that was published.
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from jusha.inbox.connect import conninfo
from jusha.merkle.checkpoint import Checkpoint, parse_checkpoint
from jusha.merkle.note import parse_note
from jusha.merkle.tiles import TileTree
from jusha.settlement.replay import InboxDiffersError, Replayed, TargetNotEmptyError, replay
from jusha.settlement.schema import migrate
from jusha.tlog.files import CHECKPOINT, read_from
from jusha.tlog.publish import Publisher


class Command(BaseCommand):
    """Replays as the owner; exit code 0: equal, 1: not equal, 2: could not be compared."""

    help = "Settle the whole inbox again in an empty database and compare books, log and root."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--into",
            metavar="NAME",
            required=True,
            help="database for the replay; made where missing, and kept to be looked at",
        )

    def handle(self, *_args: object, into: str, **_options: Any) -> None:
        """Replay, publish apart, compare."""
        try:
            make_database(into)
            with (
                psycopg.connect(conninfo()) as source,
                psycopg.connect(make_conninfo(conninfo(), dbname=into)) as target,
            ):
                done = replay(source, target)
                differences = [*done.differences, *self._compare_roots(target)]
        except (TargetNotEmptyError, InboxDiffersError, psycopg.OperationalError) as error:
            raise CommandError(f"{type(error).__name__}: {error}", returncode=2) from error
        self._tell(done)
        for difference in differences:
            self.stdout.write(f"  ! {difference}")
        self.stdout.write("NOT EQUAL 不一致" if differences else "EQUAL 一致")
        if differences:
            sys.exit(1)

    def _tell(self, done: Replayed) -> None:
        self.stdout.write(
            f"replayed {done.batches} batches, {done.envelopes} envelopes,"
            f" {done.entries} entries, {done.stuck} stuck"
        )

    def _compare_roots(self, target: Connection[Any]) -> list[str]:
        """Publish the replayed log apart and compare it with the checkpoint that is published."""
        published = read_published(Path(settings.JUSHA_LOG_DIR) / "public")
        if published is None:
            self.stdout.write("nothing is published yet: only the books are compared")
            return []
        with tempfile.TemporaryDirectory(prefix="jusha-replay-") as folder:
            root = replayed_root(target, Path(folder), published)
        self.stdout.write(f"published {published.size} {published.root_hash.hex()}")
        self.stdout.write(f"replayed  {published.size} {root.hex() if root else 'too short'}")
        return [] if root == published.root_hash else ["the roots are not the same"]


def make_database(name: str) -> None:
    """Make database `name` beside ours where it is missing, with this version's schema."""
    with psycopg.connect(conninfo(), autocommit=True) as admin:
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    own = connections["default"]
    ours = own.settings_dict["NAME"]
    if name == ours:
        raise TargetNotEmptyError(name)
    own.close()
    own.settings_dict["NAME"] = name
    try:
        migrate()
    finally:
        own.close()
        own.settings_dict["NAME"] = ours


def read_published(public: Path) -> Checkpoint | None:
    """The newest published checkpoint, its signature unchecked: only its root is compared."""
    raw = read_from(public, CHECKPOINT)
    return parse_checkpoint(parse_note(raw).text) if raw else None


def replayed_root(target: Connection[Any], folder: Path, published: Checkpoint) -> bytes | None:
    """Publish the replayed log into `folder` under a key of its own.

    Returns its root at the published size; None if the replayed log is shorter.
    """
    publisher = Publisher(folder, origin=published.origin)
    try:
        while publisher.publish_next(target):
            pass
        size = publisher.signed.checkpoint.size
    finally:
        publisher.close()
    if size < published.size:
        return None
    tree = TileTree(size=size, read_tile=lambda path: read_from(folder / "public", path))
    return tree.root(size=published.size)
