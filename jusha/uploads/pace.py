"""How many files an account may hand in within an hour, whether they are kept or refused.

A file costs a process of its own for a moment, and most of all one that is refused for being too
complex. The counts stand in the memory of the process of pages, like those of web/gate.py.
"""

import time
from collections import deque
from threading import Lock
from typing import Final
from uuid import UUID

from jusha.uploads.rules import UploadRefusedError

AN_HOUR: Final = 120
HOUR_SECONDS: Final = 3_600
ACCOUNTS_MAX: Final = 50_000


class Pace:
    """Counts what each account handed in during the last hour."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at: dict[UUID, deque[float]] = {}

    def take(self, by: UUID) -> None:
        """Count one more file of an account. Raises UploadRefusedError("too-fast")."""
        now = time.monotonic()
        with self._lock:
            if by not in self._at and len(self._at) >= ACCOUNTS_MAX:
                self._at.pop(next(iter(self._at)))
            given = self._at.setdefault(by, deque(maxlen=AN_HOUR))
            while given and given[0] <= now - HOUR_SECONDS:
                given.popleft()
            if len(given) >= AN_HOUR:
                raise UploadRefusedError("too-fast")
            given.append(now)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._at.clear()
