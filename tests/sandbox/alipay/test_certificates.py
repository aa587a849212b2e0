"""Certificate mode: our client, the gateway and python-alipay-sdk's DCAliPay name the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import build_opener

import httpx
import pytest
from alipay import DCAliPay  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from jusha.payments.rails.alipay.certificates import Certificates
from jusha.payments.rails.alipay.client import Alipay
from jusha.payments.rails.alipay.notice import Reader
from jusha.payments.rails.alipay.signing import KeyRefusedError
from jusha.payments.rails.config import RailsUnreadableError, clients, readers
from jusha.payments.rails.seam import NoticeRefusedError, RailRefusedError, RailUnsureError
from jusha_sandbox.alipay.certificates import ALIPAY, APP, ROOTS
from jusha_sandbox.alipay.notices import send_due
from jusha_sandbox.alipay.store import APP_ID
from tests.sandbox.alipay.conftest import NOON, ORDER, World

old_openssl = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
"""The SDK reads certificates by what pyOpenSSL is leaving behind."""


def read(world: World, *, alipay: tuple[bytes, ...] = ()) -> Certificates:
    world.store.certificates()
    folder = world.store.folder
    return Certificates(
        app_pem=(folder / APP).read_bytes(),
        root_pem=(folder / ROOTS).read_bytes(),
        alipay_pems=alipay or ((folder / ALIPAY).read_bytes(),),
    )


def client(world: World, certificates: Certificates, *, http: Any = None) -> Alipay:
    ours = world.client
    return Alipay(
        app_id=ours.app_id,
        app_key=ours.app_key,
        alipay_key=rsa.generate_private_key(65_537, 2_048).public_key(),  # must not matter
        gateway=ours.gateway,
        notify_url=ours.notify_url,
        http=http or ours.http,
        certificates=certificates,
        clock=world.wall,
    )


@pytest.fixture
def sdk(world: World) -> Any:
    world.store.certificates()
    texts = [(world.store.folder / name).read_text() for name in (APP, ALIPAY, ROOTS)]
    made = DCAliPay(
        appid=APP_ID,
        app_private_key_string=(world.store.folder / "app_private.pem").read_text(),
        app_public_key_cert_string=texts[0],
        alipay_public_key_cert_string=texts[1],
        alipay_root_cert_string=texts[2],
        app_notify_url=world.listener.address,
    )
    made._gateway = f"{world.address}/gateway.do"
    return made


def stranger(*, days: int = 30, bits: int = 2_048) -> bytes:
    """A certificate that signs itself."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Alipay")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


@old_openssl
def test_all_three_name_the_certificates_alike(world: World, sdk: Any) -> None:
    ours, there = read(world), world.store.certificates()
    assert sdk.app_cert_sn == ours.app_sn == there.app
    assert sdk.alipay_root_cert_sn == ours.root_sn == there.root
    alipay_sn = sdk.get_cert_sn((world.store.folder / ALIPAY).read_text())
    assert alipay_sn == there.alipay
    assert ours.key(alipay_sn, now_s=NOON) == world.client.alipay_key


@old_openssl
def test_the_public_sdk_orders_asks_and_refunds_in_certificate_mode(world: World, sdk: Any) -> None:
    made = sdk.api_alipay_trade_precreate(subject="捐", out_trade_no="7", total_amount="12.30")
    build_opener().open(made["qr_code"], b"action=pay").close()
    said = sdk.api_alipay_trade_query(out_trade_no="7")
    assert (said["trade_status"], said["total_amount"]) == ("TRADE_SUCCESS", "12.30")
    back = sdk.api_alipay_trade_refund("2.30", out_trade_no="7", out_request_no="7-1")
    assert back["fund_change"] == "Y"


def test_our_client_pays_and_its_notice_is_read_by_the_certificates(world: World) -> None:
    certificates = read(world)
    rail = client(world, certificates)
    code = rail.create(world.ask(), key=str(ORDER)).code
    build_opener().open(code, b"action=pay").close()
    state = rail.query(ORDER, world.payee)
    assert state.state == "paid"
    send_due(world.store)
    key = rsa.generate_private_key(65_537, 2_048).public_key()
    reader = Reader(app_id=APP_ID, alipay_key=key, certificates=certificates)
    body = world.listener.bodies[0]
    assert reader.read(body, now_seconds=NOON).paid == state.paid
    bare = Reader(app_id=APP_ID, alipay_key=key)
    with pytest.raises(NoticeRefusedError, match="unauthentic"):
        bare.read(body, now_seconds=NOON)


