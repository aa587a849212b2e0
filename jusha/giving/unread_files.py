"""Files in the watched folder that no setting reads: named with the reason, never passed over.

A bill that lies one folder too high would otherwise look like a day without gifts.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Final

from jusha.giving.accounts_table import Unread
from jusha.giving.import_gifts import file_sha256
from jusha.money.clock import local_day

NAMED_MAX: Final = 200
"""So many files are named one by one; more are counted."""
NO_SUBFOLDER: Final = "no-subfolder"
TOO_DEEP: Final = "too-deep"
OTHER_NAME: Final = "other-name"
NOT_TAKEN: Final = "not-taken"
REASONS: Final = (NO_SUBFOLDER, TOO_DEEP, OTHER_NAME, NOT_TAKEN)
"""Why a file was not read:

no-subfolder: it lies in none of the subfolders of the settings; too-deep: it lies in a folder
inside one of them; other-name: it lies in one, and its name does not fit the settings' `files`;
not-taken: it was opened and is not what it should be.
"""
NOBODYS: Final = (".", "~")
"""How the names of files begin that a system or an office program makes for itself."""
SYSTEMS: Final = frozenset({"Thumbs.db", "desktop.ini"})


def misplaced(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """The files below the folder that no pattern names, in the order of their names."""
    named = {file for pattern in patterns for file in folder.glob(pattern)}
    return sorted(file for file in _below(folder) if file not in named)


def _below(folder: Path) -> Iterator[Path]:
    """Every file below a folder that a person may have laid there."""
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(NOBODYS)]
        for name in files:
            file = Path(path) / name
            # Whatever else a folder can hold, such as a pipe, would never end.
            if not name.startswith(NOBODYS) and name not in SYSTEMS and file.is_file():
                yield file


def unread(file: Path, folder: Path, why: str) -> Unread:
    """Name a file that was not read; without a hash if it may not be opened.

    Raises FileNotFoundError if it is gone.
    """
    day = local_day(int(file.stat().st_mtime))
    try:
        digest = file_sha256(file)
    except PermissionError:
        digest = ""
    return Unread(str(file.relative_to(folder)), digest, day, why)


def why_misplaced(name: str, patterns: Iterable[str]) -> str:
    """Say why no pattern names a file, by where it lies."""
    folders = {PurePath(pattern).parent for pattern in patterns}
    path = PurePath(name)
    if path.parent in folders:
        return OTHER_NAME
    inside = set(path.parents) & folders - {PurePath()}
    return TOO_DEEP if inside else NO_SUBFOLDER


def unread_files(folder: Path, patterns: Sequence[str]) -> tuple[list[Unread], int]:
    """The files that no pattern names, and how many more there are than are named."""
    files = misplaced(folder, patterns)
    found = []
    for file in files[:NAMED_MAX]:
        try:
            why = why_misplaced(str(file.relative_to(folder)), patterns)
            found.append(unread(file, folder, why))
        except FileNotFoundError:  # it was taken away meanwhile
            continue
    return found, max(len(files) - NAMED_MAX, 0)
