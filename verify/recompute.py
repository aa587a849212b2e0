"""Recompute a whole Jusha log 独立重算聚沙公开日志: every match, refund and seal.

One file on purpose: it needs Python 3.11 and the package `cryptography`, nothing of Jusha, so a
newspaper, an auditor or a rival can read it, run it and change it.

    python recompute.py https://example.org/log --vkey "example.org/log+530d903a+AekyeR..."
    python recompute.py var/log/public --vkey "$(cat var/log/public/vkey)" --day 2026-09-09

It reads the checkpoint, checks its signature, downloads every entry, hashes them all to the signed
root, and then decides every match anew from the rules in the log. It prints totals and EQUAL 一致,
or each difference with the number of its entry. Exit code 0: equal. 1: it differs. 2: the check
could not be made (wrong call, unreachable or incomplete log). docs/log.md has the formats and says
which one bound (person-day) a stranger can only fence in, and how.
"""

import argparse
import base64
import binascii
import contextlib
import datetime as dt
import gzip
import hashlib
import http.client
import json
import sys
import urllib.parse
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

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
NOTICE_SECONDS = 60
SHOWN_MAX = 200
CACHED_BUNDLES = 64
MAX_BYTES = 1 << 28
TIMEOUT_SECONDS = 60
DECIMALS = {"CNY": 2, "USD": 2, "HKD": 2}
POOL_ASSET = "CNY"
MINUTES_KEPT = 50_000


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


