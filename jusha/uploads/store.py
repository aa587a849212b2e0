"""Where kept bytes lie: a folder of this machine, or a bucket that speaks S3; found by hash.

    JUSHA_UPLOADS=/srv/jusha/uploads
    JUSHA_UPLOADS=s3://bucket/some/prefix
    JUSHA_UPLOADS=s3://bucket?endpoint=https://oss-cn-hangzhou.aliyuncs.com&region=cn-hangzhou

Who may write the bucket is said where S3 clients look for it (AWS_ACCESS_KEY_ID and the like).
"""

import hashlib
from functools import cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
S3: Final = "s3"
ASKED: Final = frozenset({"endpoint", "region", "style"})
WAIT_SECONDS: Final = 10
TRIES: Final = 3


class UploadLostError(Exception):
    """The bytes of a file are not there, or not those that were kept."""


class StoreAwayError(Exception):
    """The bucket did not answer, or not as one that is ours; nothing was kept or lost."""


class StoreUnreadableError(ValueError):
    """JUSHA_UPLOADS names no folder and no bucket."""


def store() -> Storage:
    """The storage of this installation, by Django's storage API. Raises StoreUnreadableError."""
    told = str(settings.JUSHA_UPLOADS or settings.HOME / "uploads")
    if "://" in told:
        return bucket(told)
    return FileSystemStorage(
        location=told,
        file_permissions_mode=FILE_MODE,
        directory_permissions_mode=FOLDER_MODE,
        allow_overwrite=True,
    )


@cache
def bucket(address: str) -> Storage:
    """A bucket: nothing in it is public, and pages alone read it. Raises StoreUnreadableError."""
    told = urlsplit(address)
    asked = {name: each[-1] for name, each in parse_qs(told.query).items()}
    if told.scheme != S3 or not told.hostname or not set(asked) <= ASKED or told.username:
        raise StoreUnreadableError(address)
    # Only those who have a bucket pay for its client: it takes half a second to import.
    from botocore.config import Config  # noqa: PLC0415
    from storages.backends.s3 import S3Storage  # noqa: PLC0415

    made: Storage = S3Storage(
        bucket_name=told.hostname,
        location=told.path.strip("/"),
        endpoint_url=asked.get("endpoint"),
        region_name=asked.get("region"),
        file_overwrite=True,
        default_acl=None,
        client_config=Config(
            connect_timeout=WAIT_SECONDS,
            read_timeout=WAIT_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            s3={"addressing_style": asked.get("style", "auto")},
        ),
    )
    return made


def place_of(sha256: str) -> str:
    """Where the bytes of a hash lie; nothing that a person typed is part of it."""
    return f"{sha256[:2]}/{sha256}"


def put(data: bytes) -> str:
    """Keep bytes under their hash and return it; what an interrupted write left is mended.

    Raises StoreAwayError.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        get(sha256)
    except UploadLostError:
        try:
            store().save(place_of(sha256), ContentFile(data))
        except Exception as error:
            if not _is_away(error):
                raise
            raise StoreAwayError(type(error).__name__) from error
    return sha256


def get(sha256: str) -> bytes:
    """The bytes of a hash, checked against it. Raises UploadLostError, StoreAwayError."""
    try:
        with store().open(place_of(sha256)) as opened:
            data: bytes = opened.read()
    except OSError as error:
        raise UploadLostError(sha256) from error
    except Exception as error:
        if not _is_away(error):
            raise
        raise StoreAwayError(type(error).__name__) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UploadLostError(sha256)
    return data


def _is_away(error: Exception) -> bool:
    """Whether the bucket's client says so; without a bucket it is not even imported."""
    return type(error).__module__.partition(".")[0] in {"botocore", "boto3", "s3transfer"}
