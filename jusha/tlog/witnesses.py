"""Witnesses: others who cosign our checkpoints after checking that each extends the one before.

The publisher asks those that JUSHA_HOME/log/witnesses names (a C2SP tlog-policy without log
lines) and adds their cosignatures to what it publishes. A witness never holds the log up: it has
ASK_SECONDS to answer, one that fails is left alone for a while, and an answer that comes late is
added to the checkpoint it belongs to. Source: c2sp.org/tlog-witness, c2sp.org/tlog-cosignature.
"""

import http.client
import json
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from jusha.merkle.checkpoint import Checkpoint
from jusha.merkle.encoding import encode64, parse_number
from jusha.merkle.errors import MerkleError, PolicyMalformedError
from jusha.merkle.note import (
    Signature,
    Vkey,
    parse_note,
    parse_signature_lines,
    verify_signature,
)
from jusha.merkle.policy import Policy, parse_policy
from jusha.merkle.tiles import ReadTile, TileTree

POLICY: Final = "policy"
STATES: Final = "witnesses.json"
REFUSALS: Final = "refusals"
REFUSALS_MAX: Final = 200
ASK_SECONDS: Final = 0.3
SOCKET_SECONDS: Final = 2.0
REST_FIRST_SECONDS: Final = 1.0
REST_MAX_SECONDS: Final = 30.0
ANSWER_BYTES_MAX: Final = 65_536
ROUNDS_MAX: Final = 3
OK: Final = 200
CONFLICT: Final = 409
SERVER_ERROR: Final = 500
SIZE_TYPE: Final = "text/x.tlog.size"
HEAD: Final = """\
# 信任文件：核对凭证时要求的日志签名和见证人（c2sp.org/tlog-policy）
# The trust policy of this log. Take it from more than one place, and keep your copy.
"""

log = structlog.get_logger("publisher")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one witness said to one checkpoint: a cosignature, or why there is none."""

    size: int
    signature: Signature | None = None
    timestamp: int = 0
    why: str = ""
    refusal: bytes = b""
    status: int = 0


@dataclass(slots=True)
class Witness:
    """One witness, and how far it is with us. `known_size` is the tree it said it cosigned last."""

    name: str
    vkey: Vkey
    url: str
    known_size: int = 0
    cosigned_size: int = 0
    cosigned_at: int = 0
    behind_since: int = 0
    refusals: int = 0
    why: str = ""
    rest_s: float = REST_FIRST_SECONDS
    not_before: float = 0.0
    asked: Future[Answer] | None = None
    connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(self, note: bytes, checkpoint: Checkpoint, read_tile: ReadTile) -> Answer:
        """Bring the witness from the size it knows to this checkpoint.

        Raises OSError, http.client.HTTPException, MerkleError, ValueError.
        """
        size, rounds = checkpoint.size, 0
        while True:
            old, rounds = self.known_size, rounds + 1
            body = add_checkpoint_body(note, checkpoint, old_size=old, read_tile=read_tile)
            status, kind, data = self._post(body)
            if status == OK:
                signature, timestamp = self._read_lines(note, data)
                self.known_size = size
                return Answer(size, signature, timestamp)
            if status != CONFLICT or kind != SIZE_TYPE or rounds == ROUNDS_MAX:
                break
            told = parse_number(data.decode().rstrip("\n"))
            if told == old or told > size:
                break
            self.known_size = told
        why = f"answered {status}: {data[:80].decode(errors='replace').strip()}"
        if status >= SERVER_ERROR:
            return Answer(size, why=why)
        head = f"jusha-refusal/v1\nwitness {self.vkey.text}\nat {int(time.time())}\n"
        kept = f"{head}status {status}\n\n--- asked\n".encode() + body + b"--- answered\n" + data
        return Answer(size, why=why, refusal=kept, status=status)

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        """Post to add-checkpoint; a connection that was closed meanwhile is opened once more."""
        kept = self.connection is not None
        try:
            return self._post_once(body)
        except (ConnectionError, http.client.BadStatusLine):
            self.hang_up()
            if not kept:
                raise
            return self._post_once(body)
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise

    def _post_once(self, body: bytes) -> tuple[int, str, bytes]:
        address = urlsplit(self.url)
        if self.connection is None:
            host, port = address.hostname or "", address.port
            if address.scheme == "https":
                self.connection = http.client.HTTPSConnection(host, port, timeout=SOCKET_SECONDS)
            else:
                self.connection = http.client.HTTPConnection(host, port, timeout=SOCKET_SECONDS)
        path = f"{address.path.rstrip('/')}/add-checkpoint"
        self.connection.request("POST", path, body, {"content-type": "text/plain; charset=utf-8"})
        answer = self.connection.getresponse()
        data = answer.read(ANSWER_BYTES_MAX)
        if not answer.isclosed():  # longer than any answer: the rest is not worth reading
            self.hang_up()
        return answer.status, answer.getheader("content-type", "").partition(";")[0], data

    def hang_up(self) -> None:
        """Close the connection; the next question opens one."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _read_lines(self, note: bytes, data: bytes) -> tuple[Signature, int]:
        """The witness's own cosignature among the lines it answered, verified."""
        text = parse_note(note).text
        for signature in parse_signature_lines(data.decode()):
            if (signature.name, signature.key_id) == (self.vkey.name, self.vkey.key_id):
                return signature, verify_signature(self.vkey, text, signature) or 0
        raise http.client.HTTPException("no cosignature by the key that the policy names")


