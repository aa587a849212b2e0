"""The publisher under broken disks, torn files and wrong databases: it may stop, never fork."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jusha.merkle.checkpoint import Checkpoint, parse_checkpoint
from jusha.merkle.errors import MerkleError
from jusha.merkle.note import open_note, parse_vkey
from jusha.merkle.tiles import decode_bundle, encode_bundle, grow, parse_tile_path
from jusha.merkle.tree import root
from jusha.tlog.leaves import CHAIN_START, chained
from jusha.tlog.publish import LogForkRefusedError, Publisher, PublisherRunningError

ORIGIN = "test.invalid/log"
Connection = psycopg.Connection[Any]


def settle(connection: Connection, count: int, *, word: str = "entry") -> None:
    """Write entries as settlement does: one row a batch, chained; a table for each batch."""
    first, chain = connection.execute(
        "SELECT coalesce(max(first + count), 0),"
        " coalesce((SELECT chain FROM tlog_entries ORDER BY first DESC LIMIT 1), %b)"
        " FROM tlog_entries",
        (CHAIN_START,),
    ).fetchone() or (0, CHAIN_START)
    raw = encode_bundle([f'{{"{word}":{first + place}}}'.encode() for place in range(count)])
    connection.execute(
        "INSERT INTO tlog_entries VALUES (%s, %s, %b, %b)", (first, count, raw, chained(chain, raw))
    )
    body = f"table of {first}{'' if word == 'entry' else f' in {count} of {word}'}".encode()
    connection.execute(
        "INSERT INTO tlog_table (hash, number, body) VALUES (%b, %s, %b)",
        (hashlib.sha256(body).digest(), first, body),
    )


def settled(connection: Connection) -> list[bytes]:
    found: list[bytes] = []
    for count, raw in connection.execute("SELECT count, entries FROM tlog_entries ORDER BY first"):
        found += decode_bundle(raw, width=count)
    return found


def publish(folder: Path, connection: Connection) -> int:
    """Start a publisher, publish all there is, stop it; return the published size."""
    publisher = Publisher(folder, origin=ORIGIN)
    try:
        while publisher.publish_next(connection):
            pass
        return publisher.signed.checkpoint.size
    finally:
        publisher.close()


def read_checkpoint(folder: Path, name: str = "checkpoint") -> Checkpoint:
    key = parse_vkey((folder / "public" / "vkey").read_text().strip())
    return parse_checkpoint(open_note((folder / "public" / name).read_bytes(), known=[key]).text)


@cache
def expected(entries: tuple[bytes, ...]) -> tuple[dict[str, bytes], bytes]:
    """The files and the root of a log of these entries, computed anew from nothing."""
    growth = grow(old_size=0, entries=entries, read_tile=lambda _: None)
    return growth.files, root(growth.leaf_hashes)


def check_log(folder: Path, entries: list[bytes]) -> int:
    """Re-read and re-verify everything that is published; return its size."""
    checkpoint = read_checkpoint(folder)
    files, root_hash = expected(tuple(entries[: checkpoint.size]))
    assert checkpoint.root_hash == root_hash
    for path, data in files.items():
        full = folder / "public" / parse_tile_path(path).full.path
        stored = (folder / "public" / path) if not full.exists() else full
        assert stored.read_bytes()[: len(data)] == data, path
    for named in (folder / "public" / "checkpoints").iterdir():
        if not named.name.startswith("."):
            said = read_checkpoint(folder, f"checkpoints/{named.name}")
            assert said.size == int(named.name)
            assert said.root_hash == expected(tuple(entries[: said.size]))[1]
    assert (folder / "public" / "checkpoints" / str(checkpoint.size)).exists()
    return checkpoint.size


class BrokenStepError(OSError):
    """What the test's disk answers."""


