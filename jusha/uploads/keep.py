"""Keep a file that somebody hands in: what it holds decides, in a process apart."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final
from uuid import UUID

import structlog
from django.core.files.base import File
from django.db.models import Sum
from django.utils import timezone

import jusha
from jusha.uploads.models import Upload
from jusha.uploads.pace import Pace
from jusha.uploads.rules import (
    CHARITY_BYTES_A_DAY,
    FILE_BYTES_MAX,
    GUEST_FILES_A_DAY,
    REFUSALS,
    UploadRefusedError,
    shown_name,
)
from jusha.uploads.store import StoreAwayError, put

SECONDS_MAX: Final = 60
EXAMINERS: Final = BoundedSemaphore(2)
"""So many examiners a process of pages at once: each may take 1.5 GB for a moment."""
WAIT_SECONDS: Final = 10
"""How long a file waits for an examiner: a page's thread is for others too."""
PACE: Final = Pace()
ROOT: Final = Path(jusha.__file__).resolve().parent.parent

log = structlog.get_logger("uploads")


def keep(file: "File[bytes]", *, by: UUID, charity: str, kinds: frozenset[str]) -> Upload:
    """Judge a file by what it holds, and keep it under the SHA-256 of the bytes that are kept.

    `kinds` are those the caller can use (rules.PICTURES, PAPERS, SHEETS); `charity` is "" for an
    account that has none. The same file handed in again is the same Upload. Pictures are written
    anew, without what the camera noted. Raises UploadRefusedError.
    Writes: the store, jusha_upload.
    """
    try:
        PACE.take(by)
        _check_day(by, charity)
        data = _read(file)
        kind, kept = _examined(data, kinds)
        sha256 = _put(kept)
    except UploadRefusedError as refusal:
        log.info("upload_refused", why=refusal.code, by=str(by), charity=charity)
        raise
    made, is_new = Upload.objects.get_or_create(
        sha256=sha256,
        charity=charity,
        by=by,
        defaults={"kind": kind, "bytes": len(kept), "name": shown_name(file.name or "", kind)},
    )
    if is_new:
        log.info("upload_kept", sha256=made.sha256, kind=kind, bytes=made.bytes, charity=charity)
    return made


def _put(kept: bytes) -> str:
    """Keep the bytes. Raises UploadRefusedError, "away" if the bucket does not answer."""
    try:
        return put(kept)
    except StoreAwayError as error:
        log.exception("upload_store_away")
        raise UploadRefusedError("away") from error


def _check_day(by: UUID, charity: str) -> None:
    """Return if an account, or its charity, may hand in more today. Raises UploadRefusedError."""
    found = Upload.objects.filter(charity=charity, at__gt=timezone.now() - timedelta(days=1))
    if charity:
        is_full = (found.aggregate(all=Sum("bytes"))["all"] or 0) >= CHARITY_BYTES_A_DAY
    else:
        is_full = found.filter(by=by).count() >= GUEST_FILES_A_DAY
    if is_full:
        raise UploadRefusedError("too-many")


def adopt(sha256: str, *, by: UUID, charity: str) -> None:
    """Let a charity have a file that `by` handed in before it was here. Safe to repeat.

    Unknown files are left alone. Writes: jusha_upload.
    """
    found = Upload.objects.filter(sha256=sha256, by=by).order_by("id").first()
    if found is not None:
        same = {"kind": found.kind, "bytes": found.bytes, "name": found.name}
        Upload.objects.get_or_create(sha256=sha256, charity=charity, by=by, defaults=same)


def _read(file: "File[bytes]") -> bytes:
    """The bytes of a file within the limit. Raises UploadRefusedError."""
    file.seek(0)
    data: bytes = file.read(FILE_BYTES_MAX + 1)
    if not data:
        raise UploadRefusedError("empty")
    if len(data) > FILE_BYTES_MAX:
        raise UploadRefusedError("too-large")
    return data


def _examined(data: bytes, kinds: frozenset[str]) -> tuple[str, bytes]:
    """Ask the process apart.

    Raises UploadRefusedError: "busy" if none was free, "too-complex" if it had to be ended.
    """
    if not EXAMINERS.acquire(timeout=WAIT_SECONDS):
        raise UploadRefusedError("busy")
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "jusha.uploads.examine", ",".join(sorted(kinds))],
            input=data,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
            env={"PYTHONPATH": str(ROOT)},
        )
    except subprocess.TimeoutExpired as error:
        raise UploadRefusedError("too-complex") from error
    finally:
        EXAMINERS.release()
    line, _, kept = done.stdout.partition(b"\n")
    verdict, _, word = line.decode("ascii", "replace").partition(" ")
    if done.returncode == 0 and verdict == "ok" and word in kinds:
        return word, kept
    if verdict == "no" and word in REFUSALS:
        raise UploadRefusedError(word)
    log.warning("upload_not_examined", ended=done.returncode, error=_error_name(done.stderr))
    raise UploadRefusedError("too-complex")


def _error_name(told: bytes) -> str:
    """The name of the exception at a traceback's end; its words may be words of the file."""
    last = told.decode("utf-8", "replace").strip().rpartition("\n")[2]
    name = last.partition(":")[0]
    return name if name.replace(".", "").replace("_", "").isalnum() and name.isascii() else ""