def test_a_request_that_names_other_certificates_is_refused(world: World) -> None:
    certificates = read(world)
    rail = client(world, certificates)
    for name in ("app_sn", "root_sn"):
        kept = getattr(certificates, name)
        setattr(certificates, name, "0" * 32)
        with pytest.raises(RailRefusedError, match="cert-sn"):
            rail.query(ORDER, world.payee)
        setattr(certificates, name, kept)


def test_an_answer_by_an_unknown_or_unnamed_or_old_certificate_is_unsure(world: World) -> None:
    rail = client(world, read(world))
    assert rail.query(ORDER, world.payee).state == "unknown"
    world.wall.seconds += 40 * 365 * 86_400
    with pytest.raises(RailUnsureError, match="certificate"):
        rail.query(ORDER, world.payee)
    world.wall.seconds = NOON

    def changed(old: bytes, new: bytes) -> httpx.Client:
        def answer(request: httpx.Request) -> httpx.Response:
            raw = world.client.http.post(
                str(request.url),
                content=request.read(),
                headers={"content-type": request.headers["content-type"]},
            )
            assert old in raw.content
            return httpx.Response(200, content=raw.content.replace(old, new))

        return httpx.Client(transport=httpx.MockTransport(answer))

    named = f'"alipay_cert_sn":"{world.store.certificates().alipay}",'.encode()
    for new in (b"", b'"alipay_cert_sn":"%s",' % (b"0" * 32), b'"alipay_cert_sn":7,'):
        with pytest.raises(RailUnsureError):
            client(world, read(world), http=changed(named, new)).query(ORDER, world.payee)


def test_who_leads_to_no_root_is_expired_or_weak_is_not_believed(world: World) -> None:
    own = stranger()
    with pytest.raises(KeyRefusedError, match="none of the roots"):
        read(world, alipay=(own,))
    trusted = read(world).root_sn
    assert trusted
    folder = world.store.folder
    app, leaf = (folder / APP).read_bytes(), (folder / ALIPAY).read_bytes()
    only_leaf = leaf[: leaf.index(b"-----END") + 26]
    with pytest.raises(KeyRefusedError, match="none of the roots"):
        read(world, alipay=(only_leaf,))
    for bad, why in ((stranger(days=-1), "no longer"), (stranger(bits=1024), "bits")):
        with pytest.raises(KeyRefusedError, match=why):
            Certificates(app_pem=app, root_pem=bad, alipay_pems=[bad])
    for bad in (b"", b"no certificate"):
        with pytest.raises(KeyRefusedError, match="read"):
            Certificates(app_pem=app, root_pem=bad, alipay_pems=[leaf])
    with pytest.raises(KeyRefusedError, match="no certificate of"):
        Certificates(app_pem=app, root_pem=leaf, alipay_pems=[])


def test_a_house_reads_them_as_the_console_gives_them(world: World, tmp_path: Path) -> None:
    world.store.certificates()
    home = tmp_path / "home"
    public, secret = home / "rails" / "alipay", home / "secrets" / "alipay"
    for folder in (public, secret):
        folder.mkdir(parents=True)
    for name in (APP, ALIPAY, ROOTS):
        (public / name).write_bytes((world.store.folder / name).read_bytes())
    key = world.store.folder / "app_private.pem"
    (secret / "app_private.pem").write_bytes(key.read_bytes())
    (home / "rails.toml").write_text(
        f'notify = "http://127.0.0.1:1"\n[alipay]\ngateway = "{world.address}/gateway.do"\n'
        f'app_id = "{APP_ID}"\ncertificates = true\n'
    )
    rail = clients(home, is_sandbox=True)["alipay"]
    assert rail.query(ORDER, world.payee).state == "unknown"
    found = readers(home).alipay
    assert found is not None
    assert found.certificates is not None
    (secret / "app_private.pem").write_bytes(
        (world.store.folder / "alipay_private.pem").read_bytes()
    )
    with pytest.raises(RailsUnreadableError, match="another key"):
        clients(home, is_sandbox=True)
    (public / APP).unlink()
    with pytest.raises(RailsUnreadableError, match="appCertPublicKey"):
        readers(home)
