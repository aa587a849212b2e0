"""Rails' notices at the door: thanked when durable, refused by the rail's own rules."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from jusha.door.app import Door, Request
from jusha.door.messages import Keys
from jusha.door.notices import ALIPAY_PATH, WECHAT_PATH, Rails
from jusha.door.problems import RefusedError
from jusha.inbox.envelopes import Deed
from tests.payments.rails.wechat import oracle
from tests.sandbox.wechat.world import APIV3, APPID, CHARITY, PARTNER

KEYS = Keys(deed=b"d" * 32, person=b"p" * 32)
RAILS = f"""\
notify = "http://127.0.0.1:8001"
[wechat]
address = "http://localhost:8004"
mchid = "{PARTNER}"
appid = "{APPID}"
serial = "00"
"""


class Intake:
    """Keeps what the door takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, bytes]] = []
        self.woken = 0

    def put(self, envelopes: list[Any], raw: bytes) -> asyncio.Future[None]:
        self.taken.append((envelopes, raw))
        return asyncio.get_running_loop().create_future()

    def wake_payments(self) -> None:
        self.woken += 1


def write_rails(home: Path) -> None:
    (home / "rails.toml").write_text(RAILS)
    for folder in (home / "rails" / "wechat", home / "secrets" / "wechat"):
        folder.mkdir(parents=True)
    (home / "rails" / "wechat" / f"{oracle.KEY_ID}.pem").write_bytes(oracle.platform_pem())
    (home / "secrets" / "wechat" / "apiv3.key").write_text(APIV3)


@pytest.fixture
def rails(tmp_path: Path) -> Rails:
    write_rails(tmp_path)
    found = Rails(tmp_path, KEYS)
    found.payees = {"wechat": {CHARITY: "shan"}}
    return found


def ask(rails: Rails, path: str, headers: dict[bytes, bytes], body: bytes) -> tuple[Any, Intake]:
    intake = Intake()

    async def play() -> Any:
        door = Door(intake, KEYS, rails)  # type: ignore[arg-type] # what Door uses of it
        return door.reply(Request(path, headers, body))

    return asyncio.run(play()), intake


def refused(rails: Rails, path: str, headers: dict[bytes, bytes], body: bytes) -> str:
    with pytest.raises(RefusedError) as error:
        ask(rails, path, headers, body)
    return error.value.problem.code


def signed(body: bytes, *, late_s: int = 0) -> dict[bytes, bytes]:
    return oracle.signed(body, at_s=int(time.time()) - late_s)


def test_a_payment_is_recorded_with_its_proof_and_thanked_when_it_is_durable(rails: Rails) -> None:
    body = oracle.envelope(oracle.sealed(oracle.payment()))
    headers = signed(body)
    reply, intake = ask(rails, WECHAT_PATH, headers, body)
    assert (reply.status, reply.body, reply.durable is None) == (200, b"", False)
    ((deed,), raw), *_ = intake.taken
    assert isinstance(deed, Deed)
    assert (deed.channel, deed.payee, deed.order) == ("wechat", "shan", oracle.ORDER)
    assert raw.endswith(body)
    assert headers[b"wechatpay-signature"] in raw
    assert oracle.ALICE.encode() not in repr(deed).encode()


def test_a_retry_sealed_anew_is_the_same_deed(rails: Rails) -> None:
    deeds = []
    for nonce in (b"a" * 32, b"b" * 32):
        body = oracle.envelope(oracle.sealed(oracle.payment()))
        headers = oracle.signed(body, at_s=int(time.time()), nonce=nonce)
        deeds.append(ask(rails, WECHAT_PATH, headers, body)[1].taken[0][0][0])
    assert deeds[0] == deeds[1]


def test_money_for_a_merchant_that_nobody_named_is_taken_and_stands_as_itself(rails: Rails) -> None:
    body = oracle.envelope(oracle.sealed(oracle.payment(sub_mchid="1999999999")))
    _, intake = ask(rails, WECHAT_PATH, signed(body), body)
    assert intake.taken[0][0][0].payee == "wechat-1999999999"


def test_what_is_forged_stale_or_another_rails_is_refused_and_nothing_is_kept(rails: Rails) -> None:
    body = oracle.envelope(oracle.sealed(oracle.payment()))
    headers = signed(body)
    assert refused(rails, WECHAT_PATH, headers, body + b" ") == "unauthentic"
    assert refused(rails, WECHAT_PATH, signed(body, late_s=400), body) == "stale"
    assert refused(rails, WECHAT_PATH, signed(b"{}"), b"{}") == "unreadable"
    assert refused(rails, ALIPAY_PATH, {}, b"a=1") == "not-found"


def test_a_refund_carries_no_money_in_and_wakes_the_payments_process(rails: Rails) -> None:
    told = {
        "sp_mchid": PARTNER,
        "sub_mchid": CHARITY,
        "out_trade_no": str(oracle.ORDER),
        "transaction_id": oracle.TRANSACTION,
        "out_refund_no": f"{oracle.ORDER}-9",
        "refund_status": "SUCCESS",
        "amount": {"total": 2_000, "refund": 500},
    }
    body = oracle.envelope(oracle.sealed(told, associated="refund"), event="REFUND.SUCCESS")
    reply, intake = ask(rails, WECHAT_PATH, signed(body), body)
    assert (reply.status, reply.durable, intake.taken, intake.woken) == (200, None, [], 1)


def test_before_the_merchants_are_known_a_rail_is_asked_to_come_again(rails: Rails) -> None:
    rails.payees = None
    assert refused(rails, WECHAT_PATH, {}, b"{}") == "starting"


def test_new_keys_hold_as_soon_as_the_files_change(rails: Rails, tmp_path: Path) -> None:
    body = oracle.envelope(oracle.sealed(oracle.payment()))
    (tmp_path / "secrets" / "wechat" / "apiv3.key").write_text("k" * 32 + "\n")
    rails.look()
    assert refused(rails, WECHAT_PATH, signed(body), body) == "unauthentic"
    (tmp_path / "secrets" / "wechat" / "apiv3.key").write_text("k" * 32 + "\n" + APIV3)
    rails.look()
    assert ask(rails, WECHAT_PATH, signed(body), body)[0].status == 200


def test_keys_that_cannot_be_read_leave_the_old_ones_in_force(rails: Rails, tmp_path: Path) -> None:
    (tmp_path / "rails.toml").write_text("[wechat\n")
    rails.look()
    body = oracle.envelope(oracle.sealed(oracle.payment()))
    assert ask(rails, WECHAT_PATH, signed(body), body)[0].status == 200
