"""The erasure list keeps every line through crashes and crowds, and refuses to be cut."""

import base64
import multiprocessing
import os
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from jusha.people.erasure_list import Line, ListDamagedError, append, lines, path_of
from jusha.people.vault import load, seal

LIN = uuid4()


def add(home: Path, *, orders: list[int] | None = None, account: UUID = LIN) -> Line:
    return append(
        home, id_=uuid4(), at_s=1_795_000_000, accounts=[account], donors=[], orders=orders or []
    )


def test_lines_come_back_as_they_were_written_in_order(tmp_path: Path) -> None:
    assert list(lines(tmp_path)) == []
    written = [add(tmp_path, orders=list(range(size))) for size in (0, 3, 20_000, 1)]
    assert list(lines(tmp_path)) == written
    assert [line.n for line in written] == [0, 1, 2, 3]


def test_the_file_names_nobody_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    add(tmp_path, orders=[202611230000000001])
    raw = path_of(tmp_path).read_bytes()
    for told in (str(LIN).encode(), LIN.bytes, LIN.hex.encode(), b"202611230000000001"):
        assert told not in raw
    assert path_of(tmp_path).stat().st_mode & 0o777 == 0o600
    assert path_of(tmp_path).parent.stat().st_mode & 0o777 == 0o700


def test_a_line_that_was_written_before_payers_had_their_own_is_read_as_naming_none(
    tmp_path: Path,
) -> None:
    line = add(tmp_path, orders=[7])
    old = {key: value for key, value in msgspec.to_builtins(line).items() if key != "payers"}
    sealed = seal(load(tmp_path, "erasures"), msgspec.msgpack.encode(old), b"erasure")
    path_of(tmp_path).write_bytes(base64.b64encode(sealed) + b"\n")
    assert list(lines(tmp_path)) == [line]
    assert line.payers == []


@pytest.mark.parametrize("cut", [1, 40, 120])
def test_a_line_that_a_crash_cut_off_is_none_and_the_next_takes_its_place(
    tmp_path: Path, cut: int
) -> None:
    first, _ = add(tmp_path), add(tmp_path)
    size = path_of(tmp_path).stat().st_size
    os.truncate(path_of(tmp_path), size - cut)
    assert list(lines(tmp_path)) == [first]
    third = add(tmp_path)
    assert list(lines(tmp_path)) == [first, third]
    assert third.n == 1


def test_a_file_that_is_one_half_line_begins_anew(tmp_path: Path) -> None:
    add(tmp_path)
    os.truncate(path_of(tmp_path), 10)
    assert list(lines(tmp_path)) == []
    again = add(tmp_path)
    assert list(lines(tmp_path)) == [again]


def test_a_line_that_was_taken_out_or_changed_is_noticed(tmp_path: Path) -> None:
    for _ in range(3):
        add(tmp_path)
    whole = path_of(tmp_path).read_bytes().splitlines(keepends=True)
    for broken in ([whole[0], whole[2]], [whole[1], whole[0], whole[2]], [b"abc\n", *whole]):
        path_of(tmp_path).write_bytes(b"".join(broken))
        with pytest.raises(ListDamagedError):
            list(lines(tmp_path))


def test_another_installation_s_secrets_do_not_open_it(tmp_path: Path) -> None:
    add(tmp_path)
    secret = tmp_path / "secrets" / "erasures.secret"
    secret.unlink()
    load(tmp_path, "erasures")
    with pytest.raises(ListDamagedError):
        list(lines(tmp_path))
    with pytest.raises(ListDamagedError):
        add(tmp_path)


def many(home: Path, count: int) -> None:
    for _ in range(count):
        add(home)


def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    load(tmp_path, "erasures")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(many, [(tmp_path, 10)] * 3)
    assert [line.n for line in lines(tmp_path)] == list(range(30))
