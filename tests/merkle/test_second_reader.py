"""A log directory as we write it, read by someone else's client; and theirs read by ours."""

import os
import sys
from contextlib import chdir
from itertools import pairwise
from pathlib import Path

import pytest
from tlog_scales import backend, cli, reader
from tlog_scales import tiles as their_tiles

from jusha.merkle import checkpoint, note, proof, tiles, tree
from jusha.merkle.policy import parse_policy
from tests.merkle import logs, vectors

SIZES = (1, 3, 255, 256, 700, 66_000)
ENTRIES = tuple(b"deed %d" % number for number in range(SIZES[-1]))


def tile_reader(folder: Path) -> tiles.ReadTile:
    def read(path: str) -> bytes | None:
        file = folder / path
        return file.read_bytes() if file.is_file() else None

    return read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log grown checkpoint by checkpoint, as a publisher does."""
    folder = tmp_path_factory.mktemp("log")
    frontier = tree.Frontier()
    for old_size, size in pairwise((0, *SIZES)):
        growth = tiles.grow(
            old_size=old_size, entries=ENTRIES[old_size:size], read_tile=tile_reader(folder)
        )
        for path, data in growth.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        frontier.extend(growth.leaf_hashes)
        head = checkpoint.Checkpoint(logs.ORIGIN, size, frontier.root())
        text = checkpoint.format_checkpoint(head)
        (folder / "checkpoint").write_bytes(note.sign_note(text, signers=[logs.LOG]))
    return folder


def test_their_client_finds_our_root_entries_and_proofs(folder: Path) -> None:
    theirs = reader.TilesReader(backend.LocalBackend(folder))
    head = theirs.get_checkpoint()
    ours = tiles.TileTree(size=head.size, read_tile=tile_reader(folder))
    assert theirs.calculate_root_hash() == head.root_hash == ours.root()
    for index in (0, 255, 256, 699, 65_535, 65_536, 65_999):
        assert theirs.get_entry(index) == ENTRIES[index] == ours.entry(index)
        inclusion = theirs.get_inclusion_proof(index, head.size)
        inclusion.check(their_tiles.leaf_hash(ENTRIES[index]), head.root_hash)
        assert inclusion.node_hashes == ours.inclusion_proof(index=index)
    for old_size in SIZES:
        chain = theirs.get_consistency_proof(old_size, head.size)
        chain.check(ours.root(size=old_size), head.root_hash)
        assert chain.node_hashes == ours.consistency_proof(old_size=old_size)


def test_their_command_writes_a_proof_that_we_verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = parse_policy(f"log {logs.LOG.vkey.text}\nquorum none\n")
    with chdir(folder.parent):
        for index in (0, 65_999):
            command = ["tlog-tiles", "gen-proof", f"./{folder.name}", str(index)]
            monkeypatch.setattr(sys, "argv", command)
            cli.main()
            written = proof.parse_proof(capsys.readouterr().out.encode())
            proven = proof.verify_proof(written, entry=ENTRIES[index], policy=policy)
            assert proven.index == index


def test_we_read_the_log_that_tessera_wrote_at_every_size() -> None:
    vkey, checkpoints = vectors.tessera()
    policy = parse_policy(f"log {vkey}\nquorum none\n")
    read = tile_reader(vectors.path("tessera_log"))
    heads = []
    for size, data in enumerate(checkpoints):
        text = note.open_note(data, known=policy.logs).text
        heads.append(checkpoint.parse_checkpoint(text))
        tiled = tiles.TileTree(size=size, read_tile=read)
        assert (heads[size].size, heads[size].root_hash) == (size, tiled.root())
        for index in range(size):
            made = proof.ProofFile(index, tuple(tiled.inclusion_proof(index=index)), data)
            proof.verify_proof(made, entry=tiled.entry(index), policy=policy)
        for old_size in range(size):
            tree.verify_consistency(
                old_size=old_size,
                size=size,
                old_root_hash=heads[old_size].root_hash,
                root_hash=heads[size].root_hash,
                proof=tiled.consistency_proof(old_size=old_size),
            )


def test_we_write_the_very_tiles_that_tessera_wrote() -> None:
    folder = vectors.path("tessera_log")
    last = tiles.TileTree(size=15, read_tile=tile_reader(folder))
    entries = [last.entry(index) for index in range(15)]
    files: dict[str, bytes] = {}
    for size in range(15):
        growth = tiles.grow(old_size=size, entries=[entries[size]], read_tile=files.get)
        files |= growth.files
    theirs = {
        os.fspath(file.relative_to(folder)): file.read_bytes()
        for file in (folder / "tile").rglob("*")
        if file.is_file()
    }
    assert files == theirs
