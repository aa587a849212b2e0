"""C2SP tlog-tiles: the log as immutable files that a plain web server can carry.

A tile holds up to 256 hashes of one level; an entry bundle holds up to 256 entries. Files are
named here and their bytes computed here; reading and writing them is the caller's business
through a `ReadTile` callable that answers a path with its bytes, or None if there is no such file.
Source: c2sp.org/tlog-tiles.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from jusha.merkle.errors import (
    EntryTooLongError,
    SizeOutOfRangeError,
    TileMalformedError,
    TileMissingError,
    TilePathMalformedError,
)
from jusha.merkle.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_SIZE,
    consistency_spans,
    inclusion_spans,
    leaf_hashes,
    node_hash,
    parent_hashes,
)

TILE_WIDTH = 256
TILE_HEIGHT = 8  # 2^8 = 256: a full tile's hashes fold into one hash after eight rows
ENTRIES = -1  # the level number of entry bundles
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535  # the length is a uint16
_FULL_TILE_BYTES = TILE_WIDTH * HASH_BYTES
_LENGTH_BYTES = 2
_CACHED_TILES = 64
_CACHED_ROWS = 256
"""Tiles whose inner rows are kept, at 16 kB each."""
_CACHED_BUNDLES = 32
"""Bundles whose entries are kept apart, at 100 kB each."""
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)

ReadTile: TypeAlias = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The name of one tile or entry bundle: level, place in the level, number of hashes in it.

    `level` is 0..63, or ENTRIES; `width` is 1..255 for a partial tile, 256 for a full one.
    Raises TilePathMalformedError for any other number.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Refuse what no path can name."""
        if not ENTRIES <= self.level <= MAX_LEVEL:
            raise TilePathMalformedError(f"level {self.level}")
        if not 0 <= self.index <= MAX_SIZE // TILE_WIDTH:
            raise TilePathMalformedError(f"index {self.index}")
        if not 1 <= self.width <= TILE_WIDTH:
            raise TilePathMalformedError(f"width {self.width}")

    @property
    def path(self) -> str:
        """The path below the log's prefix, e.g. `tile/0/x001/x234/067.p/9`."""
        rest, last = divmod(self.index, 1000)
        groups = [f"{last:03d}"]
        while rest:
            rest, group = divmod(rest, 1000)
            groups.append(f"x{group:03d}")
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = f".p/{self.width}" if self.is_partial else ""
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"

    @property
    def is_partial(self) -> bool:
        """Whether later checkpoints may hold a wider version of this tile."""
        return self.width < TILE_WIDTH

    @property
    def full(self) -> "Tile":
        """The name this tile will have once it is full."""
        return Tile(self.level, self.index)


def parse_tile_path(path: str) -> Tile:
    """Read a path that `Tile.path` writes; every other spelling raises TilePathMalformedError."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise TilePathMalformedError(path[:80])
    level, groups, width = match.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(groups.replace("x", "").replace("/", "")),
        int(width or TILE_WIDTH),
    )
    if tile.path != path:
        raise TilePathMalformedError(path[:80])
    return tile


def tile_at(*, size: int, level: int, index: int) -> Tile:
    """The tile at this place as a tree of `size` leaves names it, partial or full.

    Raises SizeOutOfRangeError if the tree does not reach so far.
    """
    width = min(_hashes_at(size, level) - index * TILE_WIDTH, TILE_WIDTH)
    if width < 1:
        raise SizeOutOfRangeError(f"a tree of {size} has no tile {index} at level {level}")
    return Tile(level, index, width)


def partial_tiles(size: int) -> list[Tile]:
    """The partial tiles and the partial entry bundle that a checkpoint of `size` leaves names."""
    tiles = []
    level = ENTRIES
    while count := _hashes_at(size, level):
        if count % TILE_WIDTH:
            tiles.append(Tile(level, count // TILE_WIDTH, count % TILE_WIDTH))
        level += 1
    return tiles


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Lay entries end to end, each behind its big-endian uint16 length.

    Raises EntryTooLongError.
    """
    try:
        return b"".join([len(e).to_bytes(_LENGTH_BYTES, "big") + e for e in entries])
    except OverflowError as error:
        raise EntryTooLongError from error


