"""Serve a simulated Stripe: python -m jusha_sandbox.stripe FOLDER --port PORT.

FOLDER gets its secrets and database at the first start; api.key and webhook.key are what a client
needs. It may be killed at any moment and started again.
"""

import argparse
import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from jusha_sandbox.stripe.app import Gateway
from jusha_sandbox.stripe.events import Sender
from jusha_sandbox.stripe.store import PLATFORM, Store


class Threads(ThreadingMixIn, WSGIServer):
    """A thread a request."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def main() -> None:
    """Serve until stopped; the first line says where."""
    mode = os.environ.get("JUSHA_MODE", "sandbox")
    if mode != "sandbox":
        raise SystemExit(f"no simulated gateway starts in JUSHA_MODE={mode}")
    parser = argparse.ArgumentParser(prog="jusha_sandbox.stripe", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8014)
    options = parser.parse_args()
    store = Store(options.folder)
    Sender(store).start()
    server = make_server(
        options.host, options.port, Gateway(store), server_class=Threads, handler_class=Quiet
    )
    where = f"http://{options.host}:{server.server_port}"
    sys.stdout.write(f"{where} account {PLATFORM}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
