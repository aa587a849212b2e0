"""Start the gateway: python -m jusha_sandbox.wechat FOLDER --port 8004 --merchants FILE.

模拟微信支付网关，不会动用任何真实资金。FOLDER keeps its keys and its database. It listens on this
machine; the control page is at /control. --merchants is a JSON array, as POST /control/merchants
takes them one by one: {"role": "partner", "mchid": …, "name": …, "appid": …, "apiv3_key": …,
"serial": …, "public_key": PEM} and {"role": "sub", "mchid": …, "name": …, "partner": …}.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from jusha_sandbox.wechat.control import platform
from jusha_sandbox.wechat.server import Server
from jusha_sandbox.wechat.store import Store


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    if (mode := os.environ.get("JUSHA_MODE", "sandbox")) != "sandbox":
        raise SystemExit(f"no simulated gateway starts in JUSHA_MODE={mode}")
    parser = argparse.ArgumentParser(prog="jusha_sandbox.wechat", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8004)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--address", default="", help="where browsers find it, if not localhost")
    parser.add_argument("--merchants", type=Path)
    parser.add_argument("--platform", action="store_true", help="print its public keys and end")
    options = parser.parse_args()
    if options.platform:
        sys.stdout.write(json.dumps(platform(Store(options.folder))) + "\n")
        return
    server = Server(
        options.folder,
        host=options.host,
        port=options.port,
        address=options.address,
        merchants=options.merchants,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()


if __name__ == "__main__":
    main()
