"""A stranger who reads the public checkpoint all the time, and forgets none.

What was shown once must stay true: every checkpoint ever seen must be a prefix of the
final log, under the log's one key, and the log must never seem to shrink.
"""

import http.client
import threading
from collections.abc import Callable
from typing import Final

from jusha.merkle.checkpoint import parse_checkpoint
from jusha.merkle.errors import MerkleError
from jusha.merkle.note import Vkey, open_note
from jusha.merkle.tiles import TileTree

LOOK_EVERY_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 3.0


class Observer:
    """Polls /log/checkpoint in a thread of its own until told to stop."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: dict[bytes, None] = {}
        """Every note, in the order in which it was first seen."""
        self.looks = self.failed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="observer", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            self.looks += 1
            note = self._look()
            if note is None:
                self.failed += 1
            else:
                self.seen.setdefault(note)

    def _look(self) -> bytes | None:
        site = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            site.request("GET", "/log/checkpoint")
            answer = site.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        else:
            return body if answer.status == http.HTTPStatus.OK else None
        finally:
            site.close()

    def differences(self, vkey: Vkey, read_tile: Callable[[str], bytes | None]) -> list[str]:
        """Compare every note seen with the log as it is now; what differs, in words.

        A note that cannot be read was damaged on disk by a fault: a reader refuses it too.
        """
        wrong: list[str] = []
        roots: dict[int, bytes] = {}
        last = 0
        for note in self.seen:
            try:
                shown = parse_checkpoint(open_note(note, known=[vkey]).text)
            except (MerkleError, ValueError):
                self.unreadable += 1
                continue
            if shown.size < last:
                wrong.append(f"the log seemed to shrink from {last} to {shown.size}")
            last = max(last, shown.size)
            if roots.setdefault(shown.size, shown.root_hash) != shown.root_hash:
                wrong.append(f"two roots were shown for {shown.size}")
        self.sizes = len(roots)
        tree = TileTree(size=last, read_tile=read_tile)
        for size, root in roots.items():
            if tree.root(size=size) != root:
                wrong.append(f"the checkpoint of {size} is no prefix of the log of {last}")
        return wrong

    unreadable = 0
    sizes = 0
