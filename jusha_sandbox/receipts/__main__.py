"""Serve the simulated issuer: python -m jusha_sandbox.receipts FOLDER --port PORT.

FOLDER holds <client>.secret in hex; it may be killed at any moment and started again.
"""

import argparse
import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from jusha_sandbox.receipts.app import Issuer
from jusha_sandbox.receipts.store import Store


class Threads(ThreadingMixIn, WSGIServer):
    """A thread a request."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing of each request: payers' names are in some."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def main() -> None:
    """Serve until stopped; the first line says where."""
    mode = os.environ.get("JUSHA_MODE", "sandbox")
    if mode != "sandbox":
        raise SystemExit(f"no simulated issuer starts in JUSHA_MODE={mode}")
    parser = argparse.ArgumentParser(prog="jusha_sandbox.receipts", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8006)
    options = parser.parse_args()
    server = make_server(
        options.host,
        options.port,
        Issuer(Store(options.folder)),
        server_class=Threads,
        handler_class=Quiet,
    )
    sys.stdout.write(f"http://{options.host}:{server.server_port}/\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