class Entries:
    """All entries up to the checkpoint's size: hashed once in order, and readable again."""

    def __init__(self, source: Folder | Site, size: int) -> None:
        self.source, self.size = source, size
        self.held: list[bytes] = []  # at place k: the root of 2^k leaves, or b""
        self.digests: list[bytes] = []
        self.cache: OrderedDict[int, list[bytes]] = OrderedDict()

    def __iter__(self) -> Iterator[list[bytes]]:
        """Bundle after bundle; the root grows on the way."""
        for index in range(-(-self.size // WIDTH)):
            entries = self._bundle(index)
            self.digests.append(hashlib.sha256(b"\n".join(entries)).digest())
            row = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
            if len(row) == WIDTH:
                while len(row) > 1:
                    row = [_node(*row[at : at + 2]) for at in range(0, len(row), 2)]
                self._push(row[0], 8)
            else:
                for leaf in row:
                    self._push(leaf, 0)
            yield entries

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
            entries = self._bundle(index)
            if hashlib.sha256(b"\n".join(entries)).digest() != self.digests[index]:
                raise BrokenLogError(f"bundle {index} has changed while it was read")
        return entries[place]

    def _bundle(self, index: int) -> list[bytes]:
        path, width = bundle_path(index), min(WIDTH, self.size - index * WIDTH)
        data = self.source.read(path if width == WIDTH else f"{path}.p/{width}")
        if data is None and width < WIDTH:
            data = self.source.read(path)
        if data is None:
            raise CannotCheckError(f"the log does not serve {path} that its checkpoint promises")
        entries = self.cache[index] = split_bundle(data, width, path)
        if len(self.cache) > CACHED_BUNDLES:
            self.cache.popitem(last=False)
        return entries

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


# --- what the log has said so far -----------------------------------------------------------------


@dataclass(slots=True)
class Rule:
    """One rule version."""

    name: str
    code: str
    pool: str
    from_s: int
    terms: dict[str, Any]


@dataclass(slots=True)
class Day:
    """One day of one campaign, as far as caps of a person reach."""

    matched: int = 0
    sealed: int = 0
    tags: dict[str, dict[bytes, int]] = field(default_factory=lambda: defaultdict(dict))
    """By project: what each tag was matched. Two tags of one project are two persons."""
    caps: set[int] = field(default_factory=set)
    cut: dict[tuple[int, str], set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """By cap and project: the tags that the cap has cut."""


@dataclass(slots=True)
class Campaign:
    """A campaign's terms, its rules and totals."""

    code: str
    opens_s: int
    closes_s: int
    channels: list[str]
    rules: list[Rule] = field(default_factory=list)
    in_force: dict[int, list[Rule]] = field(default_factory=dict)
    totals: dict[str, dict[str, int]] = field(default_factory=dict)
    days: dict[int, Day] = field(default_factory=lambda: defaultdict(Day))

    def rules_at(self, minute_s: int) -> list[Rule]:
        """The newest begun version of each rule code, the oldest code first."""
        found = self.in_force.get(minute_s)
        if found is None:
            if len(self.in_force) > MINUTES_KEPT:
                self.in_force.clear()
            newest = {rule.code: rule for rule in self.rules if rule.from_s <= minute_s}
            found = self.in_force[minute_s] = list(newest.values())
        return found

    def total(self, project: str, asset: str) -> dict[str, int]:
        """The running totals under the name that seals use; yuan have no suffix."""
        label = project if asset == POOL_ASSET else f"{project}/{asset}"
        if label not in self.totals:
            self.totals[label] = {"cnt": 0, "don": 0, "match": 0, "refund": 0, "back": 0}
        return self.totals[label]


@dataclass(slots=True)
class Pool:
    """A sponsor's pool: what came in, what is left, what each day used."""

    campaign: str
    left: int = 0
    funded: int = 0
    returned: int = 0
    used: dict[int, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class Channel:
    """A channel's clock and draw limit, and what it drew."""

    clock: str
    draw: int
    drawn: int = 0


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


def day_number(text: str) -> int:
    """Days from 1970-01-01 to 2026-09-09. Raises ValueError."""
    return dt.date.fromisoformat(text).toordinal() - dt.date(1970, 1, 1).toordinal()


def day_text(number: int) -> str:
    """The day of a number."""
    return str(dt.date.fromordinal(number + dt.date(1970, 1, 1).toordinal()))


def canonical(value: object) -> bytes:
    """JSON as RFC 8785 writes it, for the values that the log holds."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")


decoder = json.JSONDecoder(parse_float=_refuse_float, parse_constant=_refuse_float)


def gift_bytes(e: dict[str, Any]) -> bytes:
    """A gift's leaf written by one format string: much faster than `canonical`, same bytes."""
    m = ",".join(
        [
            f'{{"amt":{x["amt"]},"by":"{x["by"]}","pool":"{x["pool"]}","r":"{x["r"]}"}}'
            for x in e.get("m", ())
        ]
    )
    cm, rd, tag = e.get("cm"), e.get("rd"), e.get("tag")
    return (
        f'{{"amt":{e["amt"]},"ch":"{e["ch"]}",'
        + (f'"cm":"{cm}",' if cm else "")
        + f'"cur":"{e["cur"]}","k":"don",'
        + (f'"m":[{m}],' if m else "")
        + f'"n":{e["n"]},"prj":"{e["prj"]}",'
        + (f'"rd":"{rd}",' if rd else "")
        + f'"t":"{e["t"]}",'
        + (f'"tag":"{tag}",' if tag else "")
        + f'"v":{e["v"]}}}'
    ).encode()


# --- the walk -------------------------------------------------------------------------------------

FIELDS = {
    "don": "amt ch cur k n prj t v|cm m rd tag",
    "held": "amt ch cur k n t v why|",
    "refund": "amt cur k n ref t v|m",
    "channel": "ch clock draw k n t v|",
    "charity": "k n org t v|",
    "project": "k n prj st t v|org run",
    "campaign": "chs from k n rd t to v|",
    "pool": "amt cur how k n pool rd t v|",
    "rule": "from k n pool r rd t terms v|",
    "seal": "k n rd t v|day persons sums sums_hash",
}
MUST = {kind: frozenset(text.split("|")[0].split()) for kind, text in FIELDS.items()}
MAY = {kind: MUST[kind] | set(text.split("|")[1].split()) for kind, text in FIELDS.items()}
TERMS = {"anonymous", "denominator", "gift_max", "gift_min", "kind", "numerator"}
TERMS |= {"person_day_max", "window"}


Gift = tuple[int, int, bytes, str, str]
"""Amount, minute in Unix seconds, tag or b"", project, channel."""


class Walk:
    """Goes through all entries in order, keeps what they add up to, and decides each match anew."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.differences: list[tuple[int, str]] = []
        self.wrong = 0
        self.counts: dict[str, int] = defaultdict(int)
        self.by: dict[str, int] = defaultdict(int)
        self.last_day = 0
        self.channels: dict[str, Channel] = {}
        self.charities: set[str] = set()
        self.projects: dict[str, bool] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.outside = Campaign("", 0, 0, [])
        self.pools: dict[str, Pool] = {}
        self.refunded: dict[int, int] = {}
        self.handlers = {kind: getattr(self, kind) for kind in FIELDS}

    def differ(self, number: int, text: str) -> None:
        """Note a difference; only the first ones are kept word for word."""
        self.wrong += 1
        if len(self.differences) < SHOWN_MAX:
            self.differences.append((number, text))

    def run(self) -> None:
        """Walk through every entry. Raises CannotCheckError, BrokenLogError."""
        number = 0
        for entries in self.entries:
            for raw in entries:
                try:
                    self.take(number, raw)
                except EntryWrongError as error:
                    self.differ(number, str(error))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                    self.differ(number, f"malformed: {type(error).__name__} {error}")
                number += 1

    def take(self, number: int, raw: bytes) -> None:
        """Check one entry's form, then its meaning."""
        e = decoder.decode(raw.decode())
        kind = e["k"]
        handler = self.handlers.get(kind)
        if handler is None:
            raise EntryWrongError(f"unknown kind {kind!r}")
        if kind != "don" or gift_bytes(e) != raw:
            need(canonical(e) == raw, "the entry is not canonical JSON")
            need(MUST[kind] <= e.keys() <= MAY[kind], f"fields {sorted(e)}")
        if type(e["n"]) is not int or e["n"] != number or e["v"] != 1:
            raise EntryWrongError(f"n is {e['n']!r}, version {e['v']!r}")
        self.counts[kind] += 1
        minute(e["t"])
        handler(e)

    def channel(self, e: dict[str, Any]) -> None:
        """A channel gets its rights."""
        need(e["ch"] not in self.channels, "the channel exists already")
        need(e["clock"] in {"receipt", "rail", "file"}, f"clock {e['clock']!r}")
        self.channels[e["ch"]] = Channel(e["clock"], whole(e["draw"], "draw"))

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
        else:
            need(e["st"] == "gone" and self.projects.get(code), "closes what is not open")
        self.projects[code] = e["st"] == "open"

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
        pool = self.pools.setdefault(e["pool"], Pool(e["rd"]))
        need(pool.campaign == e["rd"], "the pool serves another campaign")
        amount = whole(e["amt"], "amt", 1)
        pool.left += amount
        pool.funded += amount

    def rule(self, e: dict[str, Any]) -> None:
        """A rule version is published: in order, and in time once gifts have been made."""
        campaign, terms, from_s = self.campaigns[e["rd"]], e["terms"], minute(e["from"])
        code, _, version = e["r"].rpartition(".")
        before = [rule for rule in campaign.rules if rule.code == code]
        need(version == str(len(before) + 1), f"version {e['r']} after {len(before)}")
        need(self.pools[e["pool"]].campaign == e["rd"], "the pool serves another campaign")
        need(all(rule.pool == e["pool"] for rule in before), "the code belongs to another pool")
        need(all(rule.from_s < from_s for rule in before), "it begins before the one before it")
        window = terms["window"]
        need(terms.keys() == TERMS and terms["kind"] == "ratio", "terms of an unknown kind")
        need(window.keys() == {"budget", "from_minute", "to_minute"}, "an unknown window")
        need(terms["anonymous"] in {"none", "gift"}, "an unknown word for anonymous gifts")
        for name in ("numerator", "denominator"):
            whole(terms[name], name, 1)
        for name in ("gift_min", "gift_max", "person_day_max"):
            whole(terms[name], name)
        whole(window["budget"], "budget")
        opens, closes = whole(window["from_minute"], "from"), whole(window["to_minute"], "to")
        need(opens < closes <= DAY_SECONDS // 60, "a window lies within one day")
        rule = Rule(e["r"], code, e["pool"], from_s, terms)
        campaign.rules.append(rule)
        campaign.rules.sort(key=lambda each: each.from_s)
        campaign.in_force.clear()
        begun = any(total["cnt"] for total in campaign.totals.values())
        need(not begun or from_s >= minute(e["t"]) + NOTICE_SECONDS, "less than 60 seconds' notice")

    def held(self, e: dict[str, Any]) -> None:
        """Money that agrees with no order or project: in no total, without a match."""
        need(e["ch"] in self.channels, f"unknown channel {e['ch']}")
        whole(e["amt"], "amt", 1)

    def don(self, e: dict[str, Any]) -> None:
        """A gift: its project is open, its matches are what the rules in force give."""
        amount, code, asset = whole(e["amt"], "amt", 1), e.get("rd"), e["cur"]
        channel = self.channels.get(e["ch"])
        campaign = self.campaigns.get(code) if code else self.outside
        if channel is None or campaign is None:
            raise EntryWrongError(f"unknown channel {e['ch']} or campaign {code}")
        need(self.projects.get(e["prj"]), f"the project {e['prj']} is not open")
        tag = binascii.a2b_base64(e["tag"]) if "tag" in e else b""
        need(len(tag) in {0, TAG_BYTES} and (code or not tag), "a tag of another form or place")
        at_s = minute(e["t"])
        day = (at_s + SHIFT_SECONDS) // DAY_SECONDS
        self.last_day = max(self.last_day, day)
        total = campaign.total(e["prj"], asset)
        total["cnt"] += 1
        total["don"] += amount
        shown = e.get("m", ())
        rules = campaign.rules_at(at_s) if asset == POOL_ASSET else []
        agreed = [(m["r"], m["pool"]) for m in shown] == [(rule.name, rule.pool) for rule in rules]
        if not agreed:
            self.differ(e["n"], f"rules in force are {[rule.name for rule in rules]}, not as shown")
            named = {rule.name: rule for rule in campaign.rules}
            rules = [named[m["r"]] for m in shown]
        gift = (amount, at_s, tag, e["prj"], e["ch"])
        for rule, m in zip(rules, shown, strict=True):
            given, by = whole(m["amt"], "a match"), m["by"]
            if agreed and (wrong := self.judge(campaign, rule, gift, given, by)):
                self.differ(e["n"], f"match by {rule.name}: {wrong}")
            self.by[by] += 1
            total["match"] += given
            self.count(campaign, rule, gift, given, by)

    def judge(self, campaign: Campaign, rule: Rule, gift: Gift, given: int, by: str) -> str:
        """Say what is wrong with a match, or "" if it is the one that the rule gives."""
        amount, at_s, tag, project, sender = gift
        terms, day = rule.terms, (at_s + SHIFT_SECONDS) // DAY_SECONDS
        channel, pool = self.channels[sender], self.pools[rule.pool]
        window, cap = terms["window"], terms["person_day_max"]
        refused = refusal(campaign, rule, gift, clock=channel.clock)
        if refused:
            return "" if (given, by) == (0, refused) else f"0 by {refused}, not {given} by {by}"
        most, bound = amount * terms["numerator"] // terms["denominator"], "rule"
        if terms["gift_max"] and terms["gift_max"] < most:
            most, bound = terms["gift_max"], "gift"
        own = most
        if channel.draw and channel.draw - channel.drawn < most:
            most, bound = channel.draw - channel.drawn, "channel"
        if window["budget"] - pool.used[day] < most:
            most, bound = window["budget"] - pool.used[day], "window"
        if pool.left < most:
            most, bound = pool.left, "pool"
        used = campaign.days[day].tags[project].get(tag, 0) if tag and cap else 0
        if by == "person-day":
            free = len(campaign.rules) > 1  # other caps may have left less than no room
            return judge_person(
                tag=tag, cap=cap, used=used, given=given, own=own, most=most, free=free
            )
        if (given, by) != (max(most, 0), bound):
            return f"{max(most, 0)} by {bound}, not {given} by {by}"
        # Where a later bound cut it, the person's day had strictly more room than that.
        if tag and cap and used + most + (bound not in {"rule", "gift"}) > cap:
            return f"one tag had {used} of {cap} that day and is given {given} by {by}"
        return ""

    def count(self, campaign: Campaign, rule: Rule, gift: Gift, given: int, by: str) -> None:
        """Take a match from its pool, window and channel, and add it to its tag's day."""
        _, at_s, tag, project, sender = gift
        day, cap = (at_s + SHIFT_SECONDS) // DAY_SECONDS, rule.terms["person_day_max"]
        of_day = campaign.days[day]
        if tag and by == "person-day":
            of_day.cut[cap, project].add(tag)
        if not given:
            return
        pool, channel = self.pools[rule.pool], self.channels[sender]
        pool.left -= given
        pool.used[day] += given
        channel.drawn += given if channel.draw else 0
        if tag:
            of_day.matched += given
            of_day.caps.add(cap)
            tags = of_day.tags[project]
            tags[tag] = tags.get(tag, 0) + given

    def refund(self, e: dict[str, Any]) -> None:
        """A refund: no more than is left of an earlier gift, its match going back in proportion."""
        ref, amount = whole(e["ref"], "ref"), whole(e["amt"], "amt", 1)
        need(ref < e["n"], "it refunds a later entry")
        gift = decoder.decode(self.entries.again(ref).decode())
        need(gift["k"] in {"don", "held"} and gift["cur"] == e["cur"], f"entry {ref} is no gift")
        done, back = self.refunded.get(ref, 0), dict[str, int]()
        self.refunded[ref] = done + amount
        for m in gift.get("m", ()):
            part = m["amt"] * (done + amount) // gift["amt"] - m["amt"] * done // gift["amt"]
            if part:
                back[m["pool"]] = back.get(m["pool"], 0) + part
        shown = [(m["pool"], whole(m["amt"], "a returned match", 1)) for m in e.get("m", ())]
        if gift["k"] == "don":
            campaign = self.campaigns[gift["rd"]] if "rd" in gift else self.outside
            total = campaign.total(gift["prj"], gift["cur"])
            total["refund"] += amount
            for pool, part in shown:
                total["back"] += part
                self.pools[pool].returned += part
        need(done + amount <= gift["amt"], f"{done} + {amount} refunded of {gift['amt']}")
        need(sorted(shown) == sorted(back.items()), f"returns {back}, not {dict(shown)}")

    def seal(self, e: dict[str, Any]) -> None:
        """A seal: the totals so far are ours, and a day's table keeps to every cap."""
        campaign = self.campaigns[e["rd"]]
        sums = e["sums"] if "sums" in e else json.loads(self.table(e["sums_hash"]))
        for label in sorted(sums.keys() | campaign.totals.keys()):
            sealed, own = sums.get(label), campaign.totals.get(label)
            if sealed != own:
                self.differ(e["n"], f"sealed totals of {label} are {sealed}, recomputed {own}")
        need(("day" in e) == ("persons" in e), "a day without its table, or a table without day")
        if "day" in e:
            self.counts["day seal"] += 1
            of_day, persons = campaign.days[day_number(e["day"])], e["persons"]
            need(persons.keys() == {"cnt", "h", "sum"}, "a persons table of another form")
            for wrong in check_persons(of_day, persons, json.loads(self.table(persons["h"]))):
                self.differ(e["n"], f"persons of {e['day']}: {wrong}")
            of_day.sealed = of_day.matched

    def table(self, name: str) -> bytes:
        """A table beside the log, which must hash to its name. Raises EntryWrongError."""
        path = f"tables/{decode64(name).hex()}.json"
        body = self.entries.source.read(path)
        if body is None:
            raise EntryWrongError(f"the log does not serve {path}")
        need(hashlib.sha256(body).digest() == decode64(name), f"{path} has another hash")
        return body


def refusal(campaign: Campaign, rule: Rule, gift: Gift, *, clock: str) -> str:
    """Say why a gift is not matched at all, or "": the first of the reasons in their order."""
    amount, at_s, tag, _, sender = gift
    window = rule.terms["window"]
    minute_of_day = (at_s + SHIFT_SECONDS) % DAY_SECONDS // 60
    if not campaign.opens_s <= at_s < campaign.closes_s:
        return "closed"
    if not (sender in campaign.channels if campaign.channels else clock != "file"):
        return "not-admitted"
    if not window["from_minute"] <= minute_of_day < window["to_minute"]:
        return "outside-window"
    if amount < rule.terms["gift_min"]:
        return "too-small"
    return "no-person" if not tag and rule.terms["anonymous"] == "none" else ""


def judge_person(
    *, tag: bytes, cap: int, used: int, given: int, own: int, most: int, free: bool
) -> str:
    """Say why the room left in a person's day cannot have been what decided, or "".

    `own` is what rule and gift limit give, `most` what all other bounds leave, `used` what this
    tag, one part of the person's day, had. `free`: several rules share the day.
    """
    if not (tag and cap):
        return "by person-day without a tag or without a cap"
    if given >= own if given else not free and own <= 0:
        return f"{given} by person-day, but the rule itself gives {own}"
    if given > most if given else not free and most < 0:
        return f"{given} by person-day, but another bound leaves {most}"
    if given and used + given > cap:
        return f"one tag had {used} of {cap} that day and is given {given} more"
    return ""


def check_persons(day: Day, sealed: dict[str, int], rows: list[list[Any]]) -> Iterator[str]:
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
    if sums and day.caps and 0 not in day.caps and sums[0] > max(day.caps):
        yield f"one person has {sums[0]} of at most {max(day.caps)}"
    for project, tags in day.tags.items():
        parts = sorted(tags.values(), reverse=True)
        if len(parts) > len(sums) or any(a > b for a, b in zip(parts, sums, strict=False)):
            yield f"the {len(parts)} tags of {project} do not fit into {len(sums)} rows"
    for (cap, project), cut in day.cut.items():
        full = sum(each >= cap for each in sums)
        if full < len(cut):
            yield f"{len(cut)} tags of {project} were cut at {cap}, but {full} persons reached it"


# --- the answer -----------------------------------------------------------------------------------


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
        "entries": dict(walk.counts),
        "matches": sum(walk.by.values()),
        "by": dict(sorted(walk.by.items())),
        "campaigns": {code: dict(sorted(one.totals.items())) for code, one in found.items()}
        | ({} if only else {"-": dict(sorted(walk.outside.totals.items()))}),
        "day": day_text(number),
        "pools": {
            code: {
                "funded": pool.funded,
                "left": pool.left,
                "matched": pool.funded - pool.left,
                "returned": pool.returned,
                "used_on_day": pool.used.get(number, 0),
            }
            for code, pool in walk.pools.items()
            if only in {"", pool.campaign}
        },
        "days_not_sealed": [
            f"{code} {day_text(each)}"
            for code, one in found.items()
            for each, of_day in sorted(one.days.items())
            if of_day.cut and of_day.sealed != of_day.matched
        ],
        "wrong": walk.wrong,
        "differences": [{"entry": at, "what": text} for at, text in walk.differences],
    }


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
            f"{money(pool['used_on_day'], '')}，退回 returned {money(pool['returned'], '')}"
        )
    yield f"配捐判定 matches decided anew: {found['matches']} {found['by']}"
    for each in found["days_not_sealed"]:
        yield f"每人每日上限待封账 person-day cuts not yet covered by a day seal: {each}"
    for each in found["differences"]:
        yield f"不一致 DIFFERS 第 {each['entry']} 条 entry: {each['what']}"
    if found["equal"]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found["entries"].items()))
        yield f"EQUAL 一致: {kinds}"
    else:
        yield f"DIFFERENT 不一致: {found['wrong']}"


def recompute(place: str, vkey: str, day: str = "", campaign: str = "") -> dict[str, Any]:
    """Read and recompute a whole log. Raises CannotCheckError, BrokenLogError."""
    source = Site(place) if place.startswith(("http://", "https://")) else Folder(place)
    with contextlib.closing(source):
        checkpoint = read_checkpoint(source, vkey)
        walk = Walk(Entries(source, checkpoint[1]))
        walk.run()
    if walk.entries.root() != checkpoint[2]:
        walk.differ(checkpoint[1], "the entries do not hash to the signed root")
    if campaign and campaign not in walk.campaigns:
        raise CannotCheckError(f"the log knows no campaign {campaign}")
    return result(walk, checkpoint, day, campaign)


def run(arguments: list[str]) -> int:
    """Run the command: print the result, return the exit code 0, 1 or 2."""
    parser = argparse.ArgumentParser(
        prog="recompute.py", description="独立重算公开日志 / Recompute a public log of Jusha."
    )
    parser.add_argument("source", help="http(s)://host/log, or the folder log/public")
    parser.add_argument("--vkey", required=True, help="日志公钥 / the log's key, name+id+base64")
    parser.add_argument("--day", default="", help="pools as of this day, YYYY-MM-DD")
    parser.add_argument("--campaign", default="", help="show only this campaign")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        if options.day:
            day_number(options.day)
        found = recompute(options.source, options.vkey, options.day, options.campaign)
    except BrokenLogError as refusal:
        print(f"DIFFERENT 不一致: {refusal}")
        return 1
    except (CannotCheckError, ValueError) as refusal:
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
