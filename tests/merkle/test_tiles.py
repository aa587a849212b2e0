"""Tiles written in any batches are the tiles written at once, and prove what the leaves prove."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jusha.merkle import tiles, tree
from jusha.merkle.errors import (
    EntryTooLongError,
    NotIncludedError,
    SizeOutOfRangeError,
    TileMalformedError,
    TileMissingError,
    TilePathMalformedError,
)
from jusha.merkle.tiles import ENTRIES, Tile
from tests.merkle import vectors

NO_FILES: dict[str, bytes] = {}
ENTRY_COUNT = 70_000  # the size the standard works out: three levels of tiles


@cache
def entries() -> tuple[bytes, ...]:
    return tuple(b"entry %d" % number for number in range(ENTRY_COUNT))


@cache
def hashes() -> tuple[bytes, ...]:
    return tuple(tree.leaf_hashes(entries()))


@cache
def whole_log() -> dict[str, bytes]:
    return tiles.grow(old_size=0, entries=entries(), read_tile=NO_FILES.get).files


def written(*sizes: int) -> dict[str, bytes]:
    """The files after a checkpoint at each of these sizes."""
    files: dict[str, bytes] = {}
    for old_size, size in pairwise((0, *sizes)):
        growth = tiles.grow(
            old_size=old_size, entries=entries()[old_size:size], read_tile=files.get
        )
        assert (growth.old_size, growth.size) == (old_size, size)
        assert tuple(growth.leaf_hashes) == hashes()[old_size:size]
        assert not growth.files.keys() & files.keys(), "tiles are immutable"
        files |= growth.files
    return files


def test_the_paths_of_the_standard_are_written_and_read() -> None:
    for level, index, path in vectors.load("parse_vectors.json")["tile_paths"]["ok"]:
        tile = Tile(ENTRIES if level == "entries" else int(level), index)
        assert tile.path == path
        assert tiles.parse_tile_path(path) == tile


@given(st.integers(ENTRIES, 63), st.integers(0, tree.MAX_SIZE // 256), st.integers(1, 256))
@settings(deadline=None)
def test_every_tile_name_survives_its_path(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tiles.parse_tile_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x000/001",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/8/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/../../secrets",
        "tile/data/000",
    ],
)
def test_other_spellings_of_paths_are_refused(path: str) -> None:
    with pytest.raises(TilePathMalformedError):
        tiles.parse_tile_path(path)


def test_numbers_that_no_path_can_hold_are_refused() -> None:
    for level, index, width in [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]:
        with pytest.raises(TilePathMalformedError):
            Tile(level, index, width)


def test_seventy_thousand_leaves_have_the_tiles_that_the_standard_counts() -> None:
    count = vectors.load("parse_vectors.json")["tile_paths"]["size_70000"]
    names = [tiles.parse_tile_path(path) for path in whole_log()]
    full = [name.level for name in names if not name.is_partial]
    assert (full.count(0), full.count(ENTRIES)) == (count["level0_full"],) * 2
    assert full.count(1) == count["level1_full"]
    assert set(tiles.partial_tiles(70_000)) == {name for name in names if name.is_partial}
    assert {(name.level, name.width) for name in names if name.is_partial} == {
        (ENTRIES, count["level0_partial"]),
        (0, count["level0_partial"]),
        (1, count["level1_partial"]),
        (2, count["level2_partial"]),
    }


def test_a_tree_of_256_has_one_full_tile_and_one_hash_above_it() -> None:
    files = written(256)
    assert sorted(files) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    assert files["tile/1/000.p/1"] == tree.root(hashes()[:256])


def test_every_hash_of_every_tile_is_the_root_of_the_leaves_it_stands_for() -> None:
    for path, data in whole_log().items():
        tile = tiles.parse_tile_path(path)
        if tile.level == ENTRIES:
            start = tile.index * 256
            found = tiles.decode_bundle(data, width=tile.width)
            assert tuple(found) == entries()[start : start + tile.width]
            continue
        span = 256**tile.level
        for place in range(tile.width):
            start = (tile.index * 256 + place) * span
            expected = tree.root(hashes()[start : start + span])
            assert data[place * 32 : place * 32 + 32] == expected


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
@example([256])
@example([255, 1, 1])
@example([1, 255, 512])
def test_tiles_written_in_any_batches_equal_tiles_written_at_once(steps: list[int]) -> None:
    sizes = [sum(steps[: place + 1]) for place in range(len(steps))]
    files = written(*sizes)
    for size in sizes:
        at_once = written(size)
        assert {path: files[path] for path in at_once} == at_once
    names = {tiles.parse_tile_path(path) for path in files}
    partial = {tile for size in sizes for tile in tiles.partial_tiles(size)}
    assert {name for name in names if name.is_partial} == partial


def test_growth_across_the_second_level_equals_tiles_written_at_once() -> None:
    files = written(65_300, 65_535, 65_536, 65_537, 70_000)
    assert {path: files[path] for path in whole_log()} == whole_log()
    assert files["tile/2/000.p/1"] == tree.root(hashes()[:65_536])


def test_growing_by_nothing_writes_nothing() -> None:
    assert tiles.grow(old_size=70_000, entries=[], read_tile=NO_FILES.get).files == {}


@given(st.integers(1, 1500), st.data())
@settings(deadline=None, max_examples=80)
def test_roots_and_proofs_from_tiles_equal_those_from_leaves(
    size: int, data: st.DataObject
) -> None:
    within = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, within - 1))
    old_size = data.draw(st.integers(0, within))
    tiled = tiles.TileTree(size=size, read_tile=written(size).get)
    leaves = hashes()[:within]
    assert tiled.root(size=within) == tree.root(leaves)
    assert tiled.leaf_hash(index) == hashes()[index]
    assert tiled.entry(index) == entries()[index]
    assert tiled.inclusion_proof(index=index, size=within) == tree.inclusion_proof(
        leaves, index=index
    )
    assert tiled.consistency_proof(old_size=old_size, size=within) == tree.consistency_proof(
        leaves, old_size=old_size
    )


def test_proofs_from_three_levels_of_tiles_verify() -> None:
    tiled = tiles.TileTree(size=ENTRY_COUNT, read_tile=whole_log().get)
    root = tree.root(hashes())
    assert tiled.root() == root
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        tree.verify_inclusion(
            index=index,
            size=ENTRY_COUNT,
            leaf=hashes()[index],
            proof=tiled.inclusion_proof(index=index),
            root_hash=root,
        )
    for old_size in (0, 1, 256, 65_536, 65_537, 69_999, 70_000):
        tree.verify_consistency(
            old_size=old_size,
            size=ENTRY_COUNT,
            old_root_hash=tiled.root(size=old_size),
            root_hash=root,
            proof=tiled.consistency_proof(old_size=old_size),
        )


def test_more_tiles_than_are_kept_in_memory_are_read_again() -> None:
    tiled = tiles.TileTree(size=ENTRY_COUNT, read_tile=whole_log().get)
    for _ in range(2):
        for index in range(0, ENTRY_COUNT, 256):
            assert tiled.leaf_hash(index) == hashes()[index]


def test_a_flipped_bit_in_any_tile_of_the_path_makes_the_proof_fail() -> None:
    files = written(600)
    root = tree.root(hashes()[:600])
    needed: list[str] = []

    def spy(path: str) -> bytes | None:
        needed.append(path)
        return files.get(path)

    tiles.TileTree(size=600, read_tile=spy).inclusion_proof(index=300)
    assert set(needed) == {"tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"}
    for path in needed:
        damaged = bytearray(files[path])
        for place in range(0, len(damaged), 32):
            damaged[place] ^= 1
        broken = tiles.TileTree(size=600, read_tile=(files | {path: bytes(damaged)}).get)
        with pytest.raises(NotIncludedError):
            tree.verify_inclusion(
                index=300,
                size=600,
                leaf=hashes()[300],
                proof=broken.inclusion_proof(index=300),
                root_hash=root,
            )


def test_a_partial_tile_may_be_gone_once_the_full_tile_exists() -> None:
    files = {path: data for path, data in written(100, 300).items() if "000.p" not in path}
    assert "tile/0/000" in files
    old = tiles.TileTree(size=100, read_tile=files.get)
    assert old.root() == tree.root(hashes()[:100])
    assert old.entry(99) == entries()[99]
    again = tiles.grow(old_size=100, entries=entries()[100:300], read_tile=files.get).files
    assert again == written(300)


def test_missing_and_damaged_tiles_are_named() -> None:
    files = written(300)
    tiled = tiles.TileTree(size=300, read_tile=NO_FILES.get)
    with pytest.raises(TileMissingError, match=r"tile/0/001\.p/44"):
        tiled.leaf_hash(299)
    with pytest.raises(TileMissingError, match=r"tile/entries/000"):
        tiled.entry(0)
    short = files | {"tile/0/001.p/44": files["tile/0/001.p/44"][:-1]}
    with pytest.raises(TileMalformedError, match=r"tile/0/001\.p/44"):
        tiles.grow_tiles(old_size=300, leaf_hashes=hashes()[300:301], read_tile=short.get)
    with pytest.raises(TileMissingError):
        tiles.grow_bundles(old_size=300, entries=[b"next"], read_tile=NO_FILES.get)
    with pytest.raises(TileMalformedError):
        tiles.grow_tiles(old_size=0, leaf_hashes=[b"not 32 bytes"], read_tile=NO_FILES.get)


def test_nothing_outside_the_tree_can_be_asked_for() -> None:
    tiled = tiles.TileTree(size=10, read_tile=written(10).get)
    for ask in (tiled.leaf_hash, tiled.entry):
        for index in (-1, 10):
            with pytest.raises(SizeOutOfRangeError):
                ask(index)
    with pytest.raises(SizeOutOfRangeError):
        tiled.root(size=11)
    with pytest.raises(SizeOutOfRangeError):
        tiles.tile_at(size=256, level=0, index=1)
    with pytest.raises(SizeOutOfRangeError):
        tiles.TileTree(size=-1, read_tile=NO_FILES.get)
    with pytest.raises(SizeOutOfRangeError):
        tiles.grow(old_size=tree.MAX_SIZE, entries=[b"one more"], read_tile=NO_FILES.get)


def test_a_bundle_is_each_length_and_entry_in_turn() -> None:
    assert tiles.encode_bundle([b"one", b"two"]).hex() == "00036f6e65000374776f"
    assert tiles.decode_bundle(b"\0\x03one\0\x03two", width=2) == [b"one", b"two"]
    assert tiles.decode_bundle(b"\0\0", width=1) == [b""]
    longest = b"x" * 65_535
    assert tiles.decode_bundle(tiles.encode_bundle([longest]), width=1) == [longest]
    with pytest.raises(EntryTooLongError):
        tiles.encode_bundle([longest + b"x"])


@pytest.mark.parametrize(
    ("data", "width"),
    [
        (b"", 1),
        (b"\0", 1),
        (b"\0\x03on", 1),
        (b"\0\x01a", 2),
        (b"\0\x01a\0\x01b", 1),
        (b"\0\0\0", 1),
    ],
)
def test_a_bundle_that_does_not_fit_its_name_is_refused(data: bytes, width: int) -> None:
    with pytest.raises(TileMalformedError):
        tiles.decode_bundle(data, width=width)
