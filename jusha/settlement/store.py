"""What settlement needs beside its own connection to decide one batch while another is stored.

It is handed in, so that the deterministic simulator runs the same overlapping without
threads, in an order that its seed chooses (docs/design/0006-simulator.md).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg
import structlog
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from jusha.settlement.pack import register
from jusha.settlement.write import Parcel

log = structlog.get_logger("settlement")


class Storer(Protocol):
    """Stores parcels one after another, perhaps while the caller goes on."""

    def submit(self, store: Callable[[Parcel], None], parcel: Parcel, /) -> Future[None]:
        """Have the parcel stored; the future holds what `store` raises."""


class Beside(Protocol):
    """A reader and a storer, opened for one backlog and closed behind it."""

    def reader(self, connection: Connection[Any]) -> AbstractContextManager[Connection[Any] | None]:
        """Open a second connection to what `connection` writes; None if there is none to be had."""

    def storer(self) -> AbstractContextManager[Storer]:
        """Begin to store; at the end everything submitted has been stored or refused."""


class ThreadBeside:
    """A second connection, and one thread."""

    @contextmanager
    def reader(self, connection: Connection[Any]) -> Iterator[Connection[Any] | None]:
        """Open a second connection, to read on while the first one stores; None if there is none.

        Without it settlement is slower and as right: the caller gets one batch a call.
        """
        info = connection.info
        try:
            reader = psycopg.connect(
                make_conninfo(**info.get_parameters(), password=info.password), autocommit=True
            )
        except psycopg.OperationalError as error:
            log.warning("no_second_connection", error=str(error))
            yield None
            return
        with reader:
            reader.execute("SET default_transaction_read_only = on")
            register(reader)
            yield reader

    def storer(self) -> AbstractContextManager[Storer]:
        """Begin a thread; leaving waits for what it was given."""
        return ThreadPoolExecutor(1, "store")