def decode_bundle(data: bytes, *, width: int) -> list[bytes]:
    """Read exactly `width` entries that fill `data` to its last byte.

    Raises TileMalformedError.
    """
    entries: list[bytes] = []
    add, at, length = entries.append, 0, len(data)
    try:
        while at < length:
            start = at + _LENGTH_BYTES
            at = start + (data[at] << 8 | data[at + 1])
            add(data[start:at])
    except IndexError:
        at = -1
    if at != length:
        raise TileMalformedError("the entry bundle is cut short")
    if len(entries) != width:
        raise TileMalformedError(f"the entry bundle does not hold {width} entries")
    return entries


@dataclass(frozen=True, slots=True)
class Growth:
    """What must be written before a checkpoint of `size` leaves may be published.

    `files` maps paths below the log's prefix to bytes; `leaf_hashes` are those of the new entries.
    """

    old_size: int
    size: int
    leaf_hashes: list[bytes]
    files: dict[str, bytes]


def grow(*, old_size: int, entries: Sequence[bytes], read_tile: ReadTile) -> Growth:
    """All tiles and entry bundles that change when `entries` follow the first `old_size` leaves.

    Reads only partial tiles of `old_size`. Raises TileMissingError, TileMalformedError,
    EntryTooLongError, SizeOutOfRangeError.
    """
    bundles = grow_bundles(old_size=old_size, entries=entries, read_tile=read_tile)
    hashes = leaf_hashes(entries)
    tiles = grow_tiles(old_size=old_size, leaf_hashes=hashes, read_tile=read_tile)
    return Growth(old_size, old_size + len(entries), hashes, bundles | tiles)


def grow_bundles(
    *, old_size: int, entries: Sequence[bytes], read_tile: ReadTile
) -> dict[str, bytes]:
    """The entry bundles that `entries` fill or begin after the first `old_size` leaves.

    Raises TileMissingError, TileMalformedError, EntryTooLongError, SizeOutOfRangeError.
    """
    _check_growth(old_size, len(entries))
    files: dict[str, bytes] = {}
    index, held = divmod(old_size, TILE_WIDTH)
    prefix = b""
    if held and entries:
        prefix = _read_bundle(Tile(ENTRIES, index, held), read_tile)
    at = 0
    while at < len(entries):
        take = entries[at : at + TILE_WIDTH - held]
        name = Tile(ENTRIES, index, held + len(take))
        files[name.path] = prefix + encode_bundle(take)
        at += len(take)
        index, held, prefix = index + 1, 0, b""
    return files


