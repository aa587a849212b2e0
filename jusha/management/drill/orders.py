"""Orders for a drill, by the verb that the donate page calls, in processes of their own.

The page itself (a form read, a redirect) is left out: what is counted is what an order
costs once its donor has agreed: private record, commitment, seal, vault row, envelope, commit.
"""

import subprocess
import sys
from array import array
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from jusha.management.drill import gifts
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.management.drill.minute_gifts import minute_workload
from jusha.payments.order import Wish, place_order

PLACERS: Final = 2
"""Processes that place orders at the same time: one a core of a small machine."""


def start(here: Installation, *, count: int, folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start placing the orders of a minute of so many gifts; `finish` gives their numbers."""
    environment = here.environment | {"JUSHA_DB_ROLE": "web"}
    return [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "jusha", "drill", "orders"),
                *("--gifts", str(count), "--part", str(part), "--to", str(_file(folder, part))),
            ],
            cwd=settings.REPO_DIR,
            env=environment,
        )
        for part in range(PLACERS)
    ]


def finish(placers: list[subprocess.Popen[bytes]], *, count: int, folder: Path) -> "array[int]":
    """The number of each gift's order, in the gifts' order. Raises DrillFailedError."""
    if any(placer.wait() for placer in placers):
        raise DrillFailedError("the orders could not be placed")
    numbers = array("q", bytes(8 * count))
    for part in range(PLACERS):
        numbers[part::PLACERS] = array("q", _file(folder, part).read_bytes())
    return numbers


def _file(folder: Path, part: int) -> Path:
    return folder / f"orders.{part}"


def place(*, count: int, part: int, to: Path) -> None:
    """Place every PLACERS-th order of a minute and write their numbers, 8 bytes each."""
    numbers = array("q")
    for _, project, _, amount, _ in islice(minute_workload(count).gifts(), part, None, PLACERS):
        numbers.append(
            place_order(
                Wish(gifts.project_code(project), gifts.CAMPAIGN, amount, note="愿你们都好")
            )
        )
    to.write_bytes(numbers.tobytes())
