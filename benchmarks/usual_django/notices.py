"""The rival's notices as bytes, made before the clock starts."""

import json
from collections.abc import Iterator

from benchmarks.usual_django.signature import SIGNATURE_HEADER, sign
from benchmarks.workload import Workload


def notice_body(external_id: str, project: int, person: int, amount_fen: int, second: int) -> bytes:
    """A payment notice of about 440 bytes, with the fields that a rail's notice has."""
    notice = {
        "transaction_id": external_id,
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "appid": "wxd678efh567hg6787",
        "mchid": "1900000109",
        "out_trade_no": f"20260907{external_id[-18:]}",
        "bank_type": "OTHERS",
        "pool": 1,
        "project": project,
        "person": person,
        "payer": {"openid": f"oUpF8uMuAJO_M2pxb1Q9{person:08d}"},
        "amount": {"total": amount_fen, "payer_total": amount_fen, "currency": "CNY"},
        "second": second,
        "success_time": "2026-09-07T09:00:00+08:00",
        "attach": "giving day 2026, main venue",
    }
    return json.dumps(notice, separators=(",", ":")).encode()


def signed_requests(workload: Workload, *, secret: str) -> Iterator[tuple[str, bytes]]:
    """(external id, complete HTTP/1.1 request) for each gift of the workload."""
    for external_id, project, person, amount_fen, second in workload.gifts():
        body = notice_body(external_id, project, person, amount_fen, second)
        head = (
            "POST /donations HTTP/1.1\r\n"
            "Host: localhost\r\n"
            "Content-Type: application/json\r\n"
            f"{SIGNATURE_HEADER}: {sign(body, secret=secret)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield external_id, head.encode() + body