def grow_tiles(
    *, old_size: int, leaf_hashes: Sequence[bytes], read_tile: ReadTile
) -> dict[str, bytes]:
    """The tiles of every level that new leaf hashes fill or begin after `old_size` leaves.

    Raises TileMissingError, TileMalformedError, SizeOutOfRangeError.
    """
    _check_growth(old_size, len(leaf_hashes))
    row = b"".join(leaf_hashes)
    if len(row) != len(leaf_hashes) * HASH_BYTES:
        raise TileMalformedError("a leaf hash is not 32 bytes")
    files: dict[str, bytes] = {}
    level = 0
    while row:
        index, held = divmod(_hashes_at(old_size, level), TILE_WIDTH)
        if held:
            row = _read_hashes(Tile(level, index, held), read_tile) + row
        full_bytes = len(row) // _FULL_TILE_BYTES * _FULL_TILE_BYTES
        for at in range(0, full_bytes, _FULL_TILE_BYTES):
            files[Tile(level, index).path] = row[at : at + _FULL_TILE_BYTES]
            index += 1
        rest = row[full_bytes:]
        if rest:
            files[Tile(level, index, len(rest) // HASH_BYTES).path] = rest
        # Only full tiles are hashed upward: a partial tile's hash would change with the next leaf.
        row = row[:full_bytes]
        for _ in range(TILE_HEIGHT):
            row = parent_hashes(row)
        level += 1
    return files


class TileTree:
    """A tree of `size` leaves read from tiles: roots and proofs for this size and all below it.

    Give it the size of a published checkpoint, because only such sizes have their partial tiles.
    Nothing read is trusted to be right: check a proof against a signed root before showing it.
    Its methods raise TileMissingError, TileMalformedError and SizeOutOfRangeError.
    """

    def __init__(self, *, size: int, read_tile: ReadTile) -> None:
        """Read nothing yet."""
        _check_growth(size, 0)
        self.size = size
        self._read_tile = read_tile
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self, *, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (default: all)."""
        size = self._within(size)
        return self.span_root(0, size) if size else EMPTY_ROOT

    def leaf_hash(self, index: int) -> bytes:
        """The leaf hash at `index`."""
        if not 0 <= index < self.size:
            raise SizeOutOfRangeError(f"leaf {index} is not in a tree of {self.size}")
        return self.span_root(index, index + 1)

    def inclusion_proof(self, *, index: int, size: int | None = None) -> list[bytes]:
        """The hashes from leaf `index` to the root of the first `size` leaves (default: all)."""
        spans = inclusion_spans(index=index, size=self._within(size))
        return [self.span_root(start, end) for start, end in spans]

    def consistency_proof(self, *, old_size: int, size: int | None = None) -> list[bytes]:
        """The hashes showing that `size` leaves (default: all) extend the first `old_size`."""
        spans = consistency_spans(old_size=old_size, size=self._within(size))
        return [self.span_root(start, end) for start, end in spans]

    def entry(self, index: int) -> bytes:
        """The entry at `index`, from its bundle."""
        if not 0 <= index < self.size:
            raise SizeOutOfRangeError(f"entry {index} is not in a log of {self.size}")
        place, offset = divmod(index, TILE_WIDTH)
        name = tile_at(size=self.size, level=ENTRIES, index=place)
        found, data = _read_either(name, self._read_tile)
        return _entries(data, found.width)[offset]

    def span_root(self, start: int, end: int) -> bytes:
        """The root of leaves [start, end), a range that RFC 6962 splitting can reach."""
        count = end - start
        if count & (count - 1):
            middle = start + (1 << (count.bit_length() - 1))
            return node_hash(self.span_root(start, middle), self.span_root(middle, end))
        level, rows = divmod(count.bit_length() - 1, TILE_HEIGHT)
        index, offset = divmod(start >> (TILE_HEIGHT * level), TILE_WIDTH)
        row = _rows(self._tile(level, index))[rows] if rows else self._tile(level, index)
        at = (offset >> rows) * HASH_BYTES
        return row[at : at + HASH_BYTES]

    def _tile(self, level: int, index: int) -> bytes:
        known = self._tiles.get((level, index))
        if known is None:
            name = tile_at(size=self.size, level=level, index=index)
            known = _read_hashes(name, self._read_tile)
            if len(self._tiles) >= _CACHED_TILES:
                self._tiles.pop(next(iter(self._tiles)))
            self._tiles[level, index] = known
        return known

    def _within(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise SizeOutOfRangeError(f"{size} is not within a tree of {self.size}")
        return size


def _hashes_at(size: int, level: int) -> int:
    """How many finished hashes (or entries) a tree of `size` leaves has at a tile level."""
    return size >> (TILE_HEIGHT * max(level, 0))


def _check_growth(old_size: int, added: int) -> None:
    if not 0 <= old_size <= old_size + added <= MAX_SIZE:
        raise SizeOutOfRangeError(f"{old_size} + {added}")


@lru_cache(maxsize=_CACHED_BUNDLES)
def _entries(bundle: bytes, width: int) -> tuple[bytes, ...]:
    return tuple(decode_bundle(bundle, width=width))


@lru_cache(maxsize=_CACHED_ROWS)
def _rows(tile: bytes) -> tuple[bytes, ...]:
    """A tile's hashes and the rows above them; kept, because neighbours share nearly all of it."""
    rows = [tile]
    while len(rows[-1]) >= 2 * HASH_BYTES:
        row = rows[-1]
        rows.append(parent_hashes(row[: len(row) // (2 * HASH_BYTES) * (2 * HASH_BYTES)]))
    return tuple(rows)


def _read_either(name: Tile, read_tile: ReadTile) -> tuple[Tile, bytes]:
    """The tile under its own name, or the full tile that has replaced it since."""
    for each in (name, name.full):
        data = read_tile(each.path)
        if data is not None:
            return each, data
    raise TileMissingError(name.path)


def _read_hashes(name: Tile, read_tile: ReadTile) -> bytes:
    found, data = _read_either(name, read_tile)
    if len(data) != found.width * HASH_BYTES:
        raise TileMalformedError(f"{found.path} holds {len(data)} bytes")
    return data[: name.width * HASH_BYTES]


def _read_bundle(name: Tile, read_tile: ReadTile) -> bytes:
    found, data = _read_either(name, read_tile)
    entries = decode_bundle(data, width=found.width)
    return data if found.width == name.width else encode_bundle(entries[: name.width])
