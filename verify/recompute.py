"""Recompute a whole Jusha log 独立重算聚沙公开日志: every match, refund and seal.

One file on purpose: it needs Python 3.11 and the package `cryptography`, nothing of Jusha, so a
newspaper, an auditor or a rival can read it, run it and change it.

    python recompute.py https://example.org/log --vkey "example.org/log+530d903a+AekyeR..."
    python recompute.py var/log/public --vkey "$(cat var/log/public/vkey)" --day 2026-09-09

It reads the checkpoint, checks its signature, downloads every entry, hashes them all to the signed
root, and then decides every match anew from the rules in the log. It prints totals and EQUAL 一致,
or each difference with the number of its entry. What the log has not said yet (a seed to be
revealed, a share to be paid) is listed as waiting. Exit code 0: equal. 1: it differs. 2: the check
could not be made (wrong call, unreachable or incomplete log). docs/log.md has the formats and says
which two bounds (a person's day and a person's campaign) a stranger can only fence in, and how.

A million entries take seconds, so there are two short ways, and both can be left out. Some
processes read and hash beside the one that decides (--jobs 0: all in one). And gifts that are like
thousands of others are taken apart by one pattern and judged by `Gifts.plain`, which can only
agree: whatever it does not find right at once goes the long way, by JSON and by every rule in
turn. With --plain all entries go the long way, several times slower, to the same answer.
"""

import argparse
import base64
import binascii
import contextlib
import datetime as dt
import gc
import gzip
import hashlib
import hmac
import http.client
import itertools
import json
import marshal
import math
import multiprocessing
import os
import re
import sys
import time
import urllib.parse
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # said in words here, because the reader may not know Python
    sys.stderr.write("无法核对 / CANNOT CHECK: please run: pip install cryptography\n")
    sys.exit(2)

WIDTH = 256
"""Entries in a full bundle; 2^8, so a full bundle is a perfect subtree of height 8."""
ED25519 = 0x01
DASH = "\u2014 "
SHIFT_SECONDS = 8 * 3600
DAY_SECONDS = 86_400
PERMILLE = 1000
TAG_BYTES = 16
HASH_BYTES = 32
SERIAL_DIGITS = 15
NOTICE_SECONDS = 60
SEED_SECONDS = 3600
REVEAL_SECONDS = 900
SHOWN_MAX = 200
CACHED_BUNDLES = 64
MAX_BYTES = 1 << 28
TIMEOUT_SECONDS = 60
DECIMALS = {"CNY": 2, "USD": 2, "HKD": 2}
POOL_ASSET = "CNY"
LINE_NAMES = ("programme", "running")
MARK_EVERY = 256
MOST = 1 << 62
MINUTES_KEPT = 50_000
LANES_KEPT = 50_000
CHUNK_BUNDLES = 16
"""Bundles that one process reads at a time."""
CHUNKS_AHEAD = 4
"""Chunks that each reading process may be ahead of what is decided: memory is bounded."""
BUNDLES_ALONE = 100
"""Below so many bundles starting other processes takes longer than reading."""
JOBS_MAX = 4
TELL_SECONDS = 5.0


class CannotCheckError(Exception):
    """The check could not be made at all."""


class BrokenLogError(Exception):
    """The log contradicts itself so badly that there is nothing to walk through."""


class EntryWrongError(Exception):
    """One entry says what it may not say."""


# --- reading --------------------------------------------------------------------------------------


class Folder:
    """A log as a folder of files."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise CannotCheckError(f"no such folder: {folder}")

    def close(self) -> None:
        """Nothing is open."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None if there is none."""
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CannotCheckError(f"cannot read {path}: {error}") from error


class Site:
    """A log on a web server, read over one kept connection."""

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        if not parts.hostname:
            raise CannotCheckError(f"no host in {address}")
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        try:
            self.connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        except ValueError as error:
            raise CannotCheckError(f"{address}: {error}") from error
        self.prefix = parts.path.rstrip("/")

    def close(self) -> None:
        """Let go of the server."""
        self.connection.close()

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None if the server has none; a lost connection is tried again."""
        try:
            return self._get(path)
        except (http.client.HTTPException, OSError):
            self.connection.close()
        try:
            return self._get(path)
        except (http.client.HTTPException, OSError) as error:
            raise CannotCheckError(f"cannot read {path}: {error}") from error

    def _get(self, path: str) -> bytes | None:
        headers = {"Accept-Encoding": "gzip", "User-Agent": "jusha-recompute/1"}
        self.connection.request("GET", f"{self.prefix}/{path}", headers=headers)
        answer = self.connection.getresponse()
        body = answer.read(MAX_BYTES)
        if answer.status == http.HTTPStatus.NOT_FOUND:
            return None
        if answer.status != http.HTTPStatus.OK:
            raise CannotCheckError(f"{path}: the server answered {answer.status}")
        return gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body


def open_source(place: str) -> Folder | Site:
    """The log at an address or in a folder. Raises CannotCheckError."""
    return Site(place) if place.startswith(("http://", "https://")) else Folder(place)


def decode64(text: str) -> bytes:
    """Read base64 in its one spelling. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def parse_vkey(text: str) -> tuple[str, bytes, bytes]:
    """Read `<name>+<key id>+<key>`: name, key id, Ed25519 key. Raises CannotCheckError."""
    try:
        name, key_id, key = text.strip().split("+", 2)
        typed = decode64(key)
    except ValueError as error:
        raise CannotCheckError("--vkey is not <name>+<key id>+<key>") from error
    right = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    if right.hex() != key_id or typed[:1] != bytes([ED25519]) or len(typed) != 1 + 32:
        raise CannotCheckError("--vkey is damaged, or not an Ed25519 log key")
    return name, right, typed[1:]


def read_checkpoint(source: Folder | Site, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of the signed checkpoint. Raises CannotCheckError, BrokenLogError."""
    name, key_id, key = parse_vkey(vkey)
    raw = source.read("checkpoint")
    if raw is None:
        raise CannotCheckError("the log has no checkpoint")
    try:
        text, _, lines = raw.decode().rpartition("\n\n")
        origin, size, root = text.split("\n")[:3]
        size_number, root_hash = int(size), decode64(root)
        pairs = [line.removeprefix(DASH).split(" ") for line in lines.splitlines()]
        blobs = [decode64(pair[1]) for pair in pairs if pair[0] == name]
    except (ValueError, IndexError) as error:
        raise BrokenLogError("the checkpoint is malformed") from error
    signature = next((blob[4:] for blob in blobs if blob[:4] == key_id), None)
    if signature is None:
        raise BrokenLogError("the checkpoint is not signed by this key")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode() + b"\n")
    except InvalidSignature as error:
        raise BrokenLogError("the signature on the checkpoint is false") from error
    if origin != name or size_number < 0 or str(size_number) != size:
        raise BrokenLogError("the checkpoint is of another log, or its size is malformed")
    return origin, size_number, root_hash


def bundle_path(index: int) -> str:
    """The path of a full entry bundle: tile/entries/x001/234."""
    rest, last = divmod(index, 1000)
    groups = [f"{last:03d}"]
    while rest:
        rest, group = divmod(rest, 1000)
        groups.append(f"x{group:03d}")
    return "tile/entries/" + "/".join(reversed(groups))


def split_bundle(data: bytes, width: int, path: str) -> list[bytes]:
    """The first `width` entries of a bundle. Raises BrokenLogError."""
    entries: list[bytes] = []
    at = 0
    while len(entries) < width:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise BrokenLogError(f"{path} is cut short")
        entries.append(data[start:at])
    return entries


def read_bundle(source: Folder | Site, index: int, size: int) -> list[bytes]:
    """The entries of a bundle of a log of this size. Raises CannotCheckError, BrokenLogError."""
    path, width = bundle_path(index), min(WIDTH, size - index * WIDTH)
    data = source.read(path if width == WIDTH else f"{path}.p/{width}")
    if data is None and width < WIDTH:
        data = source.read(path)
    if data is None:
        raise CannotCheckError(f"the log does not serve {path} that its checkpoint promises")
    return split_bundle(data, width, path)


def digest_of(entries: list[bytes]) -> bytes:
    """A hash by which a bundle is known again, each entry with its length."""
    lengths = ",".join([str(len(entry)) for entry in entries])
    return hashlib.sha256(lengths.encode() + b"\n" + b"".join(entries)).digest()


def tops(entries: list[bytes]) -> list[tuple[int, bytes]]:
    """A bundle's part of the tree: (height, hash) of its root, or of each leaf if it is partial."""
    sha256 = hashlib.sha256
    row = [sha256(b"\0" + entry).digest() for entry in entries]
    if len(row) < WIDTH:
        return [(0, leaf) for leaf in row]
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=True)
        row = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return [(8, row[0])]


