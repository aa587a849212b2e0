"""Questions under way: asked by threads that touch no database, kept by the one that does."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

import structlog

THREADS: Final = 8

log = structlog.get_logger("flights")

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flights(Generic[K, V]):
    """At most THREADS questions at once; what comes of each is fetched by key."""

    def __init__(self, name: str) -> None:
        """Start no thread before the first question."""
        self._name = name
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._under_way: dict[K, Future[V]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def keys(self) -> list[K]:
        """What is under way."""
        return list(self._under_way)

    @property
    def room(self) -> int:
        """How many more may be asked now."""
        return max(2 * THREADS - len(self._under_way), 0)

    def begin(self, key: K, verb: Callable[..., V], *arguments: Any) -> None:
        """Ask one, in a thread."""
        self._under_way[key] = self._pool.submit(verb, *arguments)

    def landed(self) -> list[tuple[K, V]]:
        """Take what is answered.

        A question that broke is told in the log and is due again: one row must not stop all.
        """
        over = [(key, future) for key, future in self._under_way.items() if future.done()]
        answered = []
        for key, future in over:
            del self._under_way[key]
            try:
                answered.append((key, future.result()))
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
                log.error("flight_broke", flights=self._name, error=type(error).__name__)  # noqa: TRY400 - its text may hold what the rail said
        return answered

    def finish(self) -> None:
        """Wait for what is under way and take no more; what was answered is asked again later."""
        self._pool.shutdown(cancel_futures=True)
