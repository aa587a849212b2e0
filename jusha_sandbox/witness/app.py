"""The witness over HTTP (WSGI, PEP 3333): add-checkpoint, and what anyone may read.

POST /add-checkpoint        c2sp.org/tlog-witness
GET  /                      who this is: the same operator 同一运营者
GET  /vkey                  the key that verifies its cosignatures
GET  /<sha256(origin)>/checkpoint   the last checkpoint it cosigned, with its cosignature
GET  /refused               what it refused, as JSON: signed checkpoints that may be evidence
"""

import html
import json
import os
import re
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any, Final

from jusha_sandbox.witness.notes import (
    NotReadableError,
    Request,
    cosignature,
    extends,
    read_note,
    read_request,
    signed_by,
)
from jusha_sandbox.witness.store import Known, Store, keep_refused, remember

BODY_MAX: Final = 256 * 1024
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT: Final = "text/plain; charset=utf-8"
CHECKPOINT: Final = re.compile(r"/([0-9a-f]{64})/checkpoint")
PAGE: Final = Template((Path(__file__).parent / "witness.html").read_text("utf-8"))

Start = Callable[[str, list[tuple[str, str]]], Any]
Said = tuple[HTTPStatus, str, str]


class Witness:
    """One witness as a WSGI application. `clock` tells Unix seconds."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        """Stand on a store."""
        self.store, self.clock = store, clock

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path == "/add-checkpoint":
            if method != "POST":
                said = HTTPStatus.METHOD_NOT_ALLOWED, TEXT, "POST\n"
            else:
                said = self._add(environ)
        elif method != "GET":
            said = HTTPStatus.METHOD_NOT_ALLOWED, TEXT, "GET\n"
        else:
            said = self._tell(path)
        return _answer(start, *said)

    def _add(self, environ: dict[str, Any]) -> Said:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_MAX:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TEXT, "too long\n"
        return self.add_checkpoint(bytes(environ["wsgi.input"].read(int(length))))

    def add_checkpoint(self, body: bytes) -> Said:
        """Cosign the checkpoint, or say why not; what is cosigned was durable before."""
        try:
            request = read_request(body)
        except NotReadableError as error:
            return HTTPStatus.BAD_REQUEST, TEXT, f"{error}\n"
        now = int(self.clock())
        with self.store.claim() as database:
            known = self.store.known(database, request.head.origin)
            if known is None:
                return HTTPStatus.NOT_FOUND, TEXT, "this witness does not know the log\n"
            if not signed_by(request.head, known.key):
                return HTTPStatus.FORBIDDEN, TEXT, "not signed by the log's key\n"
            if refused := _refusal(request, known):
                # A size that is only out of date is how a log asks where we are.
                if not _is_question(request, known):
                    status = refused[0].value
                    keep_refused(database, known, status=status, body=body, at_s=now)
                return refused
            head = request.head
            if head.size != known.size or not known.note:
                remember(
                    database, known, size=head.size, root=head.root, note=request.note, at_s=now
                )
        line = cosignature(self.store.name, self.store.key, request.head.text, at_s=now)
        return HTTPStatus.OK, TEXT, line

    def _tell(self, path: str) -> Said:
        if path == "/vkey":
            return HTTPStatus.OK, TEXT, f"{self.store.vkey}\n"
        if path == "/refused":
            return HTTPStatus.OK, "application/json", self._refused()
        if path == "/":
            return HTTPStatus.OK, "text/html; charset=utf-8", self._page()
        wanted = CHECKPOINT.fullmatch(path)
        for known in self.store.all_known() if wanted else ():
            if wanted and sha256(known.origin.encode()).hexdigest() == wanted[1] and known.note:
                return HTTPStatus.OK, TEXT, self._cosigned(known)
        return HTTPStatus.NOT_FOUND, TEXT, "there is nothing here\n"

    def _cosigned(self, known: Known) -> str:
        """The stored checkpoint with our cosignature, made again for the time it was made at."""
        text = read_note(known.note).text
        line = cosignature(self.store.name, self.store.key, text, at_s=known.cosigned_at)
        return known.note.decode() + line

    def _refused(self) -> str:
        with self.store.claim() as database:
            rows = database.execute(
                "SELECT at, origin, status, held, body FROM refused ORDER BY at"
            ).fetchall()
        told = [
            {"at": at, "origin": origin, "status": status, "held": held.decode(),
             "body": body.decode()}
            for at, origin, status, held, body in rows
        ]  # fmt: skip
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"

    def _page(self) -> str:
        rows = "".join(
            f"<li><code>{html.escape(known.origin)}</code> · {known.size} · "
            f'<a href="/{sha256(known.origin.encode()).hexdigest()}/checkpoint">checkpoint</a></li>'
            for known in self.store.all_known()
        )
        return PAGE.substitute(
            name=html.escape(self.store.name), vkey=html.escape(self.store.vkey), logs=rows
        )


def _refusal(request: Request, known: Known) -> Said | None:
    """Why this may not be cosigned; None if it may."""
    head = request.head
    if request.old_size > head.size:
        return HTTPStatus.BAD_REQUEST, TEXT, "the old size is above the new one\n"
    if request.old_size != known.size:
        return HTTPStatus.CONFLICT, SIZE_TYPE, f"{known.size}\n"
    if not extends(known.size, known.root, head, request.proof):
        why = "the proof does not lead from the checkpoint cosigned last to this one\n"
        return HTTPStatus.UNPROCESSABLE_ENTITY, TEXT, why
    return None


def _is_question(request: Request, known: Known) -> bool:
    """Whether the request contradicts nothing: another old size, and a tree not below ours."""
    return request.old_size != known.size and (
        request.head.size > known.size
        or (request.head.size, request.head.root) == (known.size, known.root)
    )


def _answer(start: Start, status: HTTPStatus, kind: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    start(
        f"{status.value} {status.phrase}",
        [
            ("content-type", kind),
            ("content-length", str(len(body))),
            ("content-security-policy", policy),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ],
    )
    return [body]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one request by the witness of the folder that SANDBOX_WITNESS names."""
    return _served()(environ, start)


def _served() -> Witness:
    global _witness  # noqa: PLW0603 - one process, one witness, opened at the first request
    if _witness is None:
        folder = Path(os.environ["SANDBOX_WITNESS"])
        _witness = Witness(Store(folder, logs=Path(os.environ["SANDBOX_WITNESS_LOGS"])))
    return _witness


_witness: Witness | None = None