class Disk:
    """Counts every step that changes the disk and breaks one of them, before or after it acts."""

    def __init__(self, *, broken: int, acts: bool) -> None:
        self.broken, self.acts, self.steps = broken, acts, 0

    def wrap(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            self.steps += 1
            if self.steps != self.broken:
                return act(*args, **more)
            if self.acts:
                done = act(*args, **more)
                if act is os_open:
                    os.close(done)
            raise BrokenStepError(act.__name__)

        return step

    @contextmanager
    def in_place(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "open", self.wrap(os_open))
            patch.setattr(os, "fsync", self.wrap(os.fsync))
            patch.setattr(Path, "replace", self.wrap(Path.replace))
            patch.setattr(shutil, "rmtree", self.wrap(shutil.rmtree))
            yield


os_open = os.open


@pytest.mark.parametrize("acts", [False, True], ids=["before it acts", "after it has acted"])
def test_every_disk_step_may_break_and_the_log_goes_on_consistently(
    owner: Connection, tmp_path: Path, *, acts: bool
) -> None:
    settle(owner, 200)
    begun = tmp_path / "begun"
    publish(begun, owner)
    settle(owner, 150)
    settle(owner, 250)
    entries = settled(owner)
    broken = 0
    while True:
        broken += 1
        folder = tmp_path / f"log-{broken}"
        shutil.copytree(begun, folder)
        disk = Disk(broken=broken, acts=acts)
        publisher = Publisher(folder, origin=ORIGIN)
        try:
            with disk.in_place():
                publisher.publish_next(owner)
        except BrokenStepError:
            pass
        else:
            break  # the last step is behind us
        finally:
            publisher.close()
        before = read_checkpoint(folder).size
        assert publish(folder, owner) == 600
        assert check_log(folder, entries) == 600 >= before
        shutil.rmtree(folder)
    assert broken > 40, "so many steps there are; a test that breaks none proves nothing"


@pytest.mark.parametrize("acts", [False, True], ids=["before it acts", "after it has acted"])
def test_a_restart_may_break_at_every_step_too(
    owner: Connection, tmp_path: Path, *, acts: bool
) -> None:
    settle(owner, 300)
    begun = tmp_path / "begun"
    publish(begun, owner)
    entries = settled(owner)
    (begun / "public" / "checkpoint").unlink()  # signed and stored, not yet published
    (begun / "public" / "checkpoints" / "300").unlink()
    for broken in range(1, 100):
        folder = tmp_path / f"log-{broken}"
        shutil.copytree(begun, folder)
        disk = Disk(broken=broken, acts=acts)
        try:
            with disk.in_place():
                Publisher(folder, origin=ORIGIN).close()
        except BrokenStepError:
            pass
        else:
            assert broken > 8
            return
        assert publish(folder, owner) == 300
        assert check_log(folder, entries) == 300
    pytest.fail("a restart has no hundred steps")


def test_a_signed_checkpoint_that_was_not_published_is_published_at_the_next_start(
    owner: Connection, tmp_path: Path
) -> None:
    settle(owner, 10)
    publish(tmp_path, owner)
    old = (tmp_path / "public" / "checkpoint").read_bytes()
    settle(owner, 10)
    publish(tmp_path, owner)
    (tmp_path / "public" / "checkpoint").write_bytes(old)
    (tmp_path / "public" / "checkpoints" / "20").unlink()
    Publisher(tmp_path, origin=ORIGIN).close()
    assert check_log(tmp_path, settled(owner)) == 20


def test_tables_are_published_with_the_seals_that_name_them(
    owner: Connection, tmp_path: Path
) -> None:
    settle(owner, 5)
    settle(owner, 5)
    publish(tmp_path, owner)
    bodies = {path.read_bytes() for path in (tmp_path / "public" / "tables").iterdir()}
    assert bodies == {b"table of 0", b"table of 5"}
    for path in (tmp_path / "public" / "tables").iterdir():
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()


def test_partial_tiles_go_when_the_full_one_is_there(owner: Connection, tmp_path: Path) -> None:
    settle(owner, 200)
    publish(tmp_path, owner)
    tiles = tmp_path / "public" / "tile"
    assert (tiles / "0" / "000.p" / "200").exists()
    settle(owner, 100)
    publish(tmp_path, owner)
    assert (tiles / "0" / "000").exists()
    assert not (tiles / "0" / "000.p").exists()
    assert not (tiles / "entries" / "000.p").exists()
    assert (tiles / "0" / "001.p" / "44").exists()
    assert check_log(tmp_path, settled(owner)) == 300


@pytest.mark.parametrize(
    "torn",
    ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"],
)
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_a_torn_tile_is_refused_and_nothing_more_is_signed(
    owner: Connection, tmp_path: Path, torn: str, how: str
) -> None:
    settle(owner, 300)
    publish(tmp_path, owner)
    before = (tmp_path / "public" / "checkpoint").read_bytes()
    path = tmp_path / "public" / torn
    data = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(data[:-1])
    elif how == "gone":
        path.unlink()
    else:
        data[-2] ^= 1
        path.write_bytes(data)
    settle(owner, 10)
    if torn == "tile/0/000":
        # A full tile's hashes are folded into the level above; the root does not need it.
        assert publish(tmp_path, owner) == 310
        return
    with pytest.raises(LogForkRefusedError):
        publish(tmp_path, owner)
    assert (tmp_path / "public" / "checkpoint").read_bytes() == before


@pytest.mark.parametrize("torn", ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_a_file_torn_under_a_working_publisher_is_not_carried_into_the_next(
    owner: Connection, tmp_path: Path, torn: str, how: str
) -> None:
    settle(owner, 300)
    publisher = Publisher(tmp_path, origin=ORIGIN)
    try:
        publisher.publish_next(owner)
        before = (tmp_path / "public" / "checkpoint").read_bytes()
        path = tmp_path / "public" / torn
        whole = path.read_bytes()
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(whole[:-1] if how == "cut" else whole[:-1] + bytes([whole[-1] ^ 1]))
        settle(owner, 300)
        with pytest.raises((LogForkRefusedError, MerkleError)):
            publisher.publish_next(owner)
        assert (tmp_path / "public" / "checkpoint").read_bytes() == before
        path.write_bytes(whole)
        publisher.publish_next(owner)
        assert check_log(tmp_path, settled(owner)) == 600
    finally:
        publisher.close()


@pytest.mark.parametrize("lost", ["state/signed.json", "key"])
def test_what_was_signed_or_the_key_being_lost_is_refused_and_no_other_key_appears(
    owner: Connection, tmp_path: Path, lost: str
) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    vkey = (tmp_path / "public" / "vkey").read_bytes()
    (tmp_path / lost).unlink()
    settle(owner, 20)
    for _ in range(2):
        with pytest.raises(LogForkRefusedError, match="gone"):
            publish(tmp_path, owner)
    assert read_checkpoint(tmp_path).size == 20
    assert (tmp_path / "public" / "vkey").read_bytes() == vkey


@pytest.mark.parametrize("state", [b"", b"{", b"{}", b'{"note":"x","chain":"00"}'])
def test_an_unreadable_record_of_what_was_signed_is_refused(
    owner: Connection, tmp_path: Path, state: bytes
) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    (tmp_path / "state" / "signed.json").write_bytes(state)
    with pytest.raises(LogForkRefusedError):
        publish(tmp_path, owner)


def test_an_old_copy_of_what_was_signed_is_refused(owner: Connection, tmp_path: Path) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    old = (tmp_path / "state" / "signed.json").read_bytes()
    settle(owner, 20)
    publish(tmp_path, owner)
    (tmp_path / "state" / "signed.json").write_bytes(old)
    with pytest.raises(LogForkRefusedError, match="old copy"):
        publish(tmp_path, owner)
    assert read_checkpoint(tmp_path).size == 40


def test_another_key_is_another_log_and_refused(owner: Connection, tmp_path: Path) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    (tmp_path / "key").write_bytes(bytes(32))
    with pytest.raises(LogForkRefusedError):
        publish(tmp_path, owner)


def test_a_database_with_another_history_is_refused(owner: Connection, tmp_path: Path) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    state = tmp_path / "state" / "signed.json"
    said = json.loads(state.read_text())
    state.write_text(json.dumps(said | {"chain": bytes(32).hex()}))
    settle(owner, 20)
    with pytest.raises(LogForkRefusedError, match="does not carry the same"):
        publish(tmp_path, owner)
    assert read_checkpoint(tmp_path).size == 20


def test_a_database_that_is_older_than_the_log_is_refused_while_it_is_older_and_after(
    owner: Connection, tmp_path: Path
) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    with owner.transaction(force_rollback=True):
        owner.execute("ALTER TABLE tlog_entries DISABLE TRIGGER USER")
        owner.execute("DELETE FROM tlog_entries")
        for word in ("older", "as long", "longer"):
            settle(owner, 10, word=word)
            publisher = Publisher(tmp_path, origin=ORIGIN)
            with pytest.raises(LogForkRefusedError, match="20 signed entries"):
                publisher.publish_next(owner)
            publisher.close()
    assert publish(tmp_path, owner) == 20


def test_a_row_that_does_not_continue_the_chain_is_not_signed(
    owner: Connection, tmp_path: Path
) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    raw = encode_bundle([b"{}"])
    owner.execute("INSERT INTO tlog_entries VALUES (20, 1, %b, %b)", (raw, bytes(32)))
    with pytest.raises(LogForkRefusedError, match="does not continue"):
        publish(tmp_path, owner)
    assert read_checkpoint(tmp_path).size == 20


def test_only_one_publisher_holds_the_key(tmp_path: Path) -> None:
    first = Publisher(tmp_path, origin=ORIGIN)
    with pytest.raises(PublisherRunningError):
        Publisher(tmp_path, origin=ORIGIN)
    first.close()
    Publisher(tmp_path, origin=ORIGIN).close()


def test_a_refused_start_lets_go_of_the_key_so_that_the_repaired_log_can_start(
    owner: Connection, tmp_path: Path
) -> None:
    settle(owner, 20)
    publish(tmp_path, owner)
    key = (tmp_path / "key").read_bytes()
    (tmp_path / "key").unlink()
    with pytest.raises(LogForkRefusedError):
        Publisher(tmp_path, origin=ORIGIN)
    (tmp_path / "key").write_bytes(key)
    assert publish(tmp_path, owner) == 20


def test_the_key_and_the_record_are_for_their_owner_alone(
    owner: Connection, tmp_path: Path
) -> None:
    settle(owner, 1)
    publish(tmp_path, owner)
    for name in ("key", "state/signed.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
