"""What may be handed in, and how large: judged by the first bytes, never by a name. Pure."""

import unicodedata
from typing import Final, Literal

Kind = Literal["jpeg", "png", "webp", "pdf", "csv", "xlsx"]

PICTURES: Final[frozenset[str]] = frozenset({"jpeg", "png", "webp"})
PAPERS: Final[frozenset[str]] = PICTURES | {"pdf"}
"""What evidence usually is: photographs and scans."""
SHEETS: Final[frozenset[str]] = frozenset({"csv", "xlsx"})
KINDS: Final[frozenset[str]] = PAPERS | SHEETS

FILE_BYTES_MAX: Final = 20 * 1024 * 1024
REQUEST_BYTES_MAX: Final = 8 * FILE_BYTES_MAX
PIXELS_MAX: Final = 50_000_000
SIDE_PIXELS_MAX: Final = 4_096
"""Longer pictures are made smaller: enough to read a stamp on a scan of A4."""
PAGES_MAX: Final = 300
OBJECTS_MAX: Final = 100_000
SHEET_BYTES_MAX: Final = 100 * 1024 * 1024
"""Of a spreadsheet when unpacked."""
SHEET_PARTS_MAX: Final = 1_000
NAME_MAX: Final = 80
GUEST_FILES_A_DAY: Final = 30
"""New files of an account that works for no charity, in 24 hours."""
CHARITY_BYTES_A_DAY: Final = 4 * 1024 * 1024 * 1024
"""What all people of a charity hand in together in 24 hours."""

REFUSALS: Final = (
    "empty",
    "too-large",
    "unknown-kind",
    "other-kind",
    "broken",
    "too-many-pixels",
    "moving",
    "encrypted",
    "active",
    "mixed",
    "too-complex",
    "too-many",
    "too-fast",
    "busy",
    "away",
)
ENDINGS: Final[dict[str, str]] = {
    "jpeg": "jpg",
    "png": "png",
    "webp": "webp",
    "pdf": "pdf",
    "csv": "csv",
    "xlsx": "xlsx",
}
TYPES: Final[dict[str, str]] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SEPARATORS: Final = str.maketrans({"\\": "/", ":": "/"})


class UploadRefusedError(Exception):
    """The file was not kept; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def sniff(data: bytes) -> str:
    """Say what a file is by its first bytes; "" for what is none of KINDS.

    Text without a null character counts as CSV: whoever asks for CSV reads it and judges.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return "xlsx"
    return "csv" if _is_text(data) else ""


def _is_text(data: bytes) -> bool:
    """Whether a file is text of people: UTF-8 or GB 18030, tabs and line ends apart printable."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not any(ord(each) < ord(" ") and each not in "\t\r\n" for each in text)
    return False


def shown_name(given: str, kind: str) -> str:
    """A name for people: no folders, no hidden or turning characters, the ending of the kind.

    It is shown and offered when the file is saved; nothing is ever opened by it.
    """
    last = unicodedata.normalize("NFC", given).translate(SEPARATORS).rsplit("/", 1)[-1]
    plain = "".join(each for each in last if each.isprintable() and each not in '"<>|?*%')
    stem = plain.rsplit(".", 1)[0].strip(" .")[:NAME_MAX]
    return f"{stem or 'file'}.{ENDINGS[kind]}"
