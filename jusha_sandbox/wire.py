"""Protocol jusha-hmac-v1 as a channel writes it, from docs/door.md."""

import hashlib
import hmac
import http.client
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10


def read_secret(folder: Path, channel: str) -> bytes:
    """Read the channel's secret, kept as hex in a file that only its owner reads."""
    return bytes.fromhex((folder / f"{channel}.secret").read_text().strip())


def signed_headers(secret: bytes, *, path: str, channel: str, body: bytes) -> dict[str, str]:
    """The headers that prove a POST of this body now."""
    timestamp = str(int(time.time()))
    text = f"jusha-hmac-v1\nPOST\n{path}\n{channel}\n{timestamp}\n".encode() + body
    return {
        "content-type": "application/json",
        "jusha-channel": channel,
        "jusha-timestamp": timestamp,
        "jusha-signature": "v1=" + hmac.new(secret, text, hashlib.sha256).hexdigest(),
    }


def post(door: str, path: str, channel: str, secret: bytes, message: dict[str, Any]) -> int:
    """Post one message and return the HTTP status; 0 if the door could not be reached."""
    body = json.dumps(message, separators=(",", ":")).encode()
    address = urlsplit(door)
    connection = http.client.HTTPConnection(
        address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT_SECONDS
    )
    try:
        connection.request(
            "POST", path, body, signed_headers(secret, path=path, channel=channel, body=body)
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
