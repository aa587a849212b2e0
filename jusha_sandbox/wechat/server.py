"""The gateway over HTTP: one process, a thread a connection, requests taken as they were sent.

Not WSGI: a merchant signs the target as it stands in the request line, and WSGI decodes it.
"""

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from jusha_sandbox.wechat.api import Api
from jusha_sandbox.wechat.control import Control, put
from jusha_sandbox.wechat.pages import Pages, missing
from jusha_sandbox.wechat.store import Store
from jusha_sandbox.wechat.teller import Teller
from jusha_sandbox.wechat.wire import Asked, Fields, NoAnswerError, Said

BODY_MAX: Final = 1 << 16
IDLE_SECONDS: Final = 30


class Gateway:
    """One gateway: its folder, its pages, its notices."""

    def __init__(self, folder: Path, *, address: str, merchants: Path | None = None) -> None:
        """Open the folder; `address` is where browsers and merchants find it."""
        self.store = Store(folder)
        self.api, self.pages = Api(self.store, address=address), Pages(self.store)
        self.control, self.teller = Control(self.store), Teller(self.store)
        if merchants is not None:
            self.read_merchants(merchants)

    def read_merchants(self, path: Path) -> None:
        """Take the merchants of a file: a JSON array of what /control/merchants takes.

        Raises ComplaintError.
        """
        with self.store.claim() as database:
            for told in json.loads(path.read_text("utf-8")):
                put(database, Fields(told))

    def answer(self, asked: Asked) -> Said:
        """Answer one request. Raises NoAnswerError."""
        if asked.path.startswith("/v3/"):
            return self.api.answer(asked)
        if asked.path == "/control" or asked.path.startswith("/control/"):
            return self.control.answer(asked)
        if asked.path == "/health":
            return Said(200, b"ok\n", (("content-type", "text/plain"),))
        if asked.method in {"GET", "POST"}:
            return self.pages.answer(asked)
        return missing()


class Handler(BaseHTTPRequestHandler):
    """Reads one request and writes one answer."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # head and body in one piece: else the other side's delayed ACK costs 40 ms
    disable_nagle_algorithm = True
    gateway: Gateway

    def _serve(self) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            self._write(Said(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(
            self.command, self.path, headers, self.rfile.read(int(length)), self.client_address[0]
        )
        try:
            self._write(self.gateway.answer(asked))
        except NoAnswerError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _write(self, said: Said) -> None:
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        if said.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a request's line may name an order."""


class Server(ThreadingHTTPServer):
    """Listens for one gateway, and sends its notices beside."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, folder: Path, *, host: str, port: int, address: str, merchants: Path | None = None
    ) -> None:
        """Bind; port 0 takes any, and `address` "" is then made from it."""
        super().__init__((host, port), Handler)
        self.address = address or f"http://localhost:{self.server_address[1]}"
        self.gateway = Gateway(folder, address=self.address, merchants=merchants)
        self.RequestHandlerClass = type("Bound", (Handler,), {"gateway": self.gateway})

    def run(self) -> None:
        """Serve until `shutdown`."""
        self.gateway.teller.start()
        try:
            self.serve_forever(0.05)
        finally:
            self.gateway.teller.stop()
            self.server_close()
            self.gateway.store.close()

    def stop(self) -> None:
        """Ask `run` to end, from a signal."""
        threading.Thread(target=self.shutdown).start()
