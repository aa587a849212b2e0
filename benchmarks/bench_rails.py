"""How many notices a second the door takes from each rail, beside its own HMAC channel.

One door, one database, 256 connections. Every notice is signed as its rail signs (WeChat Pay:
RSA-2048 over the raw bytes and a seal of AES-256-GCM; Alipay: RSA-2048 over the form; the
channel: HMAC), checked by the rail's rules, and answered when it is durable. Rounds of the three
alternate.
Notices are made before each round, so that the load generator signs nothing. Left out: TLS,
which ends before the door, and settlement, which has a benchmark of its own. Every acknowledged
notice is looked up in the inbox afterwards.
"""

import argparse
import base64
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

import psutil
import psycopg
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.bench_door import CHANNEL, SECRET, BenchFailedError, cpu_seconds, open_door
from benchmarks.bench_door import signed_requests as channel_requests
from benchmarks.load import LoadPlan, LoadResult, acknowledged_ids, load_apart
from benchmarks.requests import write_requests
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.workload import Workload
from jusha.config.postgres import database_url, default_home, prepare, server_version
from jusha.inbox.envelopes import Deed, decode
from jusha.inbox.keys import deed_key
from jusha.people.vault import load as load_secret
from jusha.people.vault import seal

CONNECTIONS: Final = 256
PER_SECOND_MAX: Final = {CHANNEL: 40_000, "wechat": 24_000, "alipay": 16_000}
APIV3: Final = b"k" * 32
KEY_ID: Final = "PUB_KEY_ID_0114232134912410000000000000"
APP_ID: Final = "2021000000000001"
WECHAT_PATH: Final = "/door/v1/rails/wechat"
ALIPAY_PATH: Final = "/door/v1/rails/alipay"
RAILS: Final = f"""\
notify = "http://127.0.0.1"
[wechat]
address = "http://localhost"
mchid = "1900000100"
appid = "wx8888888888888888"
serial = "00"
[alipay]
gateway = "http://localhost/gateway.do"
app_id = "{APP_ID}"
"""

Requests = Iterator[tuple[str, bytes]]


def request(path: str, kind: str, body: bytes, more: str = "") -> bytes:
    """A complete HTTP/1.1 request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def wechat_requests(private: rsa.RSAPrivateKey, numbers: Iterator[int]) -> Requests:
    """Notices as WeChat Pay sends them, signed now."""
    at, seal_key = str(int(time.time())), AESGCM(APIV3)
    for number in numbers:
        transaction = f"4200{number:024d}"
        told = {
            "transaction_id": transaction,
            "amount": {"payer_total": 2_000, "total": 2_000, "currency": "CNY"},
            "sp_mchid": "1900000100",
            "sub_mchid": "1900000109",
            "sp_appid": "wx8888888888888888",
            "trade_state": "SUCCESS",
            "bank_type": "OTHERS",
            "trade_type": "NATIVE",
            "trade_state_desc": "支付成功",
            "success_time": "2026-11-23T08:00:00+08:00",
            "payer": {"sp_openid": f"oUpF8uMuAJO_M2pxb1Q9{number:08d}"},
            "out_trade_no": f"20261123{number % 10**10:010d}",
        }
        nonce = f"{number:012d}".encode()[:12]
        text = seal_key.encrypt(nonce, json.dumps(told).encode(), b"transaction")
        resource = {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(text).decode(),
            "associated_data": "transaction",
            "nonce": nonce.decode(),
        }
        body = json.dumps(
            {
                "id": f"EV-{number:020d}",
                "create_time": "2026-11-23T08:00:01+08:00",
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "支付成功",
                "resource": resource,
            }
        ).encode()
        signed = private.sign(
            f"{at}\n{nonce.decode()}\n".encode() + body + b"\n",
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
        more = (
            f"Wechatpay-Timestamp: {at}\r\nWechatpay-Nonce: {nonce.decode()}\r\n"
            f"Wechatpay-Serial: {KEY_ID}\r\n"
            f"Wechatpay-Signature: {base64.b64encode(signed).decode()}\r\n"
            "Wechatpay-Signature-Type: WECHATPAY2-SHA256-RSA2048\r\n"
        )
        yield transaction, request(WECHAT_PATH, "application/json", body, more)


def alipay_requests(private: rsa.RSAPrivateKey, numbers: Iterator[int]) -> Requests:
    """Notices as Alipay sends them, signed now."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3_600))
    for number in numbers:
        transaction = f"2026112322001{number:015d}"
        form = {
            "app_id": APP_ID,
            "buyer_id": f"2088{number % 10**12:012d}",
            "charset": "utf-8",
            "gmt_create": at,
            "gmt_payment": at,
            "notify_id": f"{number:034d}",
            "notify_time": at,
            "notify_type": "trade_status_sync",
            "out_trade_no": f"20261123{number % 10**10:010d}",
            "receipt_amount": "20.00",
            "seller_id": "2088000000000002",
            "subject": "善款 阅读包",
            "total_amount": "20.00",
            "trade_no": transaction,
            "trade_status": "TRADE_SUCCESS",
            "version": "1.0",
        }
        text = "&".join(f"{name}={form[name]}" for name in sorted(form))
        signed = private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        told = form | {"sign": base64.b64encode(signed).decode(), "sign_type": "RSA2"}
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        yield transaction, request(ALIPAY_PATH, kind, urlencode(told).encode())


