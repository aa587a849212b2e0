"""Payment rails on a bad day: orders, repeats, deliveries out of order and late, until accepted.

A process of its own (`python -m jusha.management.chaos.deliveries`). What is sent is
drawn from the seed; when it is accepted depends on the faults. As docs/door.md asks, a
message keeps its bytes and is signed anew each time; it is sent until it is answered 200.
Each acknowledged message is a line of the journal, written when its answer is there.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from benchmarks.workload import Gift, Workload
from jusha.door.signature import signature

CONNECTIONS: Final = 96
ANSWER_SECONDS: Final = 15.0
PAUSES_SECONDS: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
DEED: Final = "/door/v1/deeds"
ORDER: Final = "/door/v1/orders"
FIRST_ORDER: Final = 310_000_000_000_000_000
OK: Final = 200
PATIENT: Final = frozenset({0, 401, 503})
"""Answers after which the same bytes are signed anew and sent again: 0 is none at all."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the gifts go: the channel that reports them, their campaign, the projects."""

    channel: str
    campaign: str
    projects: tuple[str, ...]


@dataclass(slots=True)
class Post:
    """One delivery: due so many seconds after the begin, `after` another one was accepted."""

    due_s: float
    path: str
    name: str
    body: bytes
    before: "Post | None" = None
    copies: int = 1


def body_of(scene: Scene, gift: Gift, order: int | None) -> bytes:
    """The bytes of a deed; the same in every repeat."""
    external_id, project, person, amount, _ = gift
    message: dict[str, object] = {"id": external_id, "asset": "CNY", "amount": amount}
    if order is not None:
        message["order"] = str(order)
    message |= {"project": scene.projects[project], "campaign": scene.campaign}
    message["payer"] = f"person-{person}"
    return json.dumps(message, separators=(",", ":")).encode()


def order_of(scene: Scene, gift: Gift, number: int) -> bytes:
    """The bytes of the order that a gift pays."""
    _, project, _, amount, _ = gift
    message = {"no": str(number), "asset": "CNY", "amount": amount}
    message |= {"project": scene.projects[project], "campaign": scene.campaign}
    return json.dumps(message, separators=(",", ":")).encode()


def plan_posts(
    scene: Scene, workload: Workload, *, seed: int, rate_per_second: float
) -> list[Post]:
    """Draw what is delivered when: every gift at least once, in the order of `due_s`."""
    chance = random.Random(seed)  # noqa: S311 - a drill, not a secret
    posts: list[Post] = []
    batch: list[bytes] = []
    names: list[str] = []
    for place, gift in enumerate(workload.gifts()):
        due = place / rate_per_second
        if chance.random() < 0.04:  # noqa: PLR2004 - gathered into batches of up to 40
            batch.append(body_of(scene, gift, None))
            names.append(gift[0])
            if len(batch) == 40:  # noqa: PLR2004
                posts.append(_batch(due, names, batch))
                batch, names = [], []
            continue
        posts += _posts_of(scene, gift, place, due, chance)
    if batch:
        posts.append(_batch(workload.gifts_total / rate_per_second, names, batch))
    posts.sort(key=lambda post: post.due_s)
    return posts


def _batch(due_s: float, names: list[str], items: list[bytes]) -> Post:
    body = b'{"items":[' + b",".join(items) + b"]}"
    return Post(due_s, f"{DEED}/batch", " ".join(names), body)


def _posts_of(
    scene: Scene, gift: Gift, place: int, due: float, chance: random.Random
) -> Iterator[Post]:
    """One gift's deliveries: perhaps behind an order, late, out of order, more than once."""
    kind = chance.random()
    if kind < 0.10:  # noqa: PLR2004 - a tenth overtakes or is overtaken
        due += chance.uniform(0, 2)
    elif kind < 0.12:  # noqa: PLR2004 - and a fiftieth is late
        due += chance.uniform(5, 40)
    order = None
    number = FIRST_ORDER + place
    if chance.random() < 0.12:  # noqa: PLR2004
        order = Post(due, ORDER, f"order-{number}", order_of(scene, gift, number))
        yield order
        if chance.random() < 0.1:  # noqa: PLR2004 - orders are repeated too
            yield Post(due + chance.uniform(0, 20), ORDER, order.name, order.body)
    body = body_of(scene, gift, number if order else None)
    at_once = 2 if chance.random() < 0.02 else 1  # noqa: PLR2004 - two at one moment
    first = Post(due, DEED, gift[0], body, order, at_once)
    yield first
    if chance.random() < 0.06:  # noqa: PLR2004
        yield Post(due + chance.expovariate(0.2), DEED, gift[0], body, order)


