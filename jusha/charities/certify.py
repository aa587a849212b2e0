"""Two persons record a charity's certificate to raise money in public, and what they saw."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Final

import structlog
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils.timezone import localdate
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from jusha.charities.models import Certificate, Charity
from jusha.charities.queries import certificate

EVIDENCE_BYTES_MAX: Final = 20 * 1024 * 1024
NUMBER_MAX: Final = 60
ISSUER_MAX: Final = 80
CHUNK_BYTES: Final = 1 << 16

log = structlog.get_logger("charities")


class NotCertifiedError(Exception):
    """The certificate was not recorded; the text says why and what to do."""


def certify(
    code: str,
    number: str,
    *,
    issuer: str,
    valid_from: date,
    valid_until: date,
    evidence: Path,
    by: str,
    second: str,
) -> Certificate:
    """Record a certificate; from its first day on it is the one that holds. History stays.

    The charity's own code must have a right check character (GB 32100-2015), because the
    certificate is issued to it. Raises NotCertifiedError.
    Writes: jusha_certificate, and the number in jusha_charity.
    """
    number, issuer = number.strip(), issuer.strip()
    if not by or not second or by == second:
        raise NotCertifiedError("two different persons set it: --by NAME --second NAME")
    if not 0 < len(number) <= NUMBER_MAX or not 0 < len(issuer) <= ISSUER_MAX:
        raise NotCertifiedError("a certificate has a number and an issuer")
    if valid_until < valid_from:
        raise NotCertifiedError("its last day lies before its first")
    charity = Charity.objects.filter(code=code).first()
    if charity is None:
        raise NotCertifiedError(f"there is no charity {code}")
    try:
        uscc.validate(charity.uscc)
    except ValidationError as error:
        raise NotCertifiedError(
            f"{charity.uscc} is no unified social credit code: correct the charity's first"
        ) from error
    seen = hash_of(evidence)
    with transaction.atomic():
        made = Certificate.objects.create(
            charity=code, number=number, issuer=issuer, valid_from=valid_from,
            valid_until=valid_until, evidence=seen, set_by=by, second=second,
        )  # fmt: skip
        show_number(code, localdate())
    log.info("certificate_set", charity=code, until=str(valid_until), evidence=seen)
    return made


def show_number(code: str, today: date) -> None:
    """Let the charity's page have the number of the certificate that holds on a day.

    Reads: jusha_certificate. Writes: jusha_charity.
    """
    held = certificate(code, today)
    if held is not None:
        Charity.objects.filter(code=code).update(certificate_no=held.number)


def show_numbers(today: date) -> int:
    """The same for every charity whose next certificate has begun; how many. Safe to repeat.

    Reads and writes: as `show_number`.
    """
    begun = Certificate.objects.filter(charity=OuterRef("code"), valid_from__lte=today)
    held = Subquery(begun.order_by("-id").values("number")[:1])
    stale = Charity.objects.annotate(held=held).exclude(held=None).exclude(certificate_no=F("held"))
    codes = list(stale.values_list("code", flat=True))
    for code in codes:
        show_number(code, today)
    return len(codes)


def hash_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises NotCertifiedError for one that is no evidence."""
    found = hashlib.sha256()
    size = 0
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(CHUNK_BYTES):
                size += len(chunk)
                if size > EVIDENCE_BYTES_MAX:
                    raise NotCertifiedError(f"{file} is larger than {EVIDENCE_BYTES_MAX:,} bytes")
                found.update(chunk)
    except OSError as error:
        raise NotCertifiedError(f"{file} cannot be read") from error
    if not size:
        raise NotCertifiedError(f"{file} is empty")
    return found.hexdigest()
