"""The publisher as the simulator runs it: the real one over a disk in memory."""

from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg

from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.note import LogSigner, open_note
from jusha.merkle.tiles import TileTree
from jusha.tlog.publish import Publisher, PublisherRunningError, log_key
from tests.simulator.connections import Connection, Server
from tests.simulator.disk import FOLDER, MemoryDisk
from tests.simulator.processes import Died, Process

ORIGIN: Final = "simulator.invalid/log"
HOME: Final = Path("log")


class SimulatedPublisher:
    """One slot for the publisher, its disk, and every checkpoint that anyone could have seen."""

    def __init__(self, server: Server, key: bytes) -> None:
        self.server = server
        self.disk = MemoryDisk()
        self.disk.names |= {Path(): FOLDER, HOME: FOLDER, HOME / "key": key}
        self.process = Process("publisher")
        self.publisher: Publisher | None = None
        self.seen: dict[int, bytes] = {}
        """Root by size, of all checkpoints that were ever public."""
        self.looked_at = b""
        self.forks: list[str] = []
        self.told: list[str] = []
        signer = LogSigner(name=ORIGIN, private_key=log_key(HOME, disk=self.disk))
        self.vkey = signer.vkey

    def start(self) -> bool:
        """Start the process; False if it ends at once over a broken disk."""
        self.process = Process("publisher", told=self.told)
        self.disk.used_by(self.process)
        try:
            self.publisher = Publisher(HOME, origin=ORIGIN, disk=self.disk)
            self.connection: Any = Connection(self.server, self.process, autocommit=True)
        except (OSError, PublisherRunningError, psycopg.OperationalError, Died):
            self.die()
        self.look()
        return self.publisher is not None

    def step(self) -> int | None:
        """Publish what comes next; None if the process ended over it."""
        assert self.publisher is not None
        try:
            return self.publisher.publish_next(self.connection)
        except (OSError, psycopg.OperationalError, psycopg.InterfaceError, Died):
            self.die()
            return None
        finally:
            self.look()

    def die(self) -> None:
        """End at once."""
        self.process.die()
        self.publisher = None

    def lose_power(self, random: Random) -> None:
        """The machine of the publisher goes dark and comes back."""
        self.die()
        self.disk.lose_power(random)
        self.look()

    def look(self) -> None:
        """See what a visitor sees now, and remember it; check that the tiles carry it."""
        raw = self.disk.read(HOME / "public" / "checkpoint")
        if raw is None or raw == self.looked_at:
            return
        self.looked_at = raw
        shown = parse_checkpoint(open_note(raw, known=[self.vkey]).text)
        known = self.seen.get(shown.size)
        if known is None:
            self.seen[shown.size] = shown.root_hash
            tree = TileTree(
                size=shown.size, read_tile=lambda path: self.disk.read(HOME / "public" / path)
            )
            if tree.root() != shown.root_hash:
                self.forks.append(f"{shown.size}: the tiles do not carry the checkpoint")
        elif known != shown.root_hash:
            self.forks.append(f"{shown.size}: two roots")
