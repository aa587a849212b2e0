"""Notices that are owed: a row from the moment of the payment, so a killed gateway owes it still.

The switches do on purpose what happens to notices by itself. `teller` sends them.
"""

import json
import secrets
import sqlite3
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from jusha_sandbox.wechat.keys import sealed
from jusha_sandbox.wechat.store import take_switch, virtual_now

MINUTE: Final = 60
HOUR: Final = 3_600
WAITS: Final = (
    15, 15, 30, 3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE,
    60 * MINUTE, 3 * HOUR, 3 * HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR,
)  # fmt: skip
"""Seconds between sendings: the last comes 24 hours and 4 minutes after the first."""
PER_EVENT: Final = ("lost", "late", "repeated", "out-of-order")
PER_FACT: Final = ("wrong-amount", "wrong-merchant", "wrong-app")
PER_SENDING: Final = ("tampered", "stale", "probe-signature")
"""These spoil the first sendings, as many as the switch's value; then the schedule goes on."""
DEFAULTS: Final = {"late": 600, "repeated": 1, "out-of-order": HOUR, "stale": 1, "tampered": 1,
                   "probe-signature": 1}  # fmt: skip
STRANGER: Final = "1999999999"


def owe(
    database: sqlite3.Connection,
    *,
    mchid: str,
    url: str,
    kind: str,
    summary: str,
    resource: dict[str, Any],
) -> None:
    """Owe a notice, in the transaction of what it tells of; switches that are on are used up."""
    troubles = {
        name: value
        for name in (*PER_EVENT, *PER_FACT, *PER_SENDING)
        if (value := take_switch(database, name)) is not None
    }
    now = virtual_now(database)
    due = now + troubles.get("late", 0) + troubles.get("out-of-order", 0)
    spoiled = _spoiled(resource, troubles)
    event = (
        secrets.token_hex(16), mchid, url, kind, "refund" if kind[0] == "R" else "transaction",
        summary, json.dumps(spoiled, ensure_ascii=False), int(time.time()), due, 0,
        troubles.get("repeated", 0), json.dumps(troubles),
        "lost" if "lost" in troubles else "waiting",
    )  # fmt: skip
    database.execute(f"INSERT INTO event VALUES ({', '.join('?' * len(event))})", event)  # noqa: S608 - marks


def _spoiled(resource: dict[str, Any], troubles: dict[str, int]) -> dict[str, Any]:
    """Tell facts that are not so, under a true signature."""
    said = json.loads(json.dumps(resource))
    if "wrong-amount" in troubles:
        said["amount"]["total"] += 1
    if "wrong-merchant" in troubles:
        said["sub_mchid" if "sub_mchid" in said else "mchid"] = STRANGER
    if "wrong-app" in troubles:
        said["sp_appid" if "sp_mchid" in said else "appid"] = "wx0000000000000000"
    return dict(said)


def notice_body(event: sqlite3.Row, apiv3_key: str) -> bytes:
    """One sending of a notice, sealed anew."""
    created = datetime.fromtimestamp(event["created_at"], UTC)
    resource = sealed(apiv3_key, event["resource"].encode(), associated=event["original_type"])
    said = {
        "id": event["id"],
        "create_time": created.astimezone(timezone(timedelta(hours=8))).isoformat(),
        "resource_type": "encrypt-resource",
        "event_type": event["kind"],
        "summary": event["summary"],
        "resource": {"original_type": event["original_type"], **resource},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
