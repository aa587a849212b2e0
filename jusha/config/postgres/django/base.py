"""Django's own engine; only whether a kept connection still lives is asked of the socket.

Django asks by `SELECT 1` once a request: a way to the server and back, and a tenth of a
millisecond of Python (docs/performance.md, Pages). A server that ended the connection, because
it was stopped or killed, has closed the socket or written its reason into it, and an idle
connection has nothing to read otherwise: the kernel knows, without a question.
"""

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of the pages that is thrown away as soon as its server let go of it."""

    def is_usable(self) -> bool:
        """Whether nothing came over the idle connection: no end, and no last words.

        What a dead network hides, the next statement finds, as it would after `SELECT 1`.
        """
        connection = self.connection
        if connection is None or connection.closed:
            return False
        if self.errors_occurred or connection.info.transaction_status != TransactionStatus.IDLE:
            return super().is_usable()
        heard = select.poll()
        heard.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not heard.poll(0)
