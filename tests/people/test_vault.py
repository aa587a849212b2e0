"""Secrets made once, sealed bytes that open only here."""

import multiprocessing
import stat
from pathlib import Path

import pytest

from jusha.people.vault import SealBrokenError, load, seal, unseal


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = load(tmp_path, "dedupe")
    assert load(tmp_path, "dedupe") == first
    assert len(first) == 32
    assert load(tmp_path, "person") != first
    mode = (tmp_path / "secrets" / "dedupe.secret").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_processes_that_start_together_agree_on_a_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        seen = pool.starmap(load, [(tmp_path, "person")] * 8)
    assert len(set(seen)) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["person.secret"]


def test_sealed_bytes_open_with_the_same_key_and_purpose_alone() -> None:
    key, other = bytes(32), bytes([1]) * 32
    sealed = seal(key, b"name", b"order 1")
    assert unseal(key, sealed, b"order 1") == b"name"
    for wrong in (
        (other, sealed, b"order 1"),
        (key, sealed, b"order 2"),
        (key, sealed[:-1], b""),
        (key, b"a", b""),
    ):
        with pytest.raises(SealBrokenError):
            unseal(*wrong)
