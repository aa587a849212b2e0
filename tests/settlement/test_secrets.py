"""Secrets survive the loss of their folder by two of three escrow parts, and none is replaced."""

import itertools
import secrets as random
import shutil
from pathlib import Path

import pytest

from jusha.settlement.commitments import SecretMissingError, digest_of
from jusha.settlement.secrets import Secrets, join, split


def test_any_two_parts_restore_a_secret_and_one_alone_shows_nothing_of_it() -> None:
    secret = random.token_bytes(32)
    parts = dict(enumerate(split(secret), 1))
    for two in itertools.combinations(parts, 2):
        assert join({holder: parts[holder] for holder in two}) == secret
    for part in parts.values():
        assert secret not in part
    with pytest.raises(ValueError, match="two parts"):
        join({1: parts[1]})


def test_a_secret_is_kept_for_its_owner_only_and_found_by_its_hash(tmp_path: Path) -> None:
    kept = Secrets(tmp_path)
    digest = kept.keep(b"s" * 32)
    assert digest == digest_of(b"s" * 32)
    path = tmp_path / digest.hex()
    assert path.stat().st_mode & 0o777 == 0o600
    assert Secrets(tmp_path)[digest] == b"s" * 32
    assert list(Secrets(tmp_path)) == [digest]


def test_a_lost_secret_is_read_from_two_escrow_parts(tmp_path: Path) -> None:
    digest = Secrets(tmp_path).keep(b"s" * 32)
    (tmp_path / digest.hex()).unlink()
    shutil.rmtree(tmp_path / "escrow-2")
    assert Secrets(tmp_path)[digest] == b"s" * 32
    shutil.rmtree(tmp_path / "escrow-1")
    with pytest.raises(SecretMissingError, match="escrow"):
        Secrets(tmp_path)[digest]


def test_a_file_that_is_not_what_its_name_says_is_no_secret(tmp_path: Path) -> None:
    digest = Secrets(tmp_path).keep(b"s" * 32)
    (tmp_path / digest.hex()).write_bytes(b"t" * 32)
    with pytest.raises(SecretMissingError):
        Secrets(tmp_path)[digest]
