"""Certificates as Alipay's console gives them out, of an authority that nobody else believes.

Made once from the folder's keys, under the console's names; the authority's key is not kept. The
file of roots has one by an elliptic curve too, as Alipay's own has, which is counted nowhere.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ROOTS: Final = "alipayRootCert.crt"
ALIPAY: Final = "alipayCertPublicKey_RSA2.crt"
APP: Final = "appCertPublicKey.crt"
DAYS: Final = 1_825
Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Numbers(NamedTuple):
    """The certificates' numbers, as requests and answers name them."""

    app: str
    alipay: str
    root: str


def numbers(folder: Path, *, alipay: rsa.RSAPublicKey, app: rsa.RSAPublicKey) -> Numbers:
    """The numbers of the folder's certificates, which are made where there are none."""
    if not (folder / APP).exists():
        _make(folder, alipay, app)
    roots = x509.load_pem_x509_certificates((folder / ROOTS).read_bytes())
    found = [_first(folder / name) for name in (APP, ALIPAY)]
    return Numbers(_number(found[0]), _number(found[1]), _number(roots[0]))


def _make(folder: Path, alipay: rsa.RSAPublicKey, app: rsa.RSAPublicKey) -> None:
    authority = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    curve = ec.generate_private_key(ec.SECP256R1())
    between = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    root = _certificate("Root", authority.public_key(), "Root", authority, is_ca=True)
    other = _certificate("Curve Root", curve.public_key(), "Curve Root", curve, is_ca=True)
    middle = _certificate("Class 1", between.public_key(), "Root", authority, is_ca=True)
    signed = _certificate("Alipay", alipay, "Class 1", between)
    own = _certificate("App", app, "Class 1", between)
    (folder / ROOTS).write_bytes(root + b"\n" + other)
    (folder / ALIPAY).write_bytes(signed + middle)
    (folder / APP).write_bytes(own)  # the last: it is what counts


def _certificate(
    name: str,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: str,
    by: Signer,
    *,
    is_ca: bool = False,
) -> bytes:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=DAYS))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(by, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "Simulated Ant (sandbox)"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Sandbox"),
        (NameOID.COMMON_NAME, f"Simulated {text}"),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _first(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def _number(certificate: x509.Certificate) -> str:
    named = {
        each: certificate.issuer.get_attributes_for_oid(oid)[0].value
        for each, oid in (
            ("CN", NameOID.COMMON_NAME), ("OU", NameOID.ORGANIZATIONAL_UNIT_NAME),
            ("O", NameOID.ORGANIZATION_NAME), ("C", NameOID.COUNTRY_NAME),
        )
    }  # fmt: skip
    text = ",".join(f"{name}={value!s}" for name, value in named.items())
    whole = f"{text}{certificate.serial_number}".encode()
    return hashlib.md5(whole, usedforsecurity=False).hexdigest()
