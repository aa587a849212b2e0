"""How the payments process is woken: a NOTIFY, which costs nothing when nobody listens."""

from typing import Final

CHANNEL: Final = "jusha_payments"
WAKE_SQL: Final = f"NOTIFY {CHANNEL}"
LISTEN_SQL: Final = f"LISTEN {CHANNEL}"
