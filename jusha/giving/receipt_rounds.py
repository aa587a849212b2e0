"""What the jobs process does for receipts every few seconds, with the issuer that is configured."""

from datetime import datetime
from pathlib import Path

import structlog

from jusha.giving.receipt_client import Client
from jusha.giving.receipt_config import FILE, ReceiptsUnreadableError, read_issuer
from jusha.giving.receipt_follow import Follower
from jusha.giving.receipt_send import ReceiptSender

log = structlog.get_logger("receipts")


class ReceiptRounds:
    """Follows gifts and asks the issuer; reads receipts.toml anew when it changes."""

    def __init__(self, home: Path, *, mode: str) -> None:
        """Begin with no issuer."""
        self._home, self._mode = home, mode
        self._follower = Follower()
        self._sender: ReceiptSender | None = None
        self._seen: int | None = None

    def round(self, now: datetime, *, whole: bool = False) -> int:
        """Do one round; return how many receipts moved. Reads and writes as its parts do."""
        self._look()
        moved = self._follower.round(now, whole=whole)
        return moved + (self._sender.round(now) if self._sender else 0)

    def _look(self) -> None:
        path = self._home / FILE
        seen = path.stat().st_mtime_ns if path.exists() else None
        if seen == self._seen:
            return
        self._seen = seen
        try:
            issuer = read_issuer(self._home, mode=self._mode)
        except ReceiptsUnreadableError as error:
            log.error("no_issuer", error=str(error))  # noqa: TRY400 - it says it all
            issuer = None
        if self._sender is not None:
            self._sender.flights.finish()
        self._sender = ReceiptSender(Client(issuer.account)) if issuer else None