def write_rails(home: Path) -> dict[str, rsa.RSAPrivateKey]:
    """Give a home two rails whose signing keys this benchmark holds."""
    keys = {
        rail: rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        for rail in ("wechat", "alipay")
    }
    (home / "rails.toml").write_text(RAILS)
    for rail, name in (("wechat", f"{KEY_ID}.pem"), ("alipay", "alipay_public.pem")):
        (home / "rails" / rail).mkdir(parents=True, exist_ok=True)
        (home / "rails" / rail / name).write_bytes(
            keys[rail]
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
    secrets = home / "secrets" / "wechat"
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    (secrets / "apiv3.key").write_bytes(APIV3)
    return keys


class Side:
    """One door under load, and what it acknowledged."""

    def __init__(self, port: int, pid: int) -> None:
        top = psutil.Process(pid)
        self._port, self._door = port, [top, *top.children(recursive=True)]
        self.acknowledged: dict[str, set[str]] = {name: set() for name in PER_SECOND_MAX}

    def run(self, rail: str, requests: Requests, seconds: float) -> tuple[LoadResult, float]:
        """Load it once; the answers' figures, and the door's microseconds of CPU a notice.

        Raises BenchFailedError on any other answer than 200, or when the notices ran out.
        """
        with tempfile.TemporaryDirectory() as folder:
            file, journal = Path(folder) / "requests", Path(folder) / "journal"
            made = int(seconds * PER_SECOND_MAX[rail])
            write_requests(file, islice(requests, made))
            before = cpu_seconds(self._door)
            result = load_apart(
                LoadPlan(
                    port=self._port,
                    connections=CONNECTIONS,
                    seconds=seconds,
                    warmup_seconds=seconds / 4,
                ),
                requests=file,
                journal=journal,
            )
            spent = cpu_seconds(self._door) - before
            self.acknowledged[rail] |= acknowledged_ids(journal)
        if result.statuses.keys() != {200}:
            raise BenchFailedError(f"{rail} answers: {result.statuses}")
        if result.acknowledged >= made:
            raise BenchFailedError(f"{rail}: {made} notices were too few")
        return result, round(spent / result.acknowledged * 1e6, 1)


def verify(watch: psycopg.Connection[Any], side: Side, deed_secret: bytes) -> int:
    """Look everything acknowledged up in the inbox. Raises BenchFailedError."""
    seen: Counter[bytes] = Counter()
    for (payload,) in watch.execute("SELECT payload FROM inbox_row"):
        seen.update(each.key for each in decode(payload) if isinstance(each, Deed))
    for rail, names in side.acknowledged.items():
        if missing := {deed_key(deed_secret, rail, name) for name in names} - seen.keys():
            raise BenchFailedError(f"{len(missing)} of {rail} are not in the inbox")
    if max(seen.values()) > 1:
        raise BenchFailedError("a notice is in the inbox twice")
    return seen.total()


def run(*, rounds: int, seconds: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure, verify, print, and append one line to the results; returns that line."""
    home = default_home()
    prepare(home)
    found: dict[str, list[tuple[LoadResult, float]]] = {name: [] for name in PER_SECOND_MAX}
    with (
        database(home, "rails", schema=True) as name,
        psycopg.connect(database_url("owner", home, name), autocommit=True) as watch,
    ):
        watch.execute(
            "INSERT INTO jusha_channelsecret (code, sealed, created_at) VALUES (%s, %s, now())",
            (CHANNEL, seal(load_secret(home, "channels"), SECRET, CHANNEL.encode())),
        )
        keys = write_rails(home)
        numbers, gifts = count(1), Workload().gifts()
        makers: dict[str, Callable[[], Requests]] = {
            CHANNEL: lambda: channel_requests(gifts),
            "wechat": lambda: wechat_requests(keys["wechat"], numbers),
            "alipay": lambda: alipay_requests(keys["alipay"], numbers),
        }
        with open_door(home, name) as (port, pid):
            side = Side(port, pid)
            for _ in range(rounds):
                for rail, make in makers.items():
                    result, door_us = side.run(rail, make(), seconds)
                    found[rail].append((result, door_us))
                    tell(
                        f"{rail:8} {result.per_second:8.0f}/s  p50 {result.p50_ms:6.1f} ms"
                        f"  p99 {result.p99_ms:6.1f} ms  door {door_us:6.1f} µs"
                        f"  generator {result.cpu_share:.0%}"
                    )
            deeds = verify(watch, side, load_secret(home, "dedupe"))
    figures: dict[str, float] = {}
    for rail, rows in found.items():
        figures[f"{rail}_per_second"] = round(median(one.per_second for one, _ in rows), 1)
        figures[f"{rail}_p99_ms"] = round(median(one.p99_ms for one, _ in rows), 1)
        figures[f"{rail}_door_us"] = round(median(door_us for _, door_us in rows), 1)
    for rail in ("wechat", "alipay"):
        ratios = [
            one[0].per_second / own[0].per_second
            for one, own in zip(found[rail], found[CHANNEL], strict=True)
        ]
        figures[f"{rail}_ratio"] = round(median(ratios), 2)
        tell(f"{rail} ÷ channel: {figures[f'{rail}_ratio']} (median of {rounds})")
    tell(f"all {deeds} notices in the inbox, none acknowledged is missing, none twice")
    version = server_version(database_url("owner", home)) or ""
    return append_result("rails", figures | {"verified": deeds}, postgres=version)


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_rails [--rounds 3]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    run(rounds=asked.rounds, seconds=asked.seconds, tell=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
