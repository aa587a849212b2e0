"""The public log's folder: files that appear whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

CHECKPOINT: Final = "checkpoint"


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that any reader, after any crash, finds the old bytes or the new ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_names(root: Path, paths: Iterable[str]) -> None:
    """Make the names of files below `root` durable, with all folders on the way to them."""
    folders = {root / parent for path in paths for parent in Path(path).parents}
    for folder in sorted(folders, reverse=True):
        sync_folder(folder)


def read_from(folder: Path, path: str) -> bytes | None:
    """Read a file of the log, or None if there is none."""
    try:
        return (folder / path).read_bytes()
    except FileNotFoundError:
        return None