class Entries:
    """All entries up to the checkpoint's size: hashed once in order, and readable again."""

    def __init__(self, place: str, source: Folder | Site, size: int) -> None:
        self.place, self.source, self.size = place, source, size
        self.held: list[bytes] = []  # at place k: the root of 2^k leaves, or b""
        self.digests: list[bytes] = []
        self.cache: OrderedDict[int, list[bytes]] = OrderedDict()

    def chunks(self, jobs: int, plainly: bool) -> Iterator["Chunk"]:  # noqa: FBT001
        """Chunk after chunk, in order; the root grows on the way. `jobs` processes read."""
        for chunk in self._read_beside(jobs, plainly) if jobs else self._read(plainly):
            self.digests += chunk.digests
            for height, node in chunk.nodes:
                self._push(node, height)
            yield chunk

    def _starts(self) -> range:
        return range(0, -(-self.size // WIDTH), CHUNK_BUNDLES)

    def _read(self, plainly: bool) -> Iterator["Chunk"]:  # noqa: FBT001
        for start in self._starts():
            yield read_chunk(self.source, start, self.size, plainly)

    def _read_beside(self, jobs: int, plainly: bool) -> Iterator["Chunk"]:  # noqa: FBT001
        own = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(jobs, own, initializer=_begin_job, initargs=(self.place,))
        waiting: deque[Future[bytes]] = deque()
        try:
            for start in self._starts():
                waiting.append(pool.submit(_job, start, self.size, plainly))
                if len(waiting) > jobs * CHUNKS_AHEAD:
                    yield _chunk(waiting.popleft().result())
            while waiting:
                yield _chunk(waiting.popleft().result())
        except BrokenProcessPool as error:
            raise CannotCheckError("a reading process ended; try again with --jobs 0") from error
        finally:
            pool.shutdown(cancel_futures=True)

    def root(self) -> bytes:
        """The RFC 6962 root of what was read."""
        root = b""
        for held in self.held:
            if held:
                root = _node(held, root) if root else held
        return root or hashlib.sha256(b"").digest()

    def again(self, number: int) -> bytes:
        """An entry that was hashed before, and is still the same. Raises BrokenLogError."""
        index, place = divmod(number, WIDTH)
        entries = self.cache.get(index)
        if entries is None:
            entries = read_bundle(self.source, index, self.size)
            if digest_of(entries) != self.digests[index]:
                raise BrokenLogError(f"bundle {index} has changed while it was read")
            self.cache[index] = entries
            if len(self.cache) > CACHED_BUNDLES:
                self.cache.popitem(last=False)
        return entries[place]

    def _push(self, node: bytes, height: int) -> None:
        while len(self.held) <= height:
            self.held.append(b"")
        while self.held[height]:
            node = _node(self.held[height], node)
            self.held[height] = b""
            height += 1
            if height == len(self.held):
                self.held.append(b"")
        self.held[height] = node


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


# --- what a kind gives ----------------------------------------------------------------------------

KINDS = {
    "ratio": {"numerator": 1, "denominator": 1},
    "flat": {"amount": 1},
    "per-unit": {"unit": 1, "each": 1, "units_max": 0},
    "tier-bonus": {"tiers": 0},
    "random-range": {"low": 0, "high": 0, "chance": 1},
    "one-one-x": {"on": 0, "low": 0, "high": 0},
    "friends": {"on": 0, "friends": 1, "low": 1, "high": 1},
    "coupon": {"count": 1, "permille": 1, "most": 1},
    "lump-sum": {"threshold": 1, "amount": 1},
    "quadratic": {"unit": 1},
}
"""By kind its numbers with their least values; `on` is a rule code, `tiers` a list of pairs."""
SHARED = {"ratio", "flat", "per-unit", "tier-bonus", "quadratic"}
DRAWING = {"random-range", "one-one-x", "friends"}
ALPHA = 10**18

Formula = Callable[[int, int, bytes], int]
"""From the gift's amount, the match of the rule it is on, and 16 drawn bytes, to the match."""


def formula(gives: dict[str, Any]) -> Formula:
    """What a rule's kind gives, before fills, caps and money."""
    g = gives
    numerator, denominator = g.get("numerator", 0), g.get("denominator", 1)
    formulas: dict[str, Formula] = {
        "ratio": lambda amount, _base, _draw: amount * numerator // denominator,
        "flat": lambda _amount, _base, _draw: int(g["amount"]),
        "per-unit": lambda amount, _base, _draw: units(amount, g) * g["each"],
        "tier-bonus": lambda amount, _base, _draw: amount * tier(amount, g["tiers"]) // PERMILLE,
        "random-range": lambda amount, _base, draw: (
            amount * pick(draw, g) // PERMILLE if happens(draw, g["chance"]) else 0
        ),
        "one-one-x": lambda _amount, base, draw: base * pick(draw, g) // PERMILLE,
        "friends": lambda _amount, base, draw: (
            base * (g["low"] if g["low"] == g["high"] else pick(draw, g))
        ),
        "coupon": lambda amount, _base, _draw: min(amount * g["permille"] // PERMILLE, g["most"]),
        "lump-sum": lambda _amount, _base, _draw: int(g["amount"]),
        "quadratic": lambda amount, _base, _draw: amount,
    }
    return formulas[g["kind"]]


def units(amount: int, gives: dict[str, Any]) -> int:
    """Full units in a gift, as many as count."""
    full = amount // int(gives["unit"])
    return min(full, gives["units_max"]) if gives["units_max"] else full


def tier(amount: int, tiers: list[list[int]]) -> int:
    """The per mille of the highest tier that a gift reaches, or 0."""
    return max((permille_at for permille_at in tiers if permille_at[0] <= amount), default=[0, 0])[
        1
    ]


def happens(draw: bytes, chance: int) -> bool:
    """Whether a chance of so many per mille comes true: the first 8 bytes say."""
    return int.from_bytes(draw[:8], "big") * PERMILLE >> 64 < chance


def pick(draw: bytes, gives: dict[str, Any]) -> int:
    """A whole number of low..high: the last 8 bytes say."""
    low, high = int(gives["low"]), int(gives["high"])
    return low + (int.from_bytes(draw[8:], "big") * (high - low + 1) >> 64)


def drawn(seed: bytes, digest: bytes, place: int, rule: str) -> bytes:
    """The 16 bytes that a rule draws for the gift at a place of an inbox row."""
    return hmac.digest(seed, digest + place.to_bytes(4, "big") + rule.encode(), "sha256")[:16]


def split_evenly(claims: list[tuple[int, int]], budget: int) -> dict[int, int]:
    """Shares of (number, claim) pairs: pro rata, largest remainders first, then smaller numbers."""
    total = sum(claim for _, claim in claims)
    if not total:
        return {}
    shares = {number: claim * budget // total for number, claim in claims}
    over = budget - sum(shares.values())
    ranked = sorted(claims, key=lambda pair: (-(pair[1] * budget % total), pair[0]))
    for number, _ in ranked[:over]:
        shares[number] += 1
    return shares


def quadratic(budget: int, unit: int, roots: list[tuple[int, int]]) -> list[int]:
    """What a pool adds to projects with these (sum of roots, sum of squared roots).

    Project p gets alpha x unit x (votes^2 - spent), alpha a multiple of 10^-18, at most 1, the
    greatest that the budget pays; with its gifts (unit x spent) it is rounded down.
    """
    weight = unit * sum(votes * votes - spent for votes, spent in roots)
    alpha = min(budget, weight) * ALPHA // weight if weight else 0
    return [alpha * unit * (votes * votes - spent) // ALPHA for votes, spent in roots]


# --- what the log has said so far -----------------------------------------------------------------

PERSON_BOUNDS = {"person-day", "person-campaign"}
MONEY_BOUNDS = {"window", "slice", "pool"}
CAPS = ("gift", "person_day", "person_campaign", "project", "charity")
BOUNDLESS = 1 << 62


@dataclass(slots=True)
class Pool:
    """A sponsor's pool: what came in, what is left, what each day used, where the rest is."""

    code: str
    campaign: str
    back: str
    notice_days: int
    left: int = 0
    funded: int = 0
    matched: int = 0
    returned: int = 0
    unspent: int = 0
    until_s: int = 0
    """When the notice is over; 0 before it has begun."""
    closed: bool = False
    rest: int = 0
    spread: list[tuple[str, int]] = field(default_factory=list)
    """Shares of the rest that `close` entries still have to show."""
    how: dict[str, int] = field(default_factory=dict)
    """Secured and trusted money that has not been paid out."""
    promised: dict[str, int] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)
    begins: dict[str, tuple[tuple[int, int], int]] = field(default_factory=dict)
    """By project: where what was released begins in its lines, and how much that is."""
    recovered: dict[str, int] = field(default_factory=dict)
    """By project: what came back of that."""
    payable: dict[str, int] = field(default_factory=dict)
    """Released and not yet paid, by charity."""
    used: dict[int | str, int] = field(default_factory=dict)
    """By day, by the Unix minute of a slice without carry, by "close" or "retro"."""


@dataclass(slots=True)
class Rule:
    """One rule version, its terms laid out for the many gifts before it."""

    name: str
    code: str
    pool: Pool
    campaign: str
    number: int
    from_s: int
    terms: dict[str, Any]
    kind: str
    gives: Formula
    gift_min: int
    named_only: bool
    gift_cap: int
    day_cap: int
    campaign_cap: int
    project_cap: int
    charity_cap: int
    budget: int
    opens: int
    closes: int
    slice_minutes: int
    slice_budget: int
    carry: bool
    surprise: str
    at_once: bool
    whole: bool
    fills: str
    on: str
    draws: bool
    silent: bool
    hindered: bool
    """Whether one of the rarer reasons not to match may apply."""
    plain: bool
    """Whether amount, limits of gift, day and project, and money are all that decides."""

    def slice_of(self, moment: "Moment") -> int | str:
        """The Unix minute at which a moment's slice begins, or "close" where there are none."""
        if not self.slice_minutes:
            return "close"
        return moment.at_s // 60 - (moment.minute - self.opens) % self.slice_minutes


@dataclass(slots=True)
class Day:
    """One day of one campaign, as far as caps of a person reach."""

    matched: int = 0
    """Matches and claims of gifts with a tag."""
    sealed: int = 0
    rows: list[int] = field(default_factory=list)
    """Sums of the newest table, largest first, where a cap spans the campaign."""
    tags: dict[str, dict[bytes, int]] = field(default_factory=lambda: defaultdict(dict))
    """By project: what each tag was matched. Two tags of one project are two persons."""
    caps: set[int] = field(default_factory=set)
    cut: dict[tuple[int, str], set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """By cap and project: the tags that the cap has cut."""


@dataclass(slots=True)
class Tally:
    """What caps count of a project or a charity in a campaign: matches and claims."""

    counted: int = 0


@dataclass(slots=True)
class Total:
    """The running totals of a project in a campaign, under the names that seals use."""

    cnt: int = 0
    don: int = 0
    match: int = 0
    refund: int = 0
    back: int = 0


@dataclass(slots=True)
class Moment:
    """A minute in a campaign: its day, its minute of the day, the rules in force."""

    at_s: int
    day: int
    minute: int
    of_day: Day
    rules: list[Rule]
    draws: bool
    silent: bool
    leans: bool
    plain: list[Rule] | None
    """The rules, one list for all minutes that have the same, if gifts can go the short way."""


@dataclass(slots=True)
class Campaign:
    """A campaign's terms, its rules and totals."""

    code: str
    opens_s: int
    closes_s: int
    channels: list[str]
    rules: list[Rule] = field(default_factory=list)
    moments: dict[str, Moment] = field(default_factory=dict)
    lines: dict[tuple[str, ...], list[Rule]] = field(default_factory=dict)
    """By the names of rules in force together, as far as gifts can go the short way."""
    totals: dict[str, Total] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    """By "prj <code>" and "org <code>"; nothing is given back."""
    days: dict[int, Day] = field(default_factory=lambda: defaultdict(Day))
    caps: set[int] = field(default_factory=set)
    """Caps of a person over the campaign under which something was matched; 0 for none."""
    cut: dict[tuple[int, str], set[bytes]] = field(default_factory=lambda: defaultdict(set))
    sealed_at: int = 0

    def moment(self, text: str) -> Moment:
        """What the calendar and the rules have for a minute."""
        found = self.moments.get(text)
        if found is None:
            if len(self.moments) > MINUTES_KEPT:
                self.moments.clear()
            at_s = minute(text)
            newest = {rule.code: rule for rule in self.rules if rule.from_s <= at_s}
            rules = [each for each in newest.values() if each.terms["decided"] != "retro"]
            local_s = at_s + SHIFT_SECONDS
            minute_of_day = local_s % DAY_SECONDS // 60
            plain = self.opens_s <= at_s < self.closes_s and all(
                rule.plain and rule.opens <= minute_of_day < rule.closes for rule in rules
            )
            names = tuple([rule.name for rule in rules])
            found = self.moments[text] = Moment(
                at_s,
                local_s // DAY_SECONDS,
                minute_of_day,
                self.days[local_s // DAY_SECONDS],
                rules,
                any(rule.draws for rule in rules),
                any(rule.silent for rule in rules),
                any(rule.fills or rule.on for rule in rules),
                self.lines.setdefault(names, rules) if plain else None,
            )
        return found

    def total(self, project: str, asset: str) -> Total:
        """The running totals under the name that seals use; yuan have no suffix."""
        label = project if asset == POOL_ASSET else f"{project}/{asset}"
        return self.totals.get(label) or self.totals.setdefault(label, Total())

    def sums(self) -> dict[str, dict[str, int]]:
        """All running totals as a seal has them."""
        return {label: asdict(total) for label, total in sorted(self.totals.items())}

    def begun(self) -> bool:
        """Whether a gift was made; before the first nobody was promised anything."""
        return any(total.cnt for total in self.totals.values())

    def tag_sum(self, project: str, tag: bytes) -> int:
        """What one tag was matched on all days."""
        return sum(day.tags.get(project, {}).get(tag, 0) for day in self.days.values())

    def cuts_wait(self) -> bool:
        """Whether the check of cuts at a whole-campaign cap lacks a day's table."""
        return bool(self.cut) and any(day.sealed != day.matched for day in self.days.values())


@dataclass(slots=True)
class Channel:
    """A channel's clock and draw limit, and what it drew."""

    code: str
    clock: str
    draw: int
    drawn: int = 0


@dataclass(slots=True)
class Line:
    """A money line: its head, up to where it is spent, and what of it is void, in fen."""

    head: int = 0
    spent_to: int = 0
    voids: list[tuple[int, int]] = field(default_factory=list)
    """[from, to) in their order; none touches the next, none is before `spent_to`."""
    void: int = 0
    """What was made void in all, and what was spent."""
    spent: int = 0

    def left(self) -> int:
        """What can be spent."""
        return self.head - self.void - self.spent

    def end_of(self, amount: int) -> int:
        """Where the next expense of this amount ends."""
        at = self.spent_to
        for start, end in self.voids:
            if amount <= start - at:
                break
            amount -= start - at
            at = end
        return at + amount

    def take_out(self, start: int, end: int) -> int:
        """Make void what of [start, end) is not spent; return how much is."""
        unspent = min(max(start, self.spent_to), end)
        if unspent < end:
            insort(self.voids, (unspent, end))
            self.void += end - unspent
        return unspent - start


@dataclass(slots=True)
class Project:
    """A project: whose it is, whether it takes gifts, whether it is frozen, its two lines."""

    code: str
    org: str
    running: int = 0
    """Running costs, per mille."""
    open: bool = True
    frozen: int = 0
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    """Its gifts' numbers, in their order, and their amounts."""
    amounts: "array[int]" = field(default_factory=lambda: array("q"))
    marks: list[tuple[int, int, int]] = field(default_factory=lambda: [(0, 0, 0)])
    """(place in `numbers`, heads of both lines before it), now and then."""
    lines: dict[str, Line] = field(default_factory=lambda: {name: Line() for name in LINE_NAMES})
    counted: int = 0
    """How many gifts the lines' heads count."""

    def cut(self, amount: int) -> tuple[int, int]:
        """What of an amount goes to each line."""
        running = amount * self.running // PERMILLE
        return amount - running, running

    def catch_up(self) -> None:
        """Let the lines' heads count all gifts so far."""
        programme, running = (self.lines[name] for name in LINE_NAMES)
        for place in range(self.counted, len(self.amounts)):
            if not place % MARK_EVERY:
                self.marks.append((place, programme.head, running.head))
            one, other = self.cut(self.amounts[place])
            programme.head += one
            running.head += other
        self.counted = len(self.amounts)

    def enter(self, amount: int) -> tuple[int, int]:
        """Put money that is no gift at the ends of the lines; return where it begins."""
        self.catch_up()
        begins = tuple([self.lines[name].head for name in LINE_NAMES])
        for name, part in zip(LINE_NAMES, self.cut(amount), strict=True):
            self.lines[name].head += part
        heads = [self.lines[name].head for name in LINE_NAMES]
        self.marks.append((self.counted, heads[0], heads[1]))
        return begins[0], begins[1]

    def place_of(self, number: int) -> tuple[int, int]:
        """Where a gift begins in both lines."""
        self.catch_up()
        place = bisect_left(self.numbers, number)
        if place == len(self.numbers) or self.numbers[place] != number:
            raise EntryWrongError(f"entry {number} is not on the project's lines")
        at, programme, running = self.marks[bisect_right(self.marks, (place, MOST, MOST)) - 1]
        for amount in self.amounts[at:place]:
            one, other = self.cut(amount)
            programme += one
            running += other
        return programme, running

    def give_up(self, begins: tuple[int, int], of: int, done: int, amount: int) -> int:
        """Take part of what entered together out of both lines, from its ends; return the spent.

        `of` is what entered, `done` what was taken out of it before.
        """
        self.catch_up()
        whole = self.cut(of)
        running = [whole[1] * each // of for each in (done, done + amount)]
        gone = (done - running[0], done + amount - running[1]), tuple(running)
        covered = 0
        for name, start, length, (before, after) in zip(
            LINE_NAMES, begins, whole, gone, strict=True
        ):
            end = start + length
            covered += self.lines[name].take_out(end - after, end - before)
        return covered


@dataclass(slots=True)
class Seed:
    """A committed seed, and the matches that wait for it."""

    hash: str
    revealed: bool = False
    waiting: list["Case"] = field(default_factory=list)


@dataclass(slots=True)
class Closing:
    """The claims of one rule version and slice, and how far they are shared."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    claims: "array[int]" = field(default_factory=lambda: array("q"))
    projects: list[str] = field(default_factory=list)
    tags: list[bytes] = field(default_factory=list)
    """Only where roots of a donor's sum are taken."""
    begun: bool = False
    done: bool = False
    budget: int = 0
    total: int = 0
    count: int = 0
    shares: dict[int, int] = field(default_factory=dict)
    """What each claim is to get, by its gift's number; taken out as it is paid."""
    paid: dict[int, int] = field(default_factory=dict)
    upto: int = -1
    at: int = 0
    left: int = 0
    due: list[list[Any]] = field(default_factory=list)
    """Quadratic: the projects that entries still have to show."""


NO_MOMENT = Moment(0, 0, 0, Day(), [], draws=False, silent=False, leans=False, plain=None)


class Shown(NamedTuple):
    """A match as a leaf shows it."""

    amount: int
    by: str
    claim: int
    for_: int
    pool: str
    rule: str


class Don(NamedTuple):
    """A gift as its leaf shows it; absent fields are "" and -1."""

    number: int
    amount: int
    channel: str
    coupon: str
    asset: str
    place: int
    invited: int
    project: str
    campaign: str
    minute: str
    tag: bytes
    matches: list[Shown]


class Route(NamedTuple):
    """Where gifts go: looked up once for the many of one channel, project, campaign and money."""

    campaign: Campaign
    channel: Channel
    project: Project
    total: Total
    of_project: Tally
    of_charity: Tally


class Lane(NamedTuple):
    """What gifts with the same channel, project, campaign, rules and bounds have in common."""

    route: Route | None
    rules: list[Rule] | None
    """Those whose matches the gifts show; None where each gift has to go the long way."""
    bys: tuple[str, ...]
    names: list[tuple[str, int, int, str, str]] | None
    """What stands behind each amount: as in Shown; None where it is no match."""


class Gift(NamedTuple):
    """A gift before the rules."""

    don: Don
    moment: Moment
    route: Route
    before: int = 0
    """What the project was given before it in the campaign."""
    friend_of: Don | None = None
    friends: int = 0


class Facts(NamedTuple):
    """All that decides a match but what its kind gives, as it stood when it was decided."""

    rule: Rule
    filled: int
    given: int
    by: str
    cap: int
    """The smallest room of project, charity and channel."""
    cap_by: str
    money: int
    """The smallest room of window, slice and pool."""
    money_by: str
    tag: bytes
    day_used: int
    campaign_used: int
    free: bool
    """Whether other rules' caps may have left a person less than no room."""


class Case(NamedTuple):
    """A match that waits for its seed."""

    number: int
    facts: Facts
    amount: int
    base: int
    digest: bytes
    place: int


def need(condition: object, otherwise: str) -> None:
    """Raise EntryWrongError unless the condition holds."""
    if not condition:
        raise EntryWrongError(otherwise)


def whole(value: object, name: str, least: int = 0) -> int:
    """An integer of at least so much, or EntryWrongError."""
    if type(value) is not int or not least <= value < 1 << 53:
        raise EntryWrongError(f"{name} is {value!r}")
    return value


@lru_cache(maxsize=100_000)
def minute(text: str) -> int:
    """Unix seconds of 2026-09-09T01:12Z. Raises ValueError."""
    found = dt.datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=dt.UTC)
    if found.strftime("%Y-%m-%dT%H:%MZ") != text:
        raise ValueError(f"not a minute: {text}")
    return int(found.timestamp())


def minute_text(at_s: int) -> str:
    """2026-09-09T01:12Z."""
    return dt.datetime.fromtimestamp(at_s, dt.UTC).strftime("%Y-%m-%dT%H:%MZ")


def day_number(text: str) -> int:
    """Days from 1970-01-01 to 2026-09-09. Raises ValueError."""
    return dt.date.fromisoformat(text).toordinal() - dt.date(1970, 1, 1).toordinal()


def day_text(number: int) -> str:
    """The day of a number."""
    return str(dt.date.fromordinal(number + dt.date(1970, 1, 1).toordinal()))


def day_start_s(day: int) -> int:
    """Unix seconds at which a Shanghai day begins."""
    return day * DAY_SECONDS - SHIFT_SECONDS


def canonical(value: object) -> bytes:
    """JSON as RFC 8785 writes it, for the values that the log holds."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")


decoder = json.JSONDecoder(parse_float=_refuse_float, parse_constant=_refuse_float)

# --- gifts as the log spells them -----------------------------------------------------------------

_INT, _B64, _CODE = "(0|[1-9][0-9]{0,14})", "[A-Za-z0-9+/]", "[A-Za-z0-9._-]+"
_CM = f'"cm":"{_B64}{{42}}[048AEIMQUYcgkosw]=",'
_MATCHES = f'"m":\\[{{"amt":{_INT},([^\\[\\]\\n]*)}}\\],'
_MINUTE, _TAG = "[0-9TZ:-]{17}", f'"tag":"({_B64}{{21}}[AQgw]==)",'
DON = re.compile(
    f'{{"amt":{_INT},"ch":"({_CODE})",(?:{_CM})?(?:"cpn":"({_CODE})",)?"cur":"({_CODE})",'
    f'(?:"i":{_INT},)?(?:"inv":{_INT},)?"k":"don",(?:{_MATCHES})?"n":{_INT},"prj":"({_CODE})",'
    f'(?:"rd":"({_CODE})",)?"t":"({_MINUTE})",(?:{_TAG})?"v":1}}'
)
"""The one spelling of a gift. What it does not fit may still be one: then JSON tells."""
GIFTS = re.compile(
    f'^(?:{{"amt":{_INT},"ch":"({_CODE})",(?:{_CM})?"cur":"CNY","k":"don",(?:{_MATCHES})?'
    f'"n":{_INT},"prj":"({_CODE})","rd":"({_CODE})","t":"({_MINUTE})",(?:{_TAG})?"v":1}}|.*)$',
    re.MULTILINE,
)
"""The same for gifts in yuan to a campaign, without coupon, place and invitation: the many. Of any
other line all groups are empty."""
MATCH = re.compile(
    f'"by":"([a-z-]+)",(?:"c":{_INT},)?(?:"for":{_INT},)?"pool":"({_CODE})","r":"({_CODE})"'
)
NUMBER, CODE, BY = re.compile(_INT), re.compile(_CODE), re.compile("[a-z-]+")


@lru_cache(maxsize=10_000)
def read_match(text: str) -> tuple[str, int, int, str, str] | None:
    """The rest of a match behind its amount; the same for many gifts."""
    found = MATCH.fullmatch(text)
    if found is None:
        return None
    by, claim, for_, pool, rule = found.groups()
    return by, int(claim or 0), -1 if for_ is None else int(for_), pool, rule


def cut_matches(amount: str, rest: str) -> tuple[list[str], list[str]]:
    """The matches of a leaf as their amounts, and what stands behind each; nothing is checked."""
    first, *others = rest.split('},{"amt":')
    parts = [each.partition(",") for each in others]
    return [amount, *(part[0] for part in parts)], [first, *(part[2] for part in parts)]


def read_matches(amount: str, rest: str) -> list[Shown] | None:
    """The matches of a leaf, from the first one's amount and all that follows; None: no matches."""
    matches: list[Shown] = []
    for each, behind in zip(*cut_matches(amount, rest), strict=True):
        part = read_match(behind)
        if part is None or not NUMBER.fullmatch(each):
            return None
        matches.append(Shown(int(each), *part))
    return matches


def read_don(text: str) -> Don | None:
    """A gift's leaf read by one pattern that only its one spelling fits; None for any other."""
    found = DON.fullmatch(text)
    if found is None:
        return None
    (
        amount,
        channel,
        coupon,
        asset,
        place,
        invited,
        first,
        rest,
        number,
        project,
        campaign,
        at,
        tag,
    ) = found.groups()
    matches = read_matches(first, rest) if first is not None else []
    if matches is None:
        return None
    return Don(
        int(number),
        int(amount),
        channel,
        coupon or "",
        asset,
        -1 if place is None else int(place),
        -1 if invited is None else int(invited),
        project,
        campaign or "",
        at,
        binascii.a2b_base64(tag) if tag else b"",
        matches,
    )


def don_of(e: dict[str, Any]) -> Don:
    """A gift's leaf read as JSON. Raises EntryWrongError, ValueError, TypeError, LookupError."""
    for name in ("ch", "cpn", "cur", "prj", "rd"):
        need(name not in e or CODE.fullmatch(e[name]), f"{name} is {e.get(name)!r}")
    tag = decode64(e["tag"]) if "tag" in e else b""
    need(len(tag) == (TAG_BYTES if "tag" in e else 0), "a tag has 16 bytes")
    need("cm" not in e or len(decode64(e["cm"])) == HASH_BYTES, "cm has 32 bytes")
    need("m" not in e or e["m"], "no matches, but a list of them")
    matches: list[Shown] = []
    for m in e.get("m", ()):
        need({"amt", "by", "pool", "r"} <= m.keys() <= set(MATCH_FIELDS), f"a match {sorted(m)}")
        need(BY.fullmatch(m["by"]), f"by is {m['by']!r}")
        need(CODE.fullmatch(m["pool"]) and CODE.fullmatch(m["r"]), f"a match {m}")
        claim, for_ = whole(m.get("c", 0), "c"), whole(m["for"], "for") if "for" in m else -1
        matches.append(Shown(whole(m["amt"], "amt"), m["by"], claim, for_, m["pool"], m["r"]))
    return Don(
        whole(e["n"], "n"),
        whole(e["amt"], "amt"),
        e["ch"],
        e.get("cpn", ""),
        e["cur"],
        whole(e["i"], "i") if "i" in e else -1,
        whole(e["inv"], "inv") if "inv" in e else -1,
        e["prj"],
        e.get("rd", ""),
        e["t"],
        tag,
        matches,
    )


Where = tuple[str, ...]
"""Channel, project and campaign of a gift, then what stands behind the amount of each match."""
Apart = tuple[int, int, int, tuple[int, ...], bytes]
"""A gift taken apart: place in `wheres`, in `whens`, amount, matches, tag."""
Row = bytes | Apart
"""An entry as it is, or a gift taken apart."""


class Chunk(NamedTuple):
    """Some bundles as one process read them: hashed, and their many gifts taken apart."""

    first: int
    digests: list[bytes]
    nodes: list[tuple[int, bytes]]
    wheres: list[Where]
    whens: list[tuple[str, str]]
    """Campaign and minute."""
    rows: list[Row]


def read_chunk(source: Folder | Site, start: int, size: int, plainly: bool) -> Chunk:  # noqa: FBT001
    """Read and hash the bundles from `start` on. Raises CannotCheckError, BrokenLogError."""
    digests, nodes, rows = list[bytes](), list[tuple[int, bytes]](), list[Row]()
    wheres, whens = dict[Where, int](), dict[tuple[str, str], int]()
    for index in range(start, min(start + CHUNK_BUNDLES, -(-size // WIDTH))):
        entries = read_bundle(source, index, size)
        digests.append(digest_of(entries))
        nodes += tops(entries)
        rows += entries if plainly else take_apart(index * WIDTH, entries, wheres, whens)
    return Chunk(start * WIDTH, digests, nodes, list(wheres), list(whens), rows)


def take_apart(
    first: int, entries: list[bytes], wheres: dict[Where, int], whens: dict[tuple[str, str], int]
) -> list[Row]:
    """Take the many gifts of a bundle apart; leave every other entry as it is."""
    rows: list[Row] = list(entries)
    try:
        lines = GIFTS.findall(b"\n".join(entries).decode())
    except UnicodeDecodeError:
        return rows
    if len(lines) != len(entries):  # somewhere a line ends within an entry
        return rows
    for place, (amount, channel, match, rest, number, project, campaign, at, tag) in enumerate(
        lines
    ):
        if not amount or int(number) != first + place:
            continue
        where: Where = (channel, project, campaign)
        shown: tuple[int, ...] = ()
        if match:
            if "{" in rest:
                amounts, behind = cut_matches(match, rest)
                if not all(NUMBER.fullmatch(each) for each in amounts):
                    continue
                shown, where = tuple(map(int, amounts)), (*where, *behind)
            else:
                shown, where = (int(match),), (channel, project, campaign, rest)
        when = (campaign, at)
        rows[place] = (
            wheres.setdefault(where, len(wheres)),
            whens.setdefault(when, len(whens)),
            int(amount),
            shown,
            binascii.a2b_base64(tag),
        )
    return rows


_job_source: list[Folder | Site] = []


def _begin_job(place: str) -> None:
    gc.disable()  # nothing here ever refers to itself
    _job_source.append(open_source(place))


def _job(start: int, size: int, plainly: bool) -> bytes:  # noqa: FBT001
    return marshal.dumps(tuple(read_chunk(_job_source[0], start, size, plainly)))


def _chunk(data: bytes) -> Chunk:
    return Chunk(*marshal.loads(data))  # noqa: S302 - of a process of our own


# --- forms ----------------------------------------------------------------------------------------

FIELDS = {
    "don": "amt ch cur k n prj t v|cm cpn i inv m rd tag",
    "held": "amt ch cur k n t v why|",
    "refund": "amt cur k n ref t v|cov m",
    "repaid": "amt cur k n ref t v|",
    "residue": "amt cur h k n order org ref t v|",
    "channel": "ch clock draw k n t v|",
    "reconciled": "amt ch day k n t v|",
    "charity": "k n org t v|",
    "project": "k n prj st t v|org run",
    "campaign": "chs from k n rd t to v|",
    "pool": "amt cur how k n pool rd t v|back notice",
    "rule": "from h k n pool r rd t terms v|",
    "seal": "k n rd t v|day persons sums sums_hash",
    "draw": "d k n t v|",
    "seed": "day h k n r t v|",
    "reveal": "h k n s t v|",
    "share": "bud cnt k n pool r rd slice t tot v|left m prj upto",
    "freeze": "k n prj st t v|hold",
    "clawback": "k n ref t v|cov m",
    "review": "k n ref st t v|",
    "notice": "k n pool t until v|",
    "close": "k n pool rest t to v|prj",
    "release": "amt k n org pool prj t v|",
    "paid": "amt how k n org pool t v|",
    "spend": "amt at ev h k line n prj ref t v what|",
    "accounts": "day h k n org t v|",
}
MATCH_FIELDS = ("amt", "by", "c", "for", "pool", "r")
MUST = {kind: frozenset(text.split("|")[0].split()) for kind, text in FIELDS.items()}
MAY = {kind: MUST[kind] | set(text.split("|")[1].split()) for kind, text in FIELDS.items()}
TERMS = {"anonymous", "caps", "decided", "exhaustion", "fills", "gift_min", "gives", "late_minutes"}
TERMS |= {"share", "since", "title_en", "title_zh", "until", "window"}
WINDOW = {"budget", "carry", "from_minute", "slice_budget", "slice_minutes", "surprise"}
WINDOW |= {"to_minute"}
WORDS = {
    "anonymous": {"none", "gift"},
    "decided": {"at-once", "slice", "close", "retro"},
    "exhaustion": {"partial", "whole"},
    "share": {"claims", "all"},
}
RULES_MAX = 12
LATE_MINUTES_MIN = 11


def check_terms(terms: dict[str, Any]) -> None:
    """Refuse a rule document that has no one meaning. Raises EntryWrongError."""
    window, caps, decided = terms["window"], terms["caps"], terms["decided"]
    need(terms.keys() == TERMS and window.keys() == WINDOW, "terms of another form")
    need(caps.keys() == set(CAPS), "unknown caps")
    for name, words in WORDS.items():
        need(terms[name] in words, f"{name} is {terms[name]!r}")
    for name in CAPS:
        whole(caps[name], name)
    for name in ("budget", "slice_minutes", "slice_budget"):
        whole(window[name], name)
    whole(terms["gift_min"], "gift_min")
    whole(terms["late_minutes"], "late_minutes", LATE_MINUTES_MIN)
    opens, closes = whole(window["from_minute"], "from"), whole(window["to_minute"], "to", 1)
    need(opens < closes <= DAY_SECONDS // 60, "a window lies within one day")
    size = window["slice_minutes"]
    need((size == 0) == (window["slice_budget"] == 0), "slices need minutes and a budget")
    need(size <= closes - opens and type(window["carry"]) is bool, "a slice lies in its window")
    need(decided != "slice" or size, "what slices decide needs slices")
    need(not size or decided in {"at-once", "slice"}, "slices of a rule that has none")
    span = minute(terms["since"]) < minute(terms["until"]) if decided == "retro" else None
    need(span or not (terms["since"] or terms["until"] or span is False), "since and until")
    need(terms["share"] == "claims" or decided in {"slice", "close"}, "nothing to share")
    need(not window["surprise"] or len(decode64(window["surprise"])) == HASH_BYTES, "surprise")
    check_kind(terms, terms["gives"])


def check_kind(terms: dict[str, Any], gives: dict[str, Any]) -> None:
    """Refuse what a kind cannot mean. Raises EntryWrongError."""
    kind, caps, decided = gives["kind"], terms["caps"], terms["decided"]
    need(kind in KINDS and gives.keys() == KINDS[kind].keys() | {"kind"}, f"kind {kind!r}")
    for name, least in KINDS[kind].items():
        if name not in {"on", "tiers"}:
            whole(gives[name], name, least)
    if kind == "tier-bonus":
        tiers = [(whole(a, "tier"), whole(b, "tier")) for a, b in gives["tiers"]]
        grows = all(a[0] < b[0] for a, b in itertools.pairwise(tiers))
        need(tiers and grows, "tiers do not grow")
    if "low" in gives:
        need(gives["low"] <= gives["high"], "low is above high")
    need(gives.get("chance", 0) <= PERMILLE, "a chance above 1000")
    need(decided == "at-once" or kind in SHARED, "this kind is decided at once")
    need(decided == "at-once" or not terms["fills"], "what fills is decided at once")
    if kind == "quadratic":
        need(decided == "close" and terms["share"] == "claims", "quadratic is decided at close")
        need(not any(caps[name] for name in CAPS[1:]), "quadratic goes without such caps")


def read_rule(e: dict[str, Any], pool: Pool) -> Rule:
    """Lay a rule entry out. Raises EntryWrongError for terms that mean nothing."""
    terms = e["terms"]
    check_terms(terms)
    gives, caps, window = terms["gives"], terms["caps"], terms["window"]
    kind = gives["kind"]
    return Rule(
        name=e["r"],
        code=e["r"].rpartition(".")[0],
        pool=pool,
        campaign=e["rd"],
        number=e["n"],
        from_s=minute(e["from"]),
        terms=terms,
        kind=kind,
        gives=formula(gives),
        gift_min=0 if kind == "lump-sum" else terms["gift_min"],
        named_only=terms["anonymous"] == "none" and kind != "lump-sum",
        gift_cap=0 if kind == "lump-sum" else caps["gift"],
        day_cap=caps["person_day"],
        campaign_cap=caps["person_campaign"],
        project_cap=caps["project"],
        charity_cap=caps["charity"],
        budget=window["budget"],
        opens=window["from_minute"],
        closes=window["to_minute"],
        slice_minutes=window["slice_minutes"],
        slice_budget=window["slice_budget"],
        carry=window["carry"],
        surprise=window["surprise"],
        at_once=terms["decided"] == "at-once",
        whole=terms["exhaustion"] == "whole",
        fills=terms["fills"],
        on=gives.get("on", ""),
        draws=kind in DRAWING and not (kind == "friends" and gives["low"] == gives["high"]),
        silent=kind in {"coupon", "friends", "lump-sum"} or bool(window["surprise"]),
        hindered=kind in DRAWING or kind == "coupon" or terms["decided"] != "at-once",
        plain=kind in {"ratio", "flat", "per-unit", "tier-bonus"}
        and (terms["decided"], terms["exhaustion"], terms["fills"]) == ("at-once", "partial", "")
        and not (window["surprise"] or window["slice_minutes"] or caps["person_campaign"]),
    )


class Book:
    """Everything the log has said so far, and the differences found."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.differences: list[tuple[int, str]] = []
        self.wrong = 0
        self.counts: dict[str, int] = defaultdict(int)
        self.by: dict[str, int] = defaultdict(int)
        self.last_day = 0
        self.channels: dict[str, Channel] = {}
        self.charities: set[str] = set()
        self.projects: dict[str, Project] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.outside = Campaign("", 0, 0, [])
        self.pools: dict[str, Pool] = {}
        self.rules: dict[str, Rule] = {}
        self.versions: dict[str, list[Rule]] = {}
        self.refunded: dict[int, int] = {}
        self.repaid_of: dict[int, int] = {}
        self.clawed: set[int] = set()
        self.reviews: dict[str, set[int]] = {}
        """By project: gifts whose match is held while a person looks into it."""
        self.coupons: set[str] = set()
        self.invited: dict[int, set[bytes]] = {}
        """By the inviting gift: the tags of the friends that have come."""
        self.befriended: dict[int, list[tuple[str, int]]] = {}
        """By the inviting gift: what its friends earned it, with the pool."""
        self.earlier: dict[int, tuple[str, int]] = {}
        """By gift: what a retroactive rule gave it, with the pool."""
        self.closings: dict[tuple[str, int | str], Closing] = {}
        self.seeds: dict[tuple[str, int], Seed] = {}
        self.surprises: dict[str, tuple[int, int]] = {}
        """Revealed times by their hash."""
        self.unseen: dict[str, dict[tuple[int, bool], int]] = {}
        """By the hash of times not revealed: (minute, whether the rule spoke) -> first entry."""
        self.digest, self.place = b"", -1
        self.routes: dict[tuple[str, str, str, str], Route] = {}

    def differ(self, number: int, text: str) -> None:
        """Note a difference; only the first ones are kept word for word."""
        self.wrong += 1
        if len(self.differences) < SHOWN_MAX:
            self.differences.append((number, text))

    def earlier_don(self, number: int) -> Don | None:
        """A gift that was read before; None if that entry is none."""
        text = self.entries.again(number).decode()
        if found := read_don(text):
            return found
        e = decoder.decode(text)
        return don_of(e) if e["k"] == "don" else None

    def don_at(self, number: int) -> Don:
        """A gift that was read before. Raises EntryWrongError if the entry is none."""
        found = self.earlier_don(number)
        if found is None:
            raise EntryWrongError(f"entry {number} is no gift")
        return found

    def stays(self, number: int) -> bool:
        """Whether nothing of a gift was refunded or taken back."""
        return number not in self.refunded and number not in self.clawed

    def channel(self, e: dict[str, Any]) -> None:
        """A channel gets its rights."""
        need(e["ch"] not in self.channels, "the channel exists already")
        need(e["clock"] in {"receipt", "rail", "file"}, f"clock {e['clock']!r}")
        self.channels[e["ch"]] = Channel(e["ch"], e["clock"], whole(e["draw"], "draw"))

    def reconciled(self, e: dict[str, Any]) -> None:
        """A channel's bills confirm what it drew: it may draw as much again."""
        need(e["ch"] in self.channels, f"unknown channel {e['ch']}")
        channel, amount = self.channels[e["ch"]], whole(e["amt"], "amt", 1)
        need(day_text(day_number(e["day"])) == e["day"], f"day {e['day']!r}")
        need(amount <= channel.drawn, f"{amount} reconciled of {channel.drawn} drawn")
        channel.drawn -= amount

    def charity(self, e: dict[str, Any]) -> None:
        """A charity's book is opened."""
        need(e["org"] not in self.charities, "the charity exists already")
        self.charities.add(e["org"])

    def project(self, e: dict[str, Any]) -> None:
        """A project opens, or takes no more gifts."""
        code = e["prj"]
        if e["st"] == "open":
            need(code not in self.projects, "the project exists already")
            need(e["org"] in self.charities, f"unknown charity {e['org']}")
            need(whole(e["run"], "run") <= PERMILLE, "running costs above 1000 per mille")
            self.projects[code] = Project(code, e["org"], e["run"])
            return
        project = self.projects.get(code)
        if e["st"] != "gone" or project is None or not project.open:
            raise EntryWrongError("closes what is not open")
        project.open = False

    def campaign(self, e: dict[str, Any]) -> None:
        """A campaign sets its times and channels."""
        code, opens_s, closes_s = e["rd"], minute(e["from"]), minute(e["to"])
        need(code not in self.campaigns, "the campaign exists already")
        need(opens_s < closes_s, "it closes before it opens")
        self.campaigns[code] = Campaign(code, opens_s, closes_s, list(e["chs"]))

    def pool(self, e: dict[str, Any]) -> None:
        """A sponsor puts money in."""
        need(e["rd"] in self.campaigns and e["cur"] == POOL_ASSET, "unknown campaign or money")
        need(e["how"] in {"secured", "trusted"}, f"how {e['how']!r}")
        amount, pool = whole(e["amt"], "amt", 1), self.pools.get(e["pool"])
        if pool is None:
            need(e.get("back") in {"sponsor", "spread"}, "it does not say where the rest goes")
            pool = Pool(e["pool"], e["rd"], e["back"], whole(e.get("notice"), "notice"))
            self.pools[e["pool"]] = pool
        else:
            need(not e.keys() & {"back", "notice"}, "its rest and notice are fixed already")
        need(pool.campaign == e["rd"], "the pool serves another campaign")
        need(not pool.until_s, "its notice has begun")
        pool.left += amount
        pool.funded += amount
        pool.how[e["how"]] = pool.how.get(e["how"], 0) + amount

    def rule(self, e: dict[str, Any]) -> None:
        """A rule version is published: in order, and in time once gifts have been made."""
        campaign, pool = self.campaigns[e["rd"]], self.pools[e["pool"]]
        digest = hashlib.sha256(canonical(e["terms"])).digest()
        need(decode64(e["h"]) == digest, "the document does not hash to h")
        rule = read_rule(e, pool)
        before = self.versions.setdefault(rule.code, [])
        need(e["r"] == f"{rule.code}.{len(before) + 1}", f"version {e['r']} after {len(before)}")
        need(pool.campaign == e["rd"], "the pool serves another campaign")
        need(all(each.pool is pool for each in before), "the code belongs to another pool")
        need(all(each.from_s < rule.from_s for each in before), "it begins before the one before")
        need(not pool.until_s, "its pool's notice has begun")
        self._check_company(campaign, rule)
        self.rules[rule.name] = rule
        before.append(rule)
        campaign.rules.append(rule)
        campaign.rules.sort(key=lambda each: each.from_s)
        campaign.moments.clear()
        fresh = not campaign.begun() or rule.from_s >= minute(e["t"]) + NOTICE_SECONDS
        need(fresh, "less than 60 seconds' notice")

    def _check_company(self, campaign: Campaign, rule: Rule) -> None:
        """A rule goes together with the campaign's others. Raises EntryWrongError."""
        codes = {each.code for each in campaign.rules} | {rule.code}
        need(len(codes) <= RULES_MAX, f"more than {RULES_MAX} rules")
        own = self.versions[rule.code]
        first = (own[0].from_s, own[0].number) if own else (rule.from_s, rule.number)
        for code in {rule.fills, rule.on} - {""}:
            others = [each for each in campaign.rules if each.code == code]
            earlier = any((each.from_s, each.number) < first for each in others)
            need(earlier, f"the rule {code} that it leans on does not act before it")
            need(all(each.at_once for each in others), f"{code} is not decided at once")
        beside = [
            each for each in campaign.rules if each.pool is rule.pool and each.code != rule.code
        ]
        cut = any(each.slice_minutes for each in (*beside, rule))
        need(not beside or not cut, "a pool that is cut in slices serves one rule")
        leant = any(rule.code in {each.fills, each.on} for each in campaign.rules)
        need(rule.at_once or not leant, "other rules lean on it")
        friendly = {each.code for each in campaign.rules if each.kind == "friends"}
        need(rule.kind != "friends" or friendly <= {rule.code}, "two rules for invited friends")

    def draw(self, e: dict[str, Any]) -> None:
        """The digest that the draws of the next gifts depend on."""
        self.digest, self.place = decode64(e["d"]), -1
        need(len(self.digest) == HASH_BYTES, "not a SHA-256")

    def seed(self, e: dict[str, Any]) -> None:
        """A seed is committed an hour before its rule draws, once for each rule and day."""
        code, day = e["r"], day_number(e["day"])
        versions = self.versions.get(code, [])
        need(any(rule.draws for rule in versions), f"the rule {code} draws nothing")
        need((code, day) not in self.seeds, "the day has a seed already")
        need(len(decode64(e["h"])) == HASH_BYTES, "not a SHA-256")
        taken = any(seed.hash == e["h"] for seed in self.seeds.values())
        self.seeds[code, day] = Seed(e["h"])
        campaign = self.campaigns[versions[0].campaign]
        opens_s = day_start_s(day) + 60 * min(rule.opens for rule in versions)
        early = minute(e["t"]) + SEED_SECONDS <= max(opens_s, campaign.opens_s)
        need(early or not campaign.begun(), "a seed less than an hour before its first draw")
        need(not taken, "the seed serves another rule or day too")

    def reveal(self, e: dict[str, Any]) -> None:
        """A secret becomes known: whatever waited for it is decided now."""
        secret, over_s, known = decode64(e["s"]), 0, False
        need(hashlib.sha256(secret).digest() == decode64(e["h"]), "it does not hash to h")
        for (_, day), seed in self.seeds.items():
            if seed.hash == e["h"]:
                need(not seed.revealed, "the seed was revealed before")
                known = seed.revealed = True
                over_s = max(over_s, day_start_s(day + 1))
                self._draw_again(seed, secret)
        if any(rule.surprise == e["h"] for rule in self.rules.values()):
            times, known = decoder.decode(secret.decode()), True
            need(times.keys() == {"from", "salt", "to"}, "times of another form")
            span = self.surprises[e["h"]] = minute(times["from"]), minute(times["to"])
            over_s = max(over_s, span[1])
            for (at_s, spoke), number in self.unseen.pop(e["h"], {}).items():
                if (span[0] <= at_s < span[1]) != spoke:
                    said = "speaks outside" if spoke else "is silent within"
                    self.differ(number, f"a rule {said} its surprise, revealed in {e['n']}")
        need(known, "nothing was committed by this hash")
        need(minute(e["t"]) >= over_s + REVEAL_SECONDS, "revealed before it was over")

    def _draw_again(self, seed: Seed, secret: bytes) -> None:
        """Decide the matches that waited for a seed, and forget them."""
        for case in seed.waiting:
            rule = case.facts.rule
            draw = drawn(secret, case.digest, case.place, rule.name)
            if wrong := verdict(rule.gives(case.amount, case.base, draw), *case.facts):
                self.differ(case.number, f"match by {rule.name}: {wrong}")
        seed.waiting = []


def verdict(
    own: int,
    rule: Rule,
    filled: int,
    given: int,
    by: str,
    cap: int,
    cap_by: str,
    money: int,
    money_by: str,
    tag: bytes,
    day_used: int,
    campaign_used: int,
    free: bool,  # noqa: FBT001
) -> str:
    """Say what is wrong with a match whose kind gives `own`, or ""; the rest are Facts."""
    if rule.fills:
        own = max(own - filled, 0)
    bound = "rule"
    if rule.gift_cap and rule.gift_cap < own:
        own, bound = rule.gift_cap, "gift"
    if by in PERSON_BOUNDS:
        facts = Facts(
            rule,
            filled,
            given,
            by,
            cap,
            cap_by,
            money,
            money_by,
            tag,
            day_used,
            campaign_used,
            free,
        )
        return verdict_of_person(own, min(cap, money), facts)
    most = own
    if cap < most:
        most, bound = cap, cap_by
    if money < most:
        most, bound = money, money_by
    right = 0 if most < 0 or (rule.whole and bound in MONEY_BOUNDS) else most
    if given != right or by != bound:
        return f"{right} by {bound}, not {given} by {by}"
    # Where a later bound cut it, the person's day and campaign had strictly more room than that.
    if tag and (rule.day_cap or rule.campaign_cap):
        most += bound not in {"rule", "gift"}
        if rule.day_cap and day_used + most > rule.day_cap:
            had = f"{day_used} of {rule.day_cap} that day"
            return f"one tag had {had} and is given {given} by {by}"
        if rule.campaign_cap and campaign_used + most > rule.campaign_cap:
            had = f"{campaign_used} of {rule.campaign_cap} in the campaign"
            return f"one tag had {had} and is given {given} by {by}"
    return ""


def verdict_of_person(own: int, later: int, facts: Facts) -> str:  # noqa: PLR0911 - a reason each
    """Say why the room left to a person cannot have been what decided, or "".

    `own` is what rule and gift limit give, `later` the least that all bounds after it leave.
    """
    rule, by, given = facts.rule, facts.by, facts.given
    cap = rule.day_cap if by == "person-day" else rule.campaign_cap
    if not (facts.tag and cap):
        return f"by {by} without a tag or without a cap"
    if given >= own if given else not facts.free and own <= 0:
        return f"{given} by {by}, but the rule itself gives {own}"
    if given > later if given else not facts.free and later < 0:
        return f"{given} by {by}, but another bound leaves {later}"
    if not given:
        return ""
    if rule.day_cap and facts.day_used + given + (by != "person-day") > rule.day_cap:
        had = f"{facts.day_used} of {rule.day_cap} that day"
        return f"one tag had {had} and is given {given} more"
    if rule.campaign_cap and facts.campaign_used + given > rule.campaign_cap:
        had = f"{facts.campaign_used} of {rule.campaign_cap} in the campaign"
        return f"one tag had {had} and is given {given} more"
    return ""


# --- gifts ----------------------------------------------------------------------------------------


class Gifts(Book):
    """Decides every match anew as its gift comes."""

    def held(self, e: dict[str, Any]) -> None:
        """Money that agrees with no order or project: in no total, without a match."""
        need(e["ch"] in self.channels, f"unknown channel {e['ch']}")
        whole(e["amt"], "amt", 1)

    def don(self, don: Don) -> None:
        """A gift: its project is open, its matches are what the rules in force give."""
        key = don.channel, don.project, don.campaign, don.asset
        route = self.routes.get(key) or self.route(*key)
        campaign, _, project, total, _, _ = route
        if not project.open:
            raise EntryWrongError(f"the project {don.project} is not open")
        if not don.amount or (don.tag and not don.campaign):
            raise EntryWrongError("nothing given, or a tag outside campaigns")
        moment = campaign.moments.get(don.minute) or campaign.moment(don.minute)
        self.last_day = max(self.last_day, moment.day)
        before = total.don
        total.cnt += 1
        total.don = before + don.amount
        if don.asset == POOL_ASSET:
            project.numbers.append(don.number)
            project.amounts.append(don.amount)
        if don.coupon:
            self._check_coupon(don)
        if moment.draws or don.place >= 0:
            self._check_place(don, moment)
        friend_of = self._befriend(don) if don.invited >= 0 else None
        if don.asset != POOL_ASSET or not moment.rules:
            need(not don.matches, "no rule is in force")
            return
        friends = len(self.invited[don.invited]) if friend_of else 0
        self._match(Gift(don, moment, route, before, friend_of, friends))

    def plain(
        self,
        number: int,
        lane: Lane,
        moment: Moment,
        amount: int,
        shown: tuple[int, ...],
        tag: bytes,
    ) -> None:
        """The short way: `don` for a gift like many, where only amounts and sums are left.

        A match that is not at once found to be right is judged the long way.
        """
        assert lane.route, "a lane with rules has a route"
        campaign, channel, project, total, of_project, of_charity = lane.route
        of_day, day = moment.of_day, moment.day
        self.last_day = max(self.last_day, day)
        total.cnt, total.don = total.cnt + 1, total.don + amount
        project.numbers.append(number)
        project.amounts.append(amount)
        had = (tags := of_day.tags[project.code]).get(tag, 0)
        for rule, by, given in zip(moment.rules, lane.bys, shown, strict=True):
            pool = rule.pool
            most, bound = rule.gives(amount, 0, b""), "rule"
            if 0 < rule.gift_cap < most:
                most, bound = rule.gift_cap, "gift"
            own = most
            if channel.draw or rule.project_cap or rule.charity_cap:
                cap, cap_by = self.caps_left(lane.route, rule)
                most, bound = (cap, cap_by) if cap < most else (most, bound)
            used = pool.used.get(day, 0)
            if rule.budget - used < most:
                most, bound = rule.budget - used, "window"
            if pool.left < most:
                most, bound = pool.left, "pool"
            if (
                given != most
                or by != bound
                or amount < rule.gift_min
                or (not tag and rule.named_only)
                or (tag and rule.day_cap and had + most + (most < own) > rule.day_cap)
            ):
                m = Shown(given, by, 0, -1, pool.code, rule.name)
                self._look_closer(number, lane.route, moment, amount, tag, rule, m)
            self.by[by] += 1
            if given:
                total.match += given
                channel.drawn += given
                of_project.counted += given
                of_charity.counted += given
                pool.left -= given
                pool.used[day] = used + given
                pool.matched += given
                pool.promised[project.code] = pool.promised.get(project.code, 0) + given
                if tag:
                    of_day.matched += given
                    of_day.caps.add(rule.day_cap)
                    campaign.caps.add(0)  # none of these rules has one
                    tags[tag] = had = had + given

    def _look_closer(
        self,
        number: int,
        route: Route,
        moment: Moment,
        amount: int,
        tag: bytes,
        rule: Rule,
        m: Shown,
    ) -> None:
        """Judge a match that the short way did not find right at once."""
        names = route.channel.code, "", POOL_ASSET, -1, -1, route.project.code, route.campaign.code
        gift = Gift(Don(number, amount, *names, "", tag, []), moment, route)
        if wrong := self._judge(gift, rule, m, 0, 0):
            self.differ(number, f"match by {rule.name}: {wrong}")
        if tag and m.by == "person-day":
            moment.of_day.cut[rule.day_cap, route.project.code].add(tag)

    def lane(self, where: Where) -> Lane:
        """Look up what gifts of one form have in common, after their moment was looked up."""
        channel, project, campaign, *behind = where
        found = [read_match(text) for text in behind]
        names = [each for each in found if each]
        if len(names) < len(found):
            return Lane(None, None, (), None)
        bys = tuple([each[0] for each in names])
        key = channel, project, campaign, POOL_ASSET
        try:
            route = self.routes.get(key) or self.route(*key)
        except EntryWrongError:
            return Lane(None, None, bys, names)
        rules = route.campaign.lines.get(tuple([each[4] for each in names]))
        ordinary = (
            route.project.open
            and not route.project.frozen
            and self.admits(route)
            and "person-campaign" not in bys
            and all(claim == 0 and for_ < 0 for _, claim, for_, _, _ in names)
        )
        for rule, (_, _, _, pool, _) in zip(rules or (), names, strict=False):
            ordinary = ordinary and rule.pool.code == pool and not rule.pool.until_s
        return Lane(route, rules if ordinary else None, bys, names)

    def admits(self, route: Route) -> bool:
        """Whether a gift's channel takes part in its campaign."""
        channels = route.campaign.channels
        return route.channel.code in channels if channels else route.channel.clock != "file"

    def route(self, channel: str, project: str, campaign: str, asset: str) -> Route:
        """Look up where a gift goes. Raises EntryWrongError for what there is not."""
        found = self.campaigns.get(campaign) if campaign else self.outside
        if channel not in self.channels or found is None:
            raise EntryWrongError(f"unknown channel {channel} or campaign {campaign}")
        need(project in self.projects, f"the project {project} is not open")
        need(asset in DECIMALS, f"unknown money {asset}")
        there = self.projects[project]
        tallies = found.tallies[f"prj {project}"], found.tallies[f"org {there.org}"]
        route = Route(found, self.channels[channel], there, found.total(project, asset), *tallies)
        self.routes[channel, project, campaign, asset] = route
        return route

    def _match(self, gift: Gift) -> None:
        """Judge what a leaf shows of each rule that concerns the gift, and count it."""
        (don, moment, route, _, _, _), rules = gift, gift.moment.rules
        shown = don.matches
        if moment.silent:
            spoke = {m.rule for m in shown}
            rules = [each for each in rules if self._concerned(gift, each, each.name in spoke)]
        agreed = len(rules) == len(shown)
        for rule, m in zip(rules, shown, strict=False):
            agreed = agreed and rule.name == m.rule and rule.pool.code == m.pool
        if not agreed:
            names = [rule.name for rule in rules]
            self.differ(don.number, f"rules in force are {names}, not as shown")
            rules = [self.rules[m.rule] for m in shown]
        given: dict[str, int] = {}
        filled: dict[str, int] = {}
        for rule, m in zip(rules, shown, strict=True):
            on = open_ = 0
            if moment.leans:
                on, open_ = given.get(rule.on, 0), self._filled(gift, rule, filled)
                given[rule.code], filled[rule.code] = m.amount, m.amount + open_
            if agreed and (wrong := self._judge(gift, rule, m, on, open_)):
                self.differ(don.number, f"match by {rule.name}: {wrong}")
            self.by[m.by] += 1
            if m.amount or m.claim or m.by in PERSON_BOUNDS:
                route.total.match += m.amount
                self._count(gift, rule, m)

    def _filled(self, gift: Gift, rule: Rule, filled: dict[str, int]) -> int:
        """What the rule that this one fills, and those that it fills, gave to the gift."""
        code = rule.fills
        while code and code not in filled:  # silent about this gift: look through it
            found = [each for each in gift.moment.rules if each.code == code]
            code = found[0].fills if found else ""
        return filled.get(code, 0)

    def _concerned(self, gift: Gift, rule: Rule, spoke: bool) -> bool:  # noqa: FBT001
        """Whether a rule has to do with a gift; times not revealed are noted and believed."""
        terms, don = rule.terms["gives"], gift.don
        if rule.kind == "coupon":
            code, _, serial = don.coupon.rpartition(".")
            if code != rule.code or int(serial) >= terms["count"]:
                return False
        elif rule.kind == "lump-sum":
            if not gift.before < terms["threshold"] <= gift.before + don.amount:
                return False
        elif rule.kind == "friends" and (
            gift.friend_of is None or gift.friends != terms["friends"]
        ):
            return False
        if not rule.surprise:
            return True
        times = self.surprises.get(rule.surprise)
        if times:
            return times[0] <= gift.moment.at_s < times[1]
        unseen = self.unseen.setdefault(rule.surprise, {})
        unseen.setdefault((gift.moment.at_s, spoke), don.number)
        return spoke

    def _judge(self, gift: Gift, rule: Rule, m: Shown, on: int, filled: int) -> str:
        """Say what is wrong with a match, or "" if it is right or waits for its seed."""
        don, moment, route, _, friend_of, _ = gift
        if friend_of is not None and rule.kind != "friends":
            friend_of = None
        if m.for_ != (friend_of.number if friend_of else -1):
            return f"it is for the gift {m.for_}"
        given = m.amount if rule.at_once else m.claim
        if m.amount + m.claim != given:
            return "a claim of a rule that decides at once, or the other way round"
        tag = friend_of.tag if friend_of else b"" if rule.kind == "lump-sum" else don.tag
        refused = self._refusal(gift, rule, tag)
        if refused:
            right = given == 0 and m.by == refused
            return "" if right else f"0 by {refused}, not {given} by {m.by}"
        cap, cap_by = self.caps_left(route, rule)
        money, money_by = self.money_left(rule, moment) if rule.at_once else (BOUNDLESS, "")
        day_used = campaign_used = 0
        if tag and (rule.day_cap or rule.campaign_cap):
            day_used = moment.of_day.tags[don.project].get(tag, 0)
            if rule.campaign_cap:
                campaign_used = route.campaign.tag_sum(don.project, tag)
        base = self._base(friend_of, rule) if friend_of else on
        free = len(route.campaign.rules) > 1
        if rule.draws:
            facts = Facts(
                rule, filled, given, m.by, cap, cap_by, money, money_by, tag, day_used,
                campaign_used, free,
            )  # fmt: skip
            case = Case(don.number, facts, don.amount, base, self.digest, don.place)
            self.seeds[rule.code, moment.day].waiting.append(case)
            return ""
        return verdict(
            rule.gives(don.amount, base, b""), rule, filled, given, m.by, cap, cap_by, money,
            money_by, tag, day_used, campaign_used, free,
        )  # fmt: skip

    def _refusal(self, gift: Gift, rule: Rule, tag: bytes) -> str:  # noqa: PLR0911 - a reason each
        """Say why a gift is not matched at all, or "": the first of the reasons in their order."""
        moment = gift.moment
        campaign, _, project, _, _, _ = gift.route
        if not campaign.opens_s <= moment.at_s < campaign.closes_s or rule.pool.until_s:
            return "closed"
        if not self.admits(gift.route):
            return "not-admitted"
        if project.frozen:
            return "frozen"
        if not rule.opens <= moment.minute < rule.closes:
            return "outside-window"
        if gift.don.amount < rule.gift_min:
            return "too-small"
        if not tag and rule.named_only:
            return "no-person"
        return self._hindrance(gift, rule) if rule.hindered else ""

    def _hindrance(self, gift: Gift, rule: Rule) -> str:  # noqa: PLR0911 - a reason each
        """The rarer reasons not to match, which only some rules know."""
        if rule.kind == "friends" and gift.friend_of and not self.stays(gift.friend_of.number):
            return "refunded"
        if rule.draws:
            if gift.route.channel.clock != "rail":
                return "not-reconciled"
            seed = self.seeds.get((rule.code, gift.moment.day))
            if seed is None:
                return "no-seed"
            if seed.revealed:
                return "revealed"
        if rule.kind == "coupon" and gift.don.coupon in self.coupons:
            return "coupon-used"
        if not rule.at_once:
            closing = self.closings.get((rule.name, rule.slice_of(gift.moment)))
            if closing and closing.begun:
                return "slice-closed"
        return ""

    def caps_left(self, route: Route, rule: Rule) -> tuple[int, str]:
        """The smallest room that project, charity and channel leave, and the first so small."""
        most, by, channel = BOUNDLESS, "", route.channel
        if rule.project_cap:
            most, by = rule.project_cap - route.of_project.counted, "project"
        if rule.charity_cap:
            left = rule.charity_cap - route.of_charity.counted
            most, by = (left, "charity") if left < most else (most, by)
        if channel.draw and channel.draw - channel.drawn < most:
            most, by = channel.draw - channel.drawn, "channel"
        return most, by

    def money_left(self, rule: Rule, moment: Moment) -> tuple[int, str]:
        """The smallest room that window, slice and pool leave, and the first so small."""
        pool = rule.pool
        most, by = rule.budget - pool.used.get(moment.day, 0), "window"
        if rule.slice_minutes:
            left = self.slice_left(rule, moment)
            most, by = (left, "slice") if left < most else (most, by)
        return (pool.left, "pool") if pool.left < most else (most, by)

    def slice_left(self, rule: Rule, moment: Moment) -> int:
        """What the slice of a moment can still give, with what earlier ones left if they carry."""
        used = rule.pool.used
        if not rule.carry:
            return rule.slice_budget - used.get(rule.slice_of(moment), 0)
        begun = (moment.minute - rule.opens) // rule.slice_minutes + 1
        return begun * rule.slice_budget - used.get(moment.day, 0)

    def use(self, rule: Rule, moment: Moment, amount: int) -> None:
        """Take money out of a pool and its day, and its slice where slices do not carry."""
        pool = rule.pool
        pool.left -= amount
        pool.used[moment.day] = pool.used.get(moment.day, 0) + amount
        if rule.slice_minutes and not rule.carry:
            slice_ = rule.slice_of(moment)
            pool.used[slice_] = pool.used.get(slice_, 0) + amount

    def _count(self, gift: Gift, rule: Rule, m: Shown) -> None:
        """Take a match from its pool, or note a claim, and count it against every cap."""
        don, moment, route, _, friend_of, _ = gift
        if friend_of is not None and rule.kind != "friends":
            friend_of = None
        tag = friend_of.tag if friend_of else b"" if rule.kind == "lump-sum" else don.tag
        if rule.kind != "quadratic":  # its claims are weights, not money
            self.count_caps(route, moment, rule, tag, m.amount + m.claim, m.by)
        if m.amount:
            self.use(rule, moment, m.amount)
            self.promise(rule.pool, don.project, m.amount)
            if rule.kind == "coupon":
                self.coupons.add(don.coupon)
            if friend_of:
                mine = self.befriended.setdefault(friend_of.number, [])
                mine.append((rule.pool.code, m.amount))
        if m.claim:
            key = (rule.name, rule.slice_of(moment))
            closing = self.closings.get(key) or self.closings.setdefault(key, Closing())
            closing.numbers.append(don.number)
            closing.claims.append(m.claim)
            closing.projects.append(route.project.code)
            if rule.kind == "quadratic":
                closing.tags.append(don.tag)

    def promise(self, pool: Pool, project: str, amount: int) -> None:
        """Promise money, which has been taken out of what is left, to a project."""
        pool.matched += amount
        pool.promised[project] = pool.promised.get(project, 0) + amount

    def count_caps(
        self, route: Route, moment: Moment, rule: Rule, tag: bytes, amount: int, by: str
    ) -> None:
        """Count a match or claim against channel, project, charity and person."""
        campaign, project, of_day = route.campaign, route.project.code, moment.of_day
        if tag and by == "person-day":
            of_day.cut[rule.day_cap, project].add(tag)
        elif tag and by == "person-campaign":
            campaign.cut[rule.campaign_cap, project].add(tag)
        if not amount:
            return
        route.channel.drawn += amount
        route.of_project.counted += amount
        route.of_charity.counted += amount
        if tag:
            of_day.matched += amount
            of_day.caps.add(rule.day_cap)
            campaign.caps.add(rule.campaign_cap)
            tags = of_day.tags[project]
            tags[tag] = tags.get(tag, 0) + amount

    def _base(self, earlier: Don, rule: Rule) -> int:
        """What the rule that friends multiply gave to the earlier gift."""
        named = ((m.rule.rpartition(".")[0], m.amount) for m in earlier.matches if m.for_ < 0)
        return sum(amount for code, amount in named if code == rule.on)

    def _check_coupon(self, don: Don) -> None:
        """A coupon is named by a rule code and a number in its one spelling."""
        code, _, serial = don.coupon.rpartition(".")
        fine = code in self.versions and serial.isascii() and serial.isdigit()
        if not fine or serial != str(int(serial)) or len(serial) > SERIAL_DIGITS:
            raise EntryWrongError(f"the coupon {don.coupon} is of no rule")

    def _check_place(self, don: Don, moment: Moment) -> None:
        """A gift that may draw says its place in its row, and no place stands twice."""
        fine = moment.draws == (don.place >= 0) and bool(self.digest or don.place < 0)
        if not fine or (don.place >= 0 and don.place <= self.place):
            self.differ(don.number, f"its place {don.place} in its row is wrong")
        self.place = max(self.place, don.place)

    def _befriend(self, don: Don) -> Don | None:
        """The gift that invited to this one, if this one counts as a new friend of it."""
        earlier = self.don_at(don.invited) if don.invited < don.number else None
        come = self.invited.setdefault(don.invited, set())
        campaign = self.campaigns.get(don.campaign)
        friendly = campaign and any(rule.kind == "friends" for rule in campaign.rules)
        if (
            earlier is None
            or not friendly
            or (earlier.campaign, earlier.project) != (don.campaign, don.project)
            or not (don.tag and earlier.tag)
            or don.tag == earlier.tag
            or don.tag in come
        ):
            self.differ(don.number, f"it is no new friend of {don.invited}")
            return None
        come.add(don.tag)
        return earlier


# --- what is decided later ------------------------------------------------------------------------


class Later(Gifts):
    """Shares claims among gifts or projects, and matches gifts made before their rule."""

    def share(self, e: dict[str, Any]) -> None:
        """One step of a closing: fixed at its first, paid gift by gift, its rest put back."""
        rule, key = self.rules[e["r"]], e["slice"]
        need((rule.pool.code, rule.campaign) == (e["pool"], e["rd"]), "the rule is of another pool")
        need(not rule.pool.until_s, "a share after its pool's notice")
        decided = rule.terms["decided"]
        start_s = minute(key) if decided == "slice" else 0
        need(decided == "slice" or key == decided != "at-once", "nothing to share")
        slice_: int | str = start_s // 60 if decided == "slice" else decided
        closing = self.closings.setdefault((rule.name, slice_), Closing())
        need(not closing.done, "it was shared to the end before")
        if not closing.begun:
            self._begin(e, rule, closing, start_s)
        fixed = closing.budget, closing.count, closing.total
        said = whole(e["bud"], "bud"), whole(e["cnt"], "cnt"), whole(e["tot"], "tot")
        if fixed != said:
            self.differ(e["n"], f"budget, count and total are {fixed}, not {said}")
        if rule.kind == "quadratic":
            need("prj" in e and "upto" not in e and "m" not in e, "projects share it, not gifts")
            held = [code for code, *_ in e["prj"] if self.reviews.get(code)]
            need(not held, f"matches to {held} are under review")
            self._pay_projects(e, rule, closing)
        else:
            need("prj" not in e and "m" in e, "gifts share it, not projects")
            upto = whole(e["upto"], "upto", -1)
            need(closing.upto <= upto < e["n"], f"upto goes back to {upto}")
            pay = self._match_earlier if decided == "retro" else self._pay_claims
            pay(e, rule, closing, upto)
            closing.upto = upto
        if "left" in e:
            self._end(e, rule, closing, start_s)

    def _begin(self, e: dict[str, Any], rule: Rule, closing: Closing, start_s: int) -> None:
        """Fix budget, count and total of a closing, and what each claim is to get."""
        closing.begun = True
        decided, pool, terms = rule.terms["decided"], rule.pool, rule.terms
        late_s = 60 * terms["late_minutes"]
        campaign = self.campaigns[rule.campaign]
        due_s = rule.from_s
        if decided == "slice":
            due_s = start_s + 60 * rule.slice_minutes + late_s
        elif decided == "close":
            due_s = campaign.closes_s + late_s
        if minute(e["t"]) < due_s:
            self.differ(e["n"], f"shared before {minute_text(due_s)}")
        if decided == "retro":
            return
        open_ = [
            (number, claim)
            for number, claim in zip(closing.numbers, closing.claims, strict=True)
            if self.stays(number)
        ]
        closing.count, closing.total = len(open_), sum(claim for _, claim in open_)
        if decided == "slice":
            moment = campaign.moment(minute_text(start_s))
            room = min(rule.budget - pool.used.get(moment.day, 0), self.slice_left(rule, moment))
        else:
            room = rule.budget - pool.used.get(decided, 0)
        room = max(min(room, pool.left), 0) if closing.total else 0
        whole_budget = terms["share"] == "all" or rule.kind == "quadratic"
        closing.budget = room if whole_budget else min(room, closing.total)
        said = whole(e["bud"], "bud")
        if said != closing.budget:
            self.differ(e["n"], f"the budget is {closing.budget}, not {said}")
            closing.budget = said
        closing.left = closing.budget
        self._set_aside(rule, closing.budget, start_s)
        if rule.kind == "quadratic":
            self._weigh(rule, closing)
        elif closing.budget:
            closing.shares = split_evenly(open_, closing.budget)

    def _set_aside(self, rule: Rule, amount: int, start_s: int) -> None:
        """Take money out of a pool and its windows while it is shared, or put it back."""
        pool, decided = rule.pool, rule.terms["decided"]
        if decided == "slice":
            self.use(rule, self.campaigns[rule.campaign].moment(minute_text(start_s)), amount)
            return
        pool.left -= amount
        pool.used[decided] = pool.used.get(decided, 0) + amount

    def _weigh(self, rule: Rule, closing: Closing) -> None:
        """Find what each project gets by the squares of its donors' roots."""
        unit = rule.terms["gives"]["unit"]
        sums: dict[str, dict[object, int]] = {}
        for place, number in enumerate(closing.numbers):
            if self.stays(number):
                donors = sums.setdefault(closing.projects[place], {})
                donor = closing.tags[place] or number
                donors[donor] = donors.get(donor, 0) + closing.claims[place]
        codes, roots = sorted(sums), list[tuple[int, int]]()
        for code in codes:
            each = [math.isqrt(amount // unit) for amount in sums[code].values()]
            roots.append((sum(each), sum(root * root for root in each)))
        amounts = quadratic(closing.budget, unit, roots)
        closing.due = [
            [code, *pair, amount] for code, pair, amount in zip(codes, roots, amounts, strict=True)
        ]

    def _pay_claims(self, e: dict[str, Any], rule: Rule, closing: Closing, upto: int) -> None:
        """The next claims get their shares; those of gifts sent back since get nothing."""
        right: list[list[int]] = []
        projects: dict[int, str] = {}
        while closing.at < len(closing.numbers) and closing.numbers[closing.at] <= upto:
            number = closing.numbers[closing.at]
            share = closing.shares.pop(number, 0)
            projects[number] = closing.projects[closing.at]
            if share and self.stays(number):
                right.append([number, share])
            closing.at += 1
        shown = [[whole(number, "gift"), whole(amount, "share", 1)] for number, amount in e["m"]]
        if shown != right:
            self.differ(e["n"], f"shares differ: {unlike(right, shown)}")
        for number, amount in shown:
            need(number in projects and number not in closing.paid, f"{number} has no claim here")
            closing.paid[number] = amount
            self._pay(rule, closing, projects[number], amount)

    def _pay(self, rule: Rule, closing: Closing, project: str, amount: int) -> None:
        closing.left -= amount
        self.promise(rule.pool, project, amount)
        self.campaigns[rule.campaign].total(project, POOL_ASSET).match += amount

    def _pay_projects(self, e: dict[str, Any], rule: Rule, closing: Closing) -> None:
        """The next projects of a quadratic round, in the order of their codes."""
        shown = e["prj"]
        right, closing.due = closing.due[: len(shown)], closing.due[len(shown) :]
        if shown != right:
            self.differ(e["n"], f"projects differ: {unlike(right, shown)}")
        for code, _, _, amount in shown:
            need(code in self.projects, f"unknown project {code}")
            self._pay(rule, closing, code, whole(amount, "amt"))

    def _end(self, e: dict[str, Any], rule: Rule, closing: Closing, start_s: int) -> None:
        """What nobody took goes back to the pool."""
        closing.done = True
        left = whole(e["left"], "left")
        self._set_aside(rule, -left, start_s)
        need(left == closing.left, f"{closing.left} is left, not {left}")
        rest = closing.numbers[closing.at :] if rule.kind != "quadratic" else ()
        forgotten = [number for number in rest if self.stays(number)]
        need(not forgotten and not closing.due, f"left out: {forgotten[:3] or closing.due[:3]}")
        if rule.terms["decided"] == "retro":
            found = next(self._gifts_before(rule, closing.upto, rule.number), None)
            need(found is None, f"left out: {found.number if found else ''}")

    def _gifts_before(self, rule: Rule, after: int, upto: int) -> Iterator[Don]:
        """Gifts behind `after`, up to `upto`, that a rule reaches back to."""
        terms = rule.terms
        since_s, until_s = minute(terms["since"]), minute(terms["until"])
        mark = f'"rd":"{rule.campaign}","t":"'.encode()
        for number in range(after + 1, min(upto + 1, rule.number)):
            raw = self.entries.again(number)
            if mark not in raw or number in self.earlier or not self.stays(number):
                continue
            don = self.earlier_don(number)
            if (
                don is not None
                and (don.campaign, don.asset) == (rule.campaign, POOL_ASSET)
                and since_s <= minute(don.minute) < until_s
            ):
                yield don

    def _match_earlier(self, e: dict[str, Any], rule: Rule, closing: Closing, upto: int) -> None:
        """Decide a rule for the next gifts that were made before it."""
        campaign = self.campaigns[rule.campaign]
        shown = {whole(n, "gift"): (whole(amount, "amt"), by) for n, amount, by in e["m"]}
        numbers: list[int] = []
        for don in list(self._gifts_before(rule, closing.upto, upto)):
            numbers.append(don.number)
            amount, by = shown.get(don.number, (0, ""))
            moment = campaign.moment(don.minute)
            key = don.channel, don.project, don.campaign, don.asset
            gift = Gift(don, moment, self.routes.get(key) or self.route(*key))
            if wrong := self._judge_earlier(gift, rule, amount, by):
                self.differ(e["n"], f"match of {don.number} by {rule.name}: {wrong}")
            self.by[by] += 1
            self.count_caps(gift.route, moment, rule, don.tag, amount, by)
            if amount:
                rule.pool.left -= amount
                rule.pool.used["retro"] = rule.pool.used.get("retro", 0) + amount
                self.earlier[don.number] = rule.pool.code, amount
                self.promise(rule.pool, don.project, amount)
                campaign.total(don.project, POOL_ASSET).match += amount
        need([n for n, _, _ in e["m"]] == numbers, f"gifts differ: {unlike(numbers, list(shown))}")

    def _judge_earlier(self, gift: Gift, rule: Rule, given: int, by: str) -> str:
        """Say what is wrong with a match for an earlier gift, or ""."""
        don, moment, route, _, _, _ = gift
        refused = ""
        if route.project.frozen:
            refused = "frozen"
        elif not rule.opens <= moment.minute < rule.closes:
            refused = "outside-window"
        elif don.amount < rule.gift_min:
            refused = "too-small"
        elif not don.tag and rule.named_only:
            refused = "no-person"
        if refused:
            right = given == 0 and by == refused
            return "" if right else f"0 by {refused}, not {given} by {by}"
        pool, campaign, tag = rule.pool, route.campaign, don.tag
        money, money_by = rule.budget - pool.used.get("retro", 0), "window"
        if pool.left < money:
            money, money_by = pool.left, "pool"
        day_used = moment.of_day.tags[don.project].get(tag, 0) if tag and rule.day_cap else 0
        campaign_used = campaign.tag_sum(don.project, tag) if tag and rule.campaign_cap else 0
        return verdict(
            rule.gives(don.amount, 0, b""), rule, 0, given, by, *self.caps_left(route, rule),
            money, money_by, tag, day_used, campaign_used, len(campaign.rules) > 1,
        )  # fmt: skip


def unlike(right: list[Any], shown: list[Any]) -> str:
    """Name the first place at which two lists differ."""
    for mine, theirs in zip(right, shown, strict=False):
        if mine != theirs:
            return f"{mine} is right, {theirs} is shown"
    if len(right) > len(shown):
        return f"{right[len(shown)]} is left out"
    return f"{shown[len(right)]} is too much" if len(shown) > len(right) else "no"


# --- money that goes back, and money that goes on -------------------------------------------------


Tell = Callable[[int, int], None]
"""Called now and then with how many entries are checked, and of how many."""


class Walk(Later):
    """Goes through all entries in order, keeps what they add up to, and decides each match anew."""

    def __init__(self, entries: Entries) -> None:
        super().__init__(entries)
        self.gifts = 0
        self.stands_at = -1
        """After so many entries the sums are kept, for a report of that moment; -1 never."""
        self.stood: dict[str, Any] = {}
        self.accounts_of: dict[tuple[str, str], str] = {}
        """By charity and day: the hash of the newest table of accounts, in hex."""
        self.lanes: dict[Where, Lane] = {}
        """What was looked up; forgotten at any entry that is no gift."""
        self.at: tuple[dict[int, Lane], dict[int, Moment]] = {}, {}
        """The same for the `wheres` and `whens` of a chunk."""
        self.handlers: dict[str, Callable[[Any], None]] = {
            kind: getattr(self, kind) for kind in FIELDS
        }

    def run(self, jobs: int = 0, plainly: bool = False, tell: Tell | None = None) -> None:  # noqa: FBT001, FBT002
        """Walk through every entry. Raises CannotCheckError, BrokenLogError."""
        for chunk in self.entries.chunks(jobs, plainly):
            cut = self.stands_at - chunk.first
            if not self.stood and 0 <= cut <= len(chunk.rows):
                self.walk(chunk._replace(rows=chunk.rows[:cut]), plainly)
                self.stood = standing(self)
                chunk = chunk._replace(first=self.stands_at, rows=chunk.rows[cut:])  # noqa: PLW2901
            self.walk(chunk, plainly)
            if tell:
                tell(chunk.first + len(chunk.rows), self.entries.size)
        for campaign in self.campaigns.values():
            if not campaign.cuts_wait():
                for wrong in check_campaign_cuts(campaign):
                    self.differ(campaign.sealed_at, f"persons of {campaign.code}: {wrong}")

    def walk(self, chunk: Chunk, plainly: bool = False) -> None:  # noqa: FBT001, FBT002
        """Go through the entries of a chunk, gifts that are like many the short way."""
        lanes, moments = self.at
        lanes.clear()
        moments.clear()
        for number, row in enumerate(chunk.rows, chunk.first):
            try:
                if isinstance(row, bytes):
                    self.take(number, row, plainly)
                    continue
                where, when, amount, shown, tag = row
                moment = moments.get(when) or self._look_at(when, chunk.whens[when])
                lane = lanes.get(where) or self._look_up(where, chunk.wheres[where])
                if lane.rules is None or lane.rules is not moment.plain or not amount:
                    self._long_way(number, lane, chunk, row)
                    continue
                self.gifts += 1
                self.plain(number, lane, moment, amount, shown, tag)
            except EntryWrongError as error:
                self.differ(number, str(error))
            except (ValueError, TypeError, KeyError, LookupError, AttributeError) as error:
                self.differ(number, f"malformed: {type(error).__name__} {error}")
            except RecursionError:
                self.differ(number, "malformed: nested too deep")

    def _look_at(self, when: int, what: tuple[str, str]) -> Moment:
        campaign, moment = self.campaigns.get(what[0]), NO_MOMENT
        if campaign:
            with contextlib.suppress(ValueError):
                moment = campaign.moment(what[1])
        self.at[1][when] = moment
        return moment

    def _look_up(self, where: int, what: Where) -> Lane:
        lane = self.at[0][where] = self.lanes.get(what) or self.lane(what)
        if len(self.lanes) > LANES_KEPT:
            self.lanes.clear()
        self.lanes[what] = lane
        return lane

    def _long_way(self, number: int, lane: Lane, chunk: Chunk, row: Apart) -> None:
        """Judge a gift that was taken apart like any other."""
        where, when, amount, shown, tag = row
        if lane.names is None:
            self.take(number, self.entries.again(number))
            return
        channel, project, *_ = chunk.wheres[where]
        campaign, at = chunk.whens[when]
        matches = [Shown(each, *name) for each, name in zip(shown, lane.names, strict=True)]
        self.gifts += 1
        self.don(
            Don(
                number, amount, channel, "", POOL_ASSET, -1, -1, project, campaign, at, tag, matches
            )
        )

    def take(self, number: int, raw: bytes, plainly: bool = False) -> None:  # noqa: FBT001, FBT002
        """Check one entry's form, then its meaning."""
        text = raw.decode()
        don = None if plainly else read_don(text)
        if don is None:
            e = decoder.decode(text)
            kind = e["k"]
            handler = self.handlers.get(kind)
            if handler is None:
                raise EntryWrongError(f"unknown kind {kind!r}")
            need(canonical(e) == raw, "the entry is not canonical JSON")
            need(MUST[kind] <= e.keys() <= MAY[kind], f"fields {sorted(e)}")
            if type(e["n"]) is not int or e["n"] != number or e["v"] != 1:
                raise EntryWrongError(f"n is {e['n']!r}, version {e['v']!r}")
            if kind != "don":
                self.counts[kind] += 1
                for known in (self.lanes, *self.at):
                    known.clear()
                minute(e["t"])
                handler(e)
                return
            don = don_of(e)
        if don.number != number:
            raise EntryWrongError(f"n is {don.number}, version 1")
        self.gifts += 1
        self.don(don)

    def matches_of(self, don: Don) -> list[tuple[str, int]]:
        """All that a gift was matched so far, with the pools."""
        found = [(m.pool, m.amount) for m in don.matches if m.amount and m.for_ < 0]
        for m in don.matches:
            if m.claim:
                rule = self.rules[m.rule]
                slice_ = rule.slice_of(self.campaigns[don.campaign].moment(don.minute))
                closing = self.closings.get((m.rule, slice_))
                found.append((m.pool, closing.paid.get(don.number, 0) if closing else 0))
        found += self.befriended.get(don.number, [])
        if don.number in self.earlier:
            found.append(self.earlier[don.number])
        return found

    def take_back(self, project: str, parts: list[tuple[str, int]]) -> int:
        """Return matches from a project to their pools; return what of released ones is spent."""
        covered = 0
        for code, amount in parts:
            pool = self.pools[code]
            if pool.closed:
                pool.unspent += amount
            pool.returned += amount
            if project not in pool.released:
                pool.promised[project] = pool.promised.get(project, 0) - amount
                continue
            done, (begins, of) = pool.recovered.get(project, 0), pool.begins[project]
            pool.recovered[project] = done + amount
            if done + amount <= of:
                covered += self.projects[project].give_up(begins, of, done, amount)
        return covered

    def refund(self, e: dict[str, Any]) -> None:
        """A refund: no more than is left of an earlier gift, its match going back in proportion."""
        ref, amount = whole(e["ref"], "ref"), whole(e["amt"], "amt", 1)
        need(ref < e["n"], "it refunds a later entry")
        don = self.earlier_don(ref)
        held = decoder.decode(self.entries.again(ref).decode()) if don is None else {}
        need(don or held["k"] == "held", f"entry {ref} is no gift")
        asset, given = (don.asset, don.amount) if don else (held["cur"], held["amt"])
        need(asset == e["cur"], f"entry {ref} is no gift of {e['cur']}")
        done, back, covered = self.refunded.get(ref, 0), dict[str, int](), 0
        self.refunded[ref] = done + amount
        for pool, matched in self.matches_of(don) if don and ref not in self.clawed else ():
            part = matched * (done + amount) // given - matched * done // given
            back[pool] = back.get(pool, 0) + part
        shown = [(m["pool"], whole(m["amt"], "a returned match", 1)) for m in e.get("m", ())]
        if don:
            total = self._total(don)
            total.refund += amount
            total.back += sum(part for _, part in shown)
            covered += self.take_back(don.project, shown)
        need(done + amount <= given, f"{done} + {amount} refunded of {given}")
        if don and asset == POOL_ASSET:
            project = self.projects[don.project]
            covered += project.give_up(project.place_of(ref), given, done, amount)
        right = {pool: part for pool, part in back.items() if part}
        need(sorted(shown) == sorted(right.items()), f"returns {right}, not {dict(shown)}")
        need(e.get("cov", 0) == covered, f"{covered} of it is spent, cov is {e.get('cov', 0)}")
        need(e.get("cov", 1), "cov is 0")

    def repaid(self, e: dict[str, Any]) -> None:
        """What was refunded reached its donor: never more than that."""
        self._owed_no_longer(e, "repaid")

    def residue(self, e: dict[str, Any]) -> None:
        """What could not go back went to another charity: never more than was owed."""
        don = self._owed_no_longer(e, "given")
        need(don, f"entry {e['ref']} is no gift to a project")
        need(e["org"] in self.charities, "the charity is unknown")
        need(CODE.fullmatch(e["order"]), "order is no code")
        need(len(decode64(e["h"])) == HASH_BYTES, "h is no SHA-256")
        need(don and e["org"] != self.projects[don.project].org, "it is the charity's own gift")

    def _owed_no_longer(self, e: dict[str, Any], how: str) -> Don | None:
        ref, amount = whole(e["ref"], "ref"), whole(e["amt"], "amt", 1)
        need(ref < e["n"], "it repays a later entry")
        don = self.earlier_don(ref)
        held = decoder.decode(self.entries.again(ref).decode()) if don is None else {}
        need(don or held["k"] == "held", f"entry {ref} is no gift")
        need(
            (don.asset if don else held["cur"]) == e["cur"], f"entry {ref} is no gift of {e['cur']}"
        )
        done, owed = self.repaid_of.get(ref, 0), self.refunded.get(ref, 0)
        self.repaid_of[ref] = done + amount
        need(done + amount <= owed, f"{done} + {amount} {how} of {owed} refunded")
        return don

    def _total(self, don: Don) -> Total:
        campaign = self.campaigns[don.campaign] if don.campaign else self.outside
        return campaign.total(don.project, don.asset)

    def clawback(self, e: dict[str, Any]) -> None:
        """All that is left of a gift's matches is taken back."""
        ref, back = whole(e["ref"], "ref"), dict[str, int]()
        need(ref < e["n"], "it is about a later entry")
        don = self.don_at(ref)
        need(ref not in self.clawed, "it was taken back before")
        self.clawed.add(ref)
        self.reviews.get(don.project, set()).discard(ref)
        done = self.refunded.get(ref, 0)
        for pool, matched in self.matches_of(don):
            back[pool] = back.get(pool, 0) + matched - matched * done // don.amount
        shown = [(m["pool"], whole(m["amt"], "a returned match", 1)) for m in e.get("m", ())]
        self._total(don).back += sum(part for _, part in shown)
        covered = self.take_back(don.project, shown)
        right = {pool: part for pool, part in back.items() if part}
        need(sorted(shown) == sorted(right.items()), f"returns {right}, not {dict(shown)}")
        need(e.get("cov", 0) == covered, f"{covered} of it is spent, cov is {e.get('cov', 0)}")
        need(e.get("cov", 1), "cov is 0")

    def review(self, e: dict[str, Any]) -> None:
        """A gift's match is held while a person looks into it, or let go."""
        ref = whole(e["ref"], "ref")
        need(ref < e["n"], "it is about a later entry")
        don = self.don_at(ref)
        need(e["st"] in {"open", "let"}, f"st is {e['st']!r}")
        need(ref not in self.clawed, "its match was taken back before")
        reviews = self.reviews.setdefault(don.project, set())
        need((ref in reviews) != (e["st"] == "open"), f"it is {e['st']} already")
        reviews ^= {ref}

    def freeze(self, e: dict[str, Any]) -> None:
        """A project is frozen, or free again: by an operator, or by a hold; each ends its own."""
        project, way = self.projects[e["prj"]], 2 if "hold" in e else 1
        need(e["st"] in {"frozen", "free"}, f"st is {e['st']!r}")
        need(e.get("hold", 1) == 1, f"hold is {e.get('hold')!r}")
        need(bool(project.frozen & way) != (e["st"] == "frozen"), f"it is {e['st']} already")
        project.frozen ^= way

    def notice(self, e: dict[str, Any]) -> None:
        """The last days of a pool begin: its campaign is over and its claims are shared."""
        pool, until_s, at_s = self.pools[e["pool"]], minute(e["until"]), minute(e["t"])
        need(not pool.until_s, "its notice has begun before")
        pool.until_s = until_s
        days = until_s - pool.notice_days * DAY_SECONDS
        need(at_s <= days <= at_s + 60, f"the notice is not {pool.notice_days} days")
        need(at_s >= self.campaigns[pool.campaign].closes_s, "the campaign is still open")
        waiting = [
            name
            for (name, _), closing in self.closings.items()
            if self.rules[name].pool is pool and not closing.done
        ]
        need(not waiting, f"claims wait: {sorted(set(waiting))}")

    def close(self, e: dict[str, Any]) -> None:
        """A pool is closed: what is left or came back goes to the sponsor or the projects."""
        pool, rest = self.pools[e["pool"]], whole(e["rest"], "rest")
        if not pool.closed:
            self._close(e, pool)
        need(pool.rest == rest, f"the rest is {pool.rest}, not {rest}")
        if e["to"] == "sponsor":
            return
        shown = [(code, whole(amount, "a share")) for code, amount in e["prj"]]
        right, pool.spread = pool.spread[: len(shown)], pool.spread[len(shown) :]
        for code, amount in shown:
            need(code in self.projects, f"unknown project {code}")
            self.promise(pool, code, amount)
            self.campaigns[pool.campaign].total(code, POOL_ASSET).match += amount
        need(shown and shown == right, f"projects differ: {unlike(right, shown)}")

    def _close(self, e: dict[str, Any], pool: Pool) -> None:
        pool.closed = True
        pool.rest, pool.left = pool.left + pool.returned, 0
        promised = [(code, amount) for code, amount in sorted(pool.promised.items()) if amount]
        to = "projects" if pool.back == "spread" and promised and pool.rest else "sponsor"
        if to == "projects":
            claims = [(place, amount) for place, (_, amount) in enumerate(promised)]
            shares = split_evenly(claims, pool.rest)
            pool.spread = [(code, shares[place]) for place, (code, _) in enumerate(promised)]
            held = [code for code, _ in promised if self.reviews.get(code)]
            need(not held, f"matches to {held} are under review")
        else:
            pool.unspent += pool.rest
        need(pool.until_s and minute(e["t"]) >= pool.until_s, "closed before its notice is over")
        need(e["to"] == to and ("prj" in e) == (to == "projects"), f"it goes to {to}")

    def release(self, e: dict[str, Any]) -> None:
        """A closed pool's promises to one project become the charity's claim on the sponsor."""
        pool, project, amount = (
            self.pools[e["pool"]],
            self.projects[e["prj"]],
            whole(e["amt"], "amt"),
        )
        promised = pool.promised.get(project.code, 0)
        pool.promised[project.code] = promised - amount
        pool.released[project.code] = pool.released.get(project.code, 0) + amount
        pool.payable[e["org"]] = pool.payable.get(e["org"], 0) + amount
        pool.begins.setdefault(project.code, (project.enter(amount), amount))
        need(project.org == e["org"], f"the project is {project.org}'s")
        need(pool.closed and not pool.spread, "the pool is not closed")
        need(not project.frozen, "the project is frozen")
        need(not self.reviews.get(project.code), "matches to it are under review")
        need(0 < amount == promised, f"{promised} is promised, {amount} released")

    def spend(self, e: dict[str, Any]) -> None:
        """An expense covers the next interval of its line, and no more than the line has left."""
        project, amount = self.projects[e["prj"]], whole(e["amt"], "amt", 1)
        need(e["line"] in LINE_NAMES, f"unknown line {e['line']!r}")
        need(CODE.fullmatch(e["ref"]) and CODE.fullmatch(e["what"]), "ref or what is no code")
        for name in ("ev", "h"):
            need(len(decode64(e[name])) == HASH_BYTES, f"{name} is no SHA-256")
        project.catch_up()
        line = project.lines[e["line"]]
        need(amount <= line.left(), f"{amount} spent, {line.left()} is left")
        right = [line.spent_to, line.end_of(amount)]
        line.spent_to, line.spent = right[1], line.spent + amount
        line.voids = [void for void in line.voids if void[0] >= line.spent_to]
        need(e["at"] == right, f"at is {e['at']}, not {right}")

    def paid(self, e: dict[str, Any]) -> None:
        """The sponsor pays what was released, out of what stands behind the pool."""
        pool, amount, how = self.pools[e["pool"]], whole(e["amt"], "amt", 1), e["how"]
        due, behind = pool.payable.get(e["org"], 0), pool.how.get(how, 0)
        pool.payable[e["org"]] = due - amount
        pool.how[how] = behind - amount
        need(amount <= min(due, behind), f"{amount} paid, {due} is due, {behind} is {how}")

    def seal(self, e: dict[str, Any]) -> None:
        """A seal: the totals so far are ours, and a day's table keeps to every cap."""
        campaign = self.campaigns[e["rd"]]
        campaign.sealed_at = e["n"]
        sums = e["sums"] if "sums" in e else json.loads(self.table(e["sums_hash"]))
        recomputed = campaign.sums()
        for label in sorted(sums.keys() | recomputed.keys()):
            sealed, own = sums.get(label), recomputed.get(label)
            if sealed != own:
                self.differ(e["n"], f"sealed totals of {label} are {sealed}, recomputed {own}")
        need(("day" in e) == ("persons" in e), "a day without its table, or a table without day")
        if "day" in e:
            self.counts["day seal"] += 1
            of_day, persons = campaign.days[day_number(e["day"])], e["persons"]
            need(persons.keys() == {"cnt", "h", "sum"}, "a persons table of another form")
            rows = json.loads(self.table(persons["h"]))
            for wrong in check_persons(of_day, persons, rows, campaign.caps):
                self.differ(e["n"], f"persons of {e['day']}: {wrong}")
            of_day.sealed = of_day.matched
            if any(campaign.caps):
                of_day.rows = sorted((row[1] for row in rows), reverse=True)

    def accounts(self, e: dict[str, Any]) -> None:
        """A charity's accounts of a day: its table is there, and is the one that is named."""
        need(e["org"] in self.charities, "the charity is unknown")
        table = json.loads(self.table(e["h"]))
        need((table.get("org"), table.get("day")) == (e["org"], e["day"]), "a table of another day")
        before = self.accounts_of.get((e["org"], e["day"]))
        need(table.get("corrects", "") == (before or ""), "it does not name what it corrects")
        self.accounts_of[e["org"], e["day"]] = decode64(e["h"]).hex()

    def table(self, name: str) -> bytes:
        """A table beside the log, which must hash to its name. Raises EntryWrongError."""
        path = f"tables/{decode64(name).hex()}.json"
        body = self.entries.source.read(path)
        if body is None:
            raise EntryWrongError(f"the log does not serve {path}")
        need(hashlib.sha256(body).digest() == decode64(name), f"{path} has another hash")
        return body


def check_persons(  # noqa: C901 - one check a line
    day: Day, sealed: dict[str, int], rows: list[list[Any]], campaign_caps: set[int]
) -> Iterator[str]:
    """Name what is wrong with a day's table of (pseudonym, matched sum)."""
    names, sums = [row[0] for row in rows], sorted((row[1] for row in rows), reverse=True)
    if any(len(bytes.fromhex(name)) != TAG_BYTES for name in names) or names != sorted(set(names)):
        yield "the pseudonyms are not sorted, or one stands twice"
    if any(type(each) is not int or each <= 0 for each in sums):
        yield "a sum is not a positive integer"
    if (sealed["cnt"], sealed["sum"]) != (len(rows), sum(sums)):
        yield f"the table has {len(rows)} rows of {sum(sums)}, the seal says {sealed}"
    if sum(sums) != day.matched:
        yield f"they sum to {sum(sums)}, matched with a tag were {day.matched}"
    for caps, where in ((day.caps, "at most"), (campaign_caps, "in the campaign at most")):
        if sums and caps and 0 not in caps and sums[0] > max(caps):
            yield f"one person has {sums[0]} of {where} {max(caps)}"
    for project, tags in day.tags.items():
        parts = sorted(tags.values(), reverse=True)
        if len(parts) > len(sums) or any(a > b for a, b in zip(parts, sums, strict=False)):
            yield f"the {len(parts)} tags of {project} do not fit into {len(sums)} rows"
    reached = {cap: sum(each >= cap for each in sums) for cap in {cap for cap, _ in day.cut}}
    for (cap, project), cut in day.cut.items():
        full = reached[cap]
        if full < len(cut):
            yield f"{len(cut)} tags of {project} were cut at {cap}, but {full} persons reached it"


def check_campaign_cuts(campaign: Campaign) -> Iterator[str]:
    """Name cuts at a whole-campaign cap that no persons in the days' tables can have reached.

    Whoever was cut at a cap has reached it over all days, and has at most one row a day: so the
    largest rows of every day, as many as were cut, must come to as many times the cap.
    """
    for (cap, project), cut in campaign.cut.items():
        most = sum(sum(day.rows[: len(cut)]) for day in campaign.days.values())
        if most < len(cut) * cap:
            yield f"{len(cut)} tags of {project} were cut at {cap}, all days leave them {most}"


# --- the answer -----------------------------------------------------------------------------------


def waiting(walk: Walk) -> Iterator[str]:
    """What cannot be judged yet, because the log does not say it yet."""
    for (code, day), seed in walk.seeds.items():
        if seed.waiting:
            yield f"{len(seed.waiting)} matches by {code} on {day_text(day)}, for its seed"
    for digest, seen in walk.unseen.items():
        names = [rule.name for rule in walk.rules.values() if rule.surprise == digest]
        yield f"gifts of {len(seen)} minutes, for the surprise of {', '.join(names)}"
    for (name, slice_), closing in walk.closings.items():
        if not closing.done:
            at = minute_text(slice_ * 60) if isinstance(slice_, int) else slice_
            yield f"{len(closing.numbers)} claims by {name}, for their shares ({at})"
    for pool in walk.pools.values():
        if pool.spread:
            yield f"{len(pool.spread)} projects, for the rest of the pool {pool.code}"


def spending(walk: Walk) -> Iterator[tuple[str, dict[str, int]]]:
    """Of every project's lines of which something was spent: what came in, void, spent, left."""
    for code, project in sorted(walk.projects.items()):
        project.catch_up()
        for name, line in project.lines.items():
            if line.spent:
                sums = {"in": line.head, "void": line.void, "spent": line.spent}
                yield f"{code} {name}", sums | {"left": line.left()}


def result(walk: Walk, checkpoint: tuple[str, int, bytes], day: str, only: str) -> dict[str, Any]:
    """All that was found, ready to be written as JSON."""
    origin, size, root = checkpoint
    number = day_number(day) if day else walk.last_day
    found = {code: one for code, one in walk.campaigns.items() if only in {"", code}}
    return {
        "equal": not walk.wrong,
        "origin": origin,
        "size": size,
        "root": base64.b64encode(root).decode(),
        "entries": ({"don": walk.gifts} if walk.gifts else {}) | walk.counts,
        "matches": sum(walk.by.values()),
        "by": dict(sorted(walk.by.items())),
        "campaigns": {code: one.sums() for code, one in found.items()}
        | ({} if only else {"-": walk.outside.sums()}),
        "day": day_text(number),
        "pools": {
            code: {
                "funded": pool.funded,
                "left": pool.left,
                "matched": pool.matched,
                "returned": pool.returned,
                "used_on_day": pool.used.get(number, 0),
                "promised": sum(pool.promised.values()),
                "released": sum(pool.released.values()),
                "paid": pool.funded - sum(pool.how.values()),
                "unspent": pool.unspent,
            }
            for code, pool in walk.pools.items()
            if only in {"", pool.campaign}
        },
        "lines": {} if only else dict(spending(walk)),
        "days_not_sealed": [
            f"{code} {day_text(each)}"
            for code, one in found.items()
            for each, of_day in sorted(one.days.items())
            if (of_day.cut or one.cut) and of_day.sealed != of_day.matched
        ],
        "waiting": list(waiting(walk)),
        "wrong": walk.wrong,
        "differences": [{"entry": at, "what": text} for at, text in walk.differences],
    }


def standing(walk: Walk) -> dict[str, Any]:
    """What a closing report tells of campaigns and pools, as the entries so far have it."""
    names = {"cnt": "gifts", "don": "donated", "match": "matched", "refund": "refunded"}
    names["back"] = "returned"
    campaigns: dict[str, dict[str, int]] = {}
    for code, one in walk.campaigns.items():
        found = [sums for label, sums in one.sums().items() if "/" not in label]
        campaigns[code] = {name: sum(sums[key] for sums in found) for key, name in names.items()}
    pools = {
        code: {
            "campaign": pool.campaign,
            "matched": pool.matched,
            "released": sum(pool.released.values()),
            "unpaid": sum(pool.payable.values()),
        }
        for code, pool in walk.pools.items()
    }
    return {"campaigns": campaigns, "pools": pools}


def check_report(report: dict[str, Any], stood: dict[str, Any]) -> Iterator[str]:
    """Say where a campaign's closing report tells other sums than the log's first entries."""
    for venue in report["venues"]:
        code = venue["code"]
        for name, right in stood["campaigns"][code].items():
            if venue[name] != right:
                yield f"{code} {name}: {venue[name]}, the log has {right}"
        yield from check_pools(venue, stood["pools"])
    for name, sum_ in report["sums"].items():
        if sum_ != sum(venue[name] for venue in report["venues"]):
            yield f"{name}: {sum_} is not the sum of the venues"


def check_pools(venue: dict[str, Any], stood: dict[str, Any]) -> Iterator[str]:
    """Say which pools of a campaign a report leaves out, borrows, or tells wrong sums of."""
    code = venue["code"]
    told_of = {pool["pool"] for pool in venue["pools"]}
    right_of = {name for name, one in stood.items() if one["campaign"] == code}
    for name in sorted(right_of - told_of):
        yield f"{code} pool {name}: left out, the log has it"
    for pool in venue["pools"]:
        if pool["pool"] not in right_of:
            yield f"{code} pool {pool['pool']}: the log has it in another campaign or nowhere"
            continue
        told = {
            "matched": sum(each["matched"] for each in pool["rules"]),
            "released": sum(each["amount"] for each in pool["released"]),
        }
        if pool["promise"]:
            told["unpaid"] = pool["promise"]["unpaid"]
        for name, sum_ in told.items():
            right = stood[pool["pool"]][name]
            if sum_ != right:
                yield f"{code} pool {pool['pool']} {name}: {sum_}, the log has {right}"


def money(amount: int, label: str) -> str:
    """An amount in whole units with its money: 1234 of shan/HKD -> 12.34 HKD."""
    asset = label.partition("/")[2] or POOL_ASSET
    unit = 10 ** DECIMALS.get(asset, 0)
    sign, (whole_part, part) = "-" if amount < 0 else "", divmod(abs(amount), unit)
    return f"{sign}{whole_part:,}" + (f".{part:02d}" if unit > 1 else "") + f" {asset}"


def in_words(found: dict[str, Any]) -> Iterator[str]:
    """The result line by line, in Chinese and English."""
    yield f"日志 log {found['origin']}，{found['size']} 条 entries，根 root {found['root']}"
    for code, totals in found["campaigns"].items():
        yield f"活动 campaign {code if code != '-' else '（活动之外 outside campaigns）'}"
        for label, t in totals.items():
            yield (
                f"  {label}: {t['cnt']} 笔 gifts，捐 given {money(t['don'], label)}，"
                f"配 matched {money(t['match'], '')}，退 refunded {money(t['refund'], label)}，"
                f"退回配捐 match returned {money(t['back'], '')}"
            )
    for code, pool in found["pools"].items():
        yield (
            f"配捐池 pool {code}: 到位 funded {money(pool['funded'], '')}，"
            f"余 left {money(pool['left'], '')}，{found['day']} 用 used "
            f"{money(pool['used_on_day'], '')}，退回 returned {money(pool['returned'], '')}，"
            f"待拨 promised {money(pool['promised'], '')}，"
            f"已拨 released {money(pool['released'], '')}，已付 paid {money(pool['paid'], '')}"
        )
    for label, sums in found["lines"].items():
        told = {name: money(sums[name], "") for name in sums}
        yield (
            f"款项 {label}: 收入 in {told['in']}，退回 void {told['void']}，"
            f"已用 spent {told['spent']}，未用 left {told['left']}"
        )
    yield f"配捐判定 matches decided anew: {found['matches']} {found['by']}"
    for each in found["days_not_sealed"]:
        yield f"每人每日上限待封账 person-day cuts not yet covered by a day seal: {each}"
    for each in found["waiting"]:
        yield f"待后续条目 waits for later entries: {each}"
    for each in found["differences"]:
        yield f"不一致 DIFFERS 第 {each['entry']} 条 entry: {each['what']}"
    yield from found.get("report", ())
    if found["equal"]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found["entries"].items()))
        yield f"EQUAL 一致: {kinds}"
    else:
        yield f"DIFFERENT 不一致: {found['wrong']}"


def jobs_for(size: int) -> int:
    """How many processes read a log of this size beside the one that decides."""
    if size < BUNDLES_ALONE * WIDTH or "__file__" not in globals():
        return 0
    return min(os.cpu_count() or 1, JOBS_MAX)


class Progress:
    """Tells a person who waits how far the check is."""

    def __init__(self) -> None:
        self.next = time.monotonic() + TELL_SECONDS

    def __call__(self, done: int, size: int) -> None:
        """Write a line if the last one is some seconds old."""
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + TELL_SECONDS
            part = 100 * done // size
            sys.stderr.write(f"已核对 checked {done:,} / {size:,} ({part} %)\n")
            sys.stderr.flush()


def recompute(
    place: str,
    vkey: str,
    day: str = "",
    campaign: str = "",
    *,
    jobs: int | None = None,
    plainly: bool = False,
    tell: Tell | None = None,
    report: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Read and recompute a whole log; with `report` say whether a closing report agrees with it.

    Raises CannotCheckError, BrokenLogError.
    """
    collecting = gc.isenabled()
    gc.disable()  # nothing here ever refers to itself
    try:
        with contextlib.closing(open_source(place)) as source:
            checkpoint = read_checkpoint(source, vkey)
            walk = Walk(Entries(place, source, checkpoint[1]))
            if report is not None:
                walk.stands_at = whole(report.get("entries"), "entries")
            walk.run(jobs_for(checkpoint[1]) if jobs is None else jobs, plainly, tell)
    finally:
        if collecting:
            gc.enable()
    if walk.entries.root() != checkpoint[2]:
        walk.differ(checkpoint[1], "the entries do not hash to the signed root")
    if campaign and campaign not in walk.campaigns:
        raise CannotCheckError(f"the log knows no campaign {campaign}")
    found = result(walk, checkpoint, day, campaign)
    if report is not None:
        found["report"] = report_differences(report, walk)
        found["equal"] = found["equal"] and not found["report"]
    return found


def report_differences(report: dict[str, Any], walk: Walk) -> list[str]:
    """In words, where a report differs from the log. Raises CannotCheckError."""
    if not walk.stood:
        raise CannotCheckError("the report counts more entries than the log has")
    try:
        return [f"报告不一致 REPORT DIFFERS: {each}" for each in check_report(report, walk.stood)]
    except (KeyError, TypeError) as error:
        raise CannotCheckError(f"this is no closing report of the log: {error}") from error


def run(arguments: list[str]) -> int:
    """Run the command: print the result, return the exit code 0, 1 or 2."""
    parser = argparse.ArgumentParser(
        prog="recompute.py", description="独立重算公开日志 / Recompute a public log of Jusha."
    )
    parser.add_argument("source", help="http(s)://host/log, or the folder log/public")
    parser.add_argument("--vkey", required=True, help="日志公钥 / the log's key, name+id+base64")
    parser.add_argument("--day", default="", help="pools as of this day, YYYY-MM-DD")
    parser.add_argument("--campaign", default="", help="show only this campaign")
    parser.add_argument("--report", type=Path, help="a closing report (JSON) to compare")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--jobs", type=int, help="processes that read beside this one; 0: none")
    parser.add_argument("--plain", action="store_true", help="every entry the long, plain way")
    options = parser.parse_args(arguments)
    try:
        if options.day:
            day_number(options.day)
        found = recompute(
            options.source,
            options.vkey,
            options.day,
            options.campaign,
            jobs=options.jobs,
            plainly=options.plain,
            tell=Progress(),
            report=json.loads(options.report.read_text("utf-8")) if options.report else None,
        )
    except BrokenLogError as refusal:
        print(f"DIFFERENT 不一致: {refusal}")
        return 1
    except (CannotCheckError, OSError, ValueError) as refusal:
        print(f"无法核对 / CANNOT CHECK: {refusal}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print("\n".join(in_words(found)))
    return 0 if found["equal"] else 1


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))
