"""Files lie in a folder or in a bucket, found by hash and checked against it.

The bucket is moto's: S3 by someone else, over HTTP on this machine.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from jusha.uploads import store as places
from jusha.uploads.store import (
    StoreAwayError,
    StoreUnreadableError,
    UploadLostError,
    get,
    place_of,
    put,
)

PAPER = b"%PDF-1.7 a paper"
HASH = hashlib.sha256(PAPER).hexdigest()
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedMotoServer]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    places.bucket.cache_clear()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()
    places.bucket.cache_clear()


@pytest.fixture
def s3(server: ThreadedMotoServer, settings: Any) -> Any:
    """The bucket's own view, by its own client."""
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    httpx.post(f"{endpoint}/moto-api/reset", trust_env=False)  # it forgets what a test before left
    client.create_bucket(Bucket="papers")
    settings.JUSHA_UPLOADS = f"s3://papers/jusha?endpoint={endpoint}&region=us-east-1&style=path"
    return client


def test_a_folder_keeps_a_file_under_its_hash_and_mends_a_cut_one(
    settings: Any, tmp_path: Path
) -> None:
    settings.JUSHA_UPLOADS = str(tmp_path)
    assert put(PAPER) == HASH
    (tmp_path / place_of(HASH)).write_bytes(PAPER[:5])
    with pytest.raises(UploadLostError):
        get(HASH)
    put(PAPER)
    assert get(HASH) == PAPER


def test_a_bucket_keeps_a_file_under_its_hash_and_shows_it_to_nobody(s3: Any) -> None:
    with pytest.raises(UploadLostError):
        get(HASH)
    assert put(PAPER) == HASH == put(PAPER)
    assert get(HASH) == PAPER
    listed = s3.list_objects_v2(Bucket="papers")["Contents"]
    assert [each["Key"] for each in listed] == [f"jusha/{place_of(HASH)}"]
    acl = s3.get_object_acl(Bucket="papers", Key=listed[0]["Key"])["Grants"]
    assert not any("AllUsers" in str(grant) for grant in acl)


def test_a_file_that_was_exchanged_in_the_bucket_is_not_served_and_mended(s3: Any) -> None:
    put(PAPER)
    s3.put_object(Bucket="papers", Key=f"jusha/{place_of(HASH)}", Body=b"another")
    with pytest.raises(UploadLostError):
        get(HASH)
    put(PAPER)
    assert get(HASH) == PAPER


def test_a_bucket_that_does_not_answer_has_lost_nothing(
    s3: Any, server: ThreadedMotoServer
) -> None:
    put(PAPER)
    server.stop()
    with pytest.raises(StoreAwayError):
        get(HASH)
    with pytest.raises(StoreAwayError):
        put(b"another")


def test_a_bucket_that_is_not_there_is_said_to_be_away(s3: Any) -> None:
    s3.delete_bucket(Bucket="papers")
    with pytest.raises(StoreAwayError):
        put(PAPER)


@pytest.mark.parametrize(
    "told",
    ["ftp://bucket", "s3://", "s3:///prefix", "s3://bucket?secret=1", "s3://key:word@bucket"],
)
def test_what_names_no_bucket_is_refused(told: str, settings: Any) -> None:
    settings.JUSHA_UPLOADS = told
    with pytest.raises(StoreUnreadableError):
        places.store()
