"""What the test has the official SDK do, in a process where `import alipay` is that SDK.

Reads one JSON object from standard input: where the gateway listens, the keys, and the verbs in
their order; writes what the SDK gave back, a JSON list. The SDK always connects to port 80 and
cannot name another one, so the connection is turned to the gateway's port below the SDK.
"""

import json
import socket
import sys
from importlib import import_module
from typing import Any

from alipay.aop.api import AlipayClientConfig, DefaultAlipayClient
from alipay.aop.api.util.SignatureUtils import verify_with_rsa

REQUESTS = {
    "precreate": "AlipayTradePrecreateRequest",
    "page": "AlipayTradePagePayRequest",
    "query": "AlipayTradeQueryRequest",
    "close": "AlipayTradeCloseRequest",
    "refund": "AlipayTradeRefundRequest",
    "refund_query": "AlipayTradeFastpayRefundQueryRequest",
    "bill": "AlipayDataDataserviceBillDownloadurlQueryRequest",
}


def turned_to(port: int) -> None:
    """Let connections to this machine's port 80 reach the gateway instead."""
    connect = socket.create_connection

    def turned(address: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
        assert address == ("127.0.0.1", 80), address
        return connect(("127.0.0.1", port), *rest, **named)

    socket.create_connection = turned  # type: ignore[assignment] # the same, elsewhere


def client(told: dict[str, Any]) -> Any:
    config = AlipayClientConfig.AlipayClientConfig()
    config.server_url = "http://127.0.0.1/gateway.do"
    config.app_id = told["app_id"]
    config.app_private_key = told["app_private"]
    config.alipay_public_key = told["alipay_public"]
    return DefaultAlipayClient.DefaultAlipayClient(config)


def done(asker: Any, told: dict[str, Any], step: dict[str, Any]) -> Any:
    if step["verb"] == "verify":
        signed = step["text"].encode(), step["sign"]
        return verify_with_rsa(told["alipay_public"], *signed)
    if step["verb"] == "parse":  # what `execute` does with the bytes that came back
        return json.loads(asker._DefaultAlipayClient__parse_response(step["raw"].encode()))
    name = REQUESTS[step["verb"]]
    request = getattr(import_module(f"alipay.aop.api.request.{name}"), name)()
    request.biz_content = step["words"]
    request.notify_url = step.get("notify_url")
    if step.get("token"):
        request.add_other_text_param("app_auth_token", step["token"])
    if step["verb"] == "page":
        return asker.page_execute(request, http_method="GET")
    return json.loads(asker.execute(request))


def main() -> None:
    told = json.load(sys.stdin)
    turned_to(told["port"])
    asker = client(told)
    json.dump([done(asker, told, step) for step in told["steps"]], sys.stdout)


if __name__ == "__main__":
    main()