class Witnesses:
    """Those who are asked, one thread each, so that none waits for another."""

    def __init__(self, policy: Policy | None, *, read_tile: ReadTile) -> None:
        """Know whom to ask: the witnesses of the policy that have a URL. None: nobody."""
        urls = policy.urls if policy else {}
        self.all = [
            Witness(name, vkey, urls[name])
            for name, vkey in (policy.witnesses.items() if policy else ())
            if urls.get(name, "").startswith(("http://", "https://"))
        ]
        self._read_tile = read_tile
        self._pool = ThreadPoolExecutor(len(self.all), "witness") if self.all else None
        self._refused: list[tuple[str, bytes]] = []

    def close(self) -> None:
        """Ask nobody any more; an answer under way is not waited for."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def ask(self, note: bytes, checkpoint: Checkpoint) -> dict[int, tuple[Signature, ...]]:
        """Ask those that have not cosigned this checkpoint; wait no longer than ASK_SECONDS.

        Returns cosignatures by the size they belong to: this one's, and older ones whose
        answers came late. Never raises for what a witness does.
        """
        if self._pool is None:
            return {}
        found = [answer for witness in self.all if (answer := self._collect(witness))]
        now, due = time.monotonic(), list[Future[Answer]]()
        for witness in self.all:
            if witness.cosigned_size == checkpoint.size:
                continue
            witness.behind_since = witness.behind_since or int(time.time())
            if witness.asked is None and now >= witness.not_before:
                witness.asked = self._pool.submit(witness.ask, note, checkpoint, self._read_tile)
                due.append(witness.asked)
        if due:
            wait(due, ASK_SECONDS)
            found += [answer for witness in self.all if (answer := self._collect(witness))]
        lines: dict[int, tuple[Signature, ...]] = {}
        for answer in found:
            if answer.signature:
                lines[answer.size] = (*lines.get(answer.size, ()), answer.signature)
        for witness in self.all:
            if witness.cosigned_size == checkpoint.size:
                witness.behind_since = 0
        return lines

    def _collect(self, witness: Witness) -> Answer | None:
        """Take what a witness has answered since; let one that failed rest."""
        if witness.asked is None or not witness.asked.done():
            return None
        asked, witness.asked = witness.asked, None
        error = asked.exception()
        answer = Answer(0, why=f"{type(error).__name__}: {error}") if error else asked.result()
        if answer.signature:
            witness.cosigned_size, witness.cosigned_at = answer.size, answer.timestamp
            witness.why, witness.rest_s = "", REST_FIRST_SECONDS
            return answer
        if witness.why != answer.why:
            log.warning("witness_failed", witness=witness.name, why=answer.why)
        witness.why = answer.why
        witness.not_before = time.monotonic() + witness.rest_s
        witness.rest_s = min(witness.rest_s * 2, REST_MAX_SECONDS)
        if answer.refusal:
            witness.refusals += 1
            key = witness.vkey.key_id.hex()
            self._refused.append((f"{answer.size}-{answer.status}-{key}.txt", answer.refusal))
        return answer

    def take_refusals(self) -> list[tuple[str, bytes]]:
        """What witnesses refused since the last call: a file's name and its bytes."""
        taken, self._refused = self._refused, []
        return taken

    def report(self, size: int) -> bytes:
        """How far each witness is, as JSON for the log's readers; empty if nobody is asked.

        `behind_since` is the Unix second since which it has not cosigned the newest; 0: it has.
        """
        if not self.all:
            return b""
        rows: list[dict[str, Any]] = [
            {
                "name": witness.name,
                "vkey": witness.vkey.text,
                "cosigned_size": witness.cosigned_size,
                "cosigned_at": witness.cosigned_at,
                "behind_entries": size - witness.cosigned_size,
                "behind_since": witness.behind_since,
                "refusals": witness.refusals,
                "why": witness.why,
            }
            for witness in self.all
        ]
        return (json.dumps({"size": size, "witnesses": rows}, indent=1) + "\n").encode()


def add_checkpoint_body(
    note: bytes, checkpoint: Checkpoint, *, old_size: int, read_tile: ReadTile
) -> bytes:
    """The body of add-checkpoint: old size, consistency proof, empty line, signed checkpoint.

    Raises SizeOutOfRangeError, TileMissingError, TileMalformedError.
    """
    tree = TileTree(size=checkpoint.size, read_tile=read_tile)
    lines = [f"old {old_size}", *map(encode64, tree.consistency_proof(old_size=old_size)), "", ""]
    return "\n".join(lines).encode() + note


def published_policy(told: bytes | None, *, log_key: Vkey) -> tuple[bytes, Policy]:
    """The policy that is published: this log's key, and the witnesses the operator names.

    What cannot be read names nobody, and says so: a slip of the pen does not stop the log.
    """
    own = f"{HEAD}log {log_key.text}\n".encode()
    try:
        text = own + b"\n" + told if told else own + b"quorum none\n"
        return text, parse_policy(text)
    except PolicyMalformedError as error:
        log.error("witnesses_unreadable", why=str(error))  # noqa: TRY400 - an operator's slip
        text = own + b"# log/witnesses cannot be read\nquorum none\n"
        return text, parse_policy(text)


def right_lines(note: bytes, shown: bytes, witnesses: Iterable[Vkey]) -> list[Signature]:
    """The cosignatures of `shown` that are by these witnesses and verify over our note's text."""
    keys = {(each.name, each.key_id): each for each in witnesses}
    right: list[Signature] = []
    try:
        text, signatures = parse_note(note).text, parse_note(shown).signatures
    except MerkleError:
        return []
    for each in signatures:
        vkey = keys.get((each.name, each.key_id))
        try:
            if vkey and verify_signature(vkey, text, each) is not None:
                right.append(each)
        except MerkleError:
            continue
    return right
