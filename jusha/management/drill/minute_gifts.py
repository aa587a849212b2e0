"""The gifts of the record minute, as a rail reports them, and the world they need."""

import hashlib
import socket
import time
from array import array
from collections.abc import Iterator
from typing import Any, Final

from psycopg import Connection

from benchmarks.workload import AMOUNTS_FEN, Gift, Workload
from jusha.inbox.instruct import instruct
from jusha.management.drill import gifts
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.people.vault import load, seal

PROJECTS_MAX: Final = 1_000
CHANNEL: Final = "minute-rail"
SECRET: Final = hashlib.sha256(b"a secret of the drill, no one's").digest()
SIGNED_AHEAD_SECONDS: Final = 270
PROJECT_CAP_PERCENT_OF_DEMAND: Final = 35
"""Half of the gifts go to one project, so its cap binds before the pool is empty."""


def minute_workload(count: int) -> Workload:
    """So many gifts to a thousand projects, half of them to one, whose cap binds."""
    demand = count * sum(fen * share for fen, share in AMOUNTS_FEN.items()) // 100
    return Workload(
        gifts_total=count,
        days=1,
        projects=min(PROJECTS_MAX, max(len(gifts.PROJECTS), count // 10)),
        persons=max(20, count // 3),
        project_cap_fen=demand * PROJECT_CAP_PERCENT_OF_DEMAND // 100,
    )


def notices(
    workload: Workload, *, timestamp: int, orders: "array[int] | None" = None
) -> Iterator[tuple[str, bytes]]:
    """Every gift as a rail would report it, signed, ready to be sent.

    Signed ahead by as much as the protocol lets a rail's clock be wrong, because on a busy
    machine some wait for longer than 300 seconds; a rail would sign a second try anew.
    """
    ahead = timestamp + SIGNED_AHEAD_SECONDS
    for place, gift in enumerate(workload.gifts()):
        message = _message(gift, timestamp)
        if orders is not None:
            message["order"] = str(orders[place])
        yield "", gifts.post(message, SECRET, channel=CHANNEL, timestamp=ahead)


def _message(gift: Gift, paid_at: int) -> dict[str, Any]:
    external_id, project, person, amount, _ = gift
    return {
        "id": external_id,
        "asset": "CNY",
        "amount": amount,
        "project": gifts.project_code(project),
        "campaign": gifts.CAMPAIGN,
        "payer": hashlib.sha512(f"person {person}".encode()).hexdigest(),
        "paid_at": paid_at,
    }


def furnish(here: Installation, connection: Connection[Any], workload: Workload) -> None:
    """Open the projects, the rail and the campaign. Raises DrillFailedError."""
    gifts.open_projects(connection, workload)
    admit(here, connection, code=CHANNEL, clock="rail")
    gifts.open_campaign(connection, workload, channel=CHANNEL)
    here.wait(here.drained, "the drill's world to be settled")
    here.wait(lambda: door_knows(here), "the door to know the drill's rail")


def door_knows(here: Installation) -> bool:
    """Whether the door knows the rail: it reads our signature before it refuses the rest."""
    empty = gifts.post({}, SECRET, channel=CHANNEL, timestamp=int(time.time()))
    with socket.create_connection(("127.0.0.1", here.door_port), timeout=5) as door:
        door.sendall(empty)
        return b" 401 " not in door.recv(4096).partition(b"\r\n")[0]


def admit(here: Installation, connection: Connection[Any], *, code: str, clock: str) -> None:
    """Admit a rail without limits and give the door its secret. Raises DrillFailedError."""
    terms = {"assets": ["CNY"], "clock": clock}
    outcome = instruct(connection, "admit-channel", {"code": code, "terms": terms}, by="drill")
    if outcome.code != "done":
        raise DrillFailedError(f"the drill's rail is not admitted: {outcome}")
    connection.execute(
        "INSERT INTO jusha_channelsecret (code, sealed, created_at) VALUES (%s, %s, now())",
        (code, seal(load(here.home, "channels"), SECRET, code.encode())),
    )
