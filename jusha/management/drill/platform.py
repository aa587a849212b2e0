"""A platform that takes gifts in its own app: holds room by the API, reports gifts at the door.

A process of its own, with nothing of Jusha but the wire. What donors offer is fixed by time
(openloop.py); what it may take is what it holds room for.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from array import array
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from benchmarks.requests import read_requests
from jusha.management.drill.openloop import Gate, OpenLoop, Phase, Schedule

PIECE_SECONDS: Final = 1.0
"""It holds room for the gifts of about so long."""
SMALLEST: Final = 1
TRY_SECONDS: Final = 20.0
"""So long it goes on asking after it was told that there is no room."""
REST_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 120.0
ROOM_SECONDS: Final = 60
CREATED, CONFLICT = 201, 409
LEFT_WORD: Final = "has room for "


class PlatformFailedError(Exception):
    """The API answered what it should not."""


class Platform:
    """A platform's own process: takes room, sends the gifts that it has room for."""

    def __init__(self, told: argparse.Namespace) -> None:
        self.told = told
        self.requests = [request for _, request in read_requests(told.requests)]
        fen = array("q", Path(told.amounts).read_bytes())
        self.upto = [0, *accumulate(fen)]
        self.gate = Gate()
        self.piece = max(SMALLEST, round(told.rate * PIECE_SECONDS))
        self.asked = self.refused = 0
        self.api = http.client.HTTPConnection("127.0.0.1", told.web_port, timeout=60)

    def run(self, begin: float) -> dict[str, Any]:
        """Send until there is no room or nothing to send; what it did."""
        schedule = Schedule([Phase(len(self.requests), len(self.requests) / self.told.rate)])
        loop = OpenLoop(
            self.requests,
            port=self.told.port,
            connections=self.told.connections,
            schedule=schedule,
            gate=self.gate,
        )
        taking = threading.Thread(target=self._take, args=(loop,), daemon=True)
        taking.start()
        sent = loop.run(begin=begin, give_up=begin + schedule.seconds + PATIENCE_SECONDS)
        taking.join(PATIENCE_SECONDS)
        given = self.upto[sent.acknowledged]
        return {
            "sent": sent.acknowledged, "given": given, "refused": sent.refused,
            "asked": self.asked, "no_room": self.refused, "seconds": sent.seconds,
            "last_s": max(loop.took, default=0.0), "again": sent.again,
        }  # fmt: skip

    def _take(self, loop: OpenLoop) -> None:
        """Hold room a piece ahead of what is due; give each piece back once it is sent."""
        held: list[tuple[int, int]] = []  # (reservation, up to which gift it reaches)
        refused_at = 0.0
        while self.gate.allowed < len(self.requests):
            sent = loop.answered
            self._give_back(held, sent)
            if self.gate.allowed - sent >= self.piece:
                time.sleep(0.01)
                continue
            count = min(self.piece, len(self.requests) - self.gate.allowed)
            left = self._room(count, held)
            if left is None:
                refused_at = 0.0
                continue
            fits = self._fitting(left)
            if fits and self._room(fits, held) is None:
                continue
            refused_at = refused_at or time.monotonic()
            if time.monotonic() - refused_at > TRY_SECONDS:
                break
            time.sleep(REST_SECONDS)
        self.gate.closed = True

    def _give_back(self, held: list[tuple[int, int]], sent: int) -> None:
        """Give back each piece whose gifts are all at the door: answers come in any order."""
        sure = sent if sent == self.gate.allowed else sent - self.told.connections
        while held and held[0][1] <= sure:
            self._ask("DELETE", f"rooms/{held.pop(0)[0]}")

    def _fitting(self, left: int) -> int:
        """How many of the next gifts a room of `left` fen has place for."""
        at = count = self.gate.allowed
        while count < len(self.requests) and self.upto[count + 1] - self.upto[at] <= left:
            count += 1
        return count - at

    def _room(self, count: int, held: list[tuple[int, int]]) -> int | None:
        """Ask for the room of the next gifts; None if it is held, else what is left."""
        at = self.gate.allowed
        body = {"project": self.told.project, "amount": self.upto[at + count] - self.upto[at]}
        self.asked += 1
        status, answer = self._ask("POST", "rooms", body | {"seconds": ROOM_SECONDS})
        if status == CREATED:
            held.append((answer["id"], at + count))
            self.gate.allowed = at + count
            return None
        if status != CONFLICT:
            raise PlatformFailedError(f"the API answers {status}: {answer}")
        self.refused += 1
        said = next((each["detail"] for each in answer.get("errors", ())), f"{LEFT_WORD}0 ")
        return int(said.partition(LEFT_WORD)[2].split()[0])

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        raw = json.dumps(body).encode() if body is not None else b""
        key = f"{self.told.name}-{self.asked}-{time.monotonic_ns()}"
        head = {"Authorization": f"Bearer {self.told.key}", "Idempotency-Key": key}
        if raw:
            head["Content-Type"] = "application/json"
        self.api.request(method, f"/api/v1/{path}", raw, head)
        answer = self.api.getresponse()
        told = answer.read()
        return answer.status, json.loads(told) if told else None


def main() -> None:
    """Be one platform: begin at the moment that the standard input names, tell what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--amounts", type=Path, required=True)
    parser.add_argument("--key", required=True)
    for name in ("--port", "--web-port", "--connections"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--rate", type=float, required=True)
    platform = Platform(parser.parse_args())
    begin = float(sys.stdin.readline())
    json.dump(platform.run(begin), sys.stdout)


if __name__ == "__main__":
    main()