@dataclass(slots=True)
class Tally:
    """What was seen of the answers."""

    accepted: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    strange: list[str] = field(default_factory=list)


class Rails:
    """Sends every post until it is accepted, over a bounded number of connections."""

    def __init__(self, scene: Scene, port: int, secret: bytes, journal: TextIO) -> None:
        self.channel = scene.channel
        self.port, self.secret, self.journal = port, secret, journal
        self.tally = Tally()
        self._accepted: dict[int, asyncio.Event] = {}
        self._turn = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run(self, posts: list[Post], *, give_up_s: float) -> int:
        """Send all; return how many were not accepted before the time was up."""
        waited_for = {id(post.before) for post in posts if post.before}
        self._accepted = {key: asyncio.Event() for key in waited_for}
        began = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        lost = 0
        for post in posts:
            ahead = began + post.due_s - time.monotonic()
            if ahead > 0:
                await asyncio.sleep(ahead)
            for _ in range(post.copies):
                task = asyncio.create_task(self._deliver(post))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=give_up_s)
            lost = len(late)
            for task in late:
                task.cancel()
        return lost

    async def _deliver(self, post: Post) -> None:
        """Send one post until it is accepted, or refused for good."""
        if post.before is not None:
            await self._accepted[id(post.before)].wait()
        began = time.monotonic()
        for attempt in range(1_000_000):
            async with self._turn:
                status = await self._send(post)
            self.tally.statuses[status] += 1
            if status == OK:
                self.tally.accepted += 1
                self.tally.longest_s = max(self.tally.longest_s, time.monotonic() - began)
                if post.path != ORDER:
                    self.journal.write("".join(f"{name} 200\n" for name in post.name.split()))
                if done := self._accepted.get(id(post)):
                    done.set()
                return
            if status not in PATIENT:
                self.tally.strange.append(f"{status} {post.path} {post.name[:60]}")
                return
            await asyncio.sleep(PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS) - 1)])

    async def _send(self, post: Post) -> int:
        """One attempt; its status, 0 without an answer."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = (
                    self._idle.pop()
                    if self._idle
                    else await asyncio.open_connection("127.0.0.1", self.port)
                )
                try:
                    writer.write(self._request(post))
                    status, keep = await _read_status(reader)
                except BaseException:
                    writer.close()
                    raise
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            for _, other in self._idle:  # the server behind them is as likely gone
                other.close()
            self._idle.clear()
            return 0
        if keep:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return status

    def _request(self, post: Post) -> bytes:
        timestamp = str(int(time.time()))
        signed = signature(
            self.secret, method="POST", path=post.path, channel=self.channel,
            timestamp=timestamp, body=post.body,
        )  # fmt: skip
        head = (
            f"POST {post.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(post.body)}\r\njusha-channel: {self.channel}\r\n"
            f"jusha-timestamp: {timestamp}\r\njusha-signature: {signed}\r\n\r\n"
        )
        return head.encode() + post.body


async def _read_status(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one answer to its end: (status, whether the connection may be used again)."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(head[at + 15 : head.find(b"\r\n", at)]))
    return int(head[9:12]), at >= 0 and b"connection: close" not in head


def main() -> None:
    """Deliver, then write what was seen as JSON to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--workload", required=True, help="its fields as JSON")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--projects", required=True, help="codes, the hot one first")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--secret", type=Path, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--give-up-seconds", type=float, default=180.0)
    told = parser.parse_args()
    scene = Scene(told.channel, told.campaign, tuple(told.projects.split(",")))
    workload = Workload(**json.loads(told.workload))
    posts = plan_posts(scene, workload, seed=told.seed, rate_per_second=told.rate)
    secret = bytes.fromhex(told.secret.read_text().strip())
    with told.journal.open("w", buffering=1) as journal:

        async def deliver() -> tuple[Rails, int]:
            rails = Rails(scene, told.port, secret, journal)
            return rails, await rails.run(posts, give_up_s=told.give_up_seconds)

        rails, lost = asyncio.run(deliver())
    seen = rails.tally
    json.dump(
        {
            "posts": sum(post.copies for post in posts),
            "accepted": seen.accepted,
            "lost": lost,
            "statuses": dict(seen.statuses),
            "longest_s": round(seen.longest_s, 1),
            "strange": seen.strange[:20],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
