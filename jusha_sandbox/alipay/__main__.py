"""Serve a simulated Alipay gateway: python -m jusha_sandbox.alipay FOLDER --port PORT.

FOLDER gets its keys and database at the first start; app_private.pem and alipay_public.pem are
what a client needs. It may be killed at any moment and started again.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from jusha_sandbox.alipay.app import Gateway
from jusha_sandbox.alipay.notices import Sender
from jusha_sandbox.alipay.store import APP_ID, OWN_SELLER, Store


class Threads(ThreadingMixIn, WSGIServer):
    """A thread a request."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def opened(store: Store, names: list[str]) -> dict[str, Any]:
    """Open an account for each name that has none; tell the application and all their tokens."""
    with store.claim() as database:
        found = {}
        for name in names:
            known = database.execute("SELECT id, token FROM seller WHERE name = ?", (name,))
            row = known.fetchone()
            found[name] = (
                {"seller_id": row["id"], "token": row["token"]}
                if row
                else store.add_seller(database, name)
            )
    return {"app_id": APP_ID, "sellers": found}


def main() -> None:
    """Serve until stopped; the first line says where."""
    mode = os.environ.get("JUSHA_MODE", "sandbox")
    if mode != "sandbox":
        raise SystemExit(f"no simulated gateway starts in JUSHA_MODE={mode}")
    parser = argparse.ArgumentParser(prog="jusha_sandbox.alipay", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8012)
    parser.add_argument("--open", nargs="*", metavar="NAME", help="open accounts, tell, and end")
    options = parser.parse_args()
    store = Store(options.folder)
    if options.open is not None:
        sys.stdout.write(json.dumps(opened(store, options.open)) + "\n")
        return
    Sender(store).start()
    server = make_server(
        options.host, options.port, Gateway(store), server_class=Threads, handler_class=Quiet
    )
    where = f"http://{options.host}:{server.server_port}/gateway.do"
    sys.stdout.write(f"{where} app_id {APP_ID} seller {OWN_SELLER}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
