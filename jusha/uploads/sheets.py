"""Lists: CSV and spreadsheets, for callers that read them; checked, and kept as they are."""

import csv
import io
import zipfile
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from jusha.uploads.rules import SHEET_BYTES_MAX, SHEET_PARTS_MAX, UploadRefusedError

WORKBOOK: Final = "xl/workbook.xml"
BROKEN: Final = (zipfile.BadZipFile, CalamineError, OSError, ValueError, RuntimeError)


def inspect_csv(data: bytes) -> None:
    """Return if a text can be read as lines of fields. Raises UploadRefusedError("broken")."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    try:
        for _ in csv.reader(io.StringIO(text, newline="")):
            pass
    except csv.Error as error:
        raise UploadRefusedError("broken") from error


def inspect_xlsx(data: bytes) -> None:
    """Return if a spreadsheet opens, is no bomb and holds no macros.

    Raises UploadRefusedError: "unknown-kind", "too-complex", "active", "broken".
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
        if sum(part.file_size for part in parts) > SHEET_BYTES_MAX or len(parts) > SHEET_PARTS_MAX:
            raise UploadRefusedError("too-complex")
        names = {part.filename.lower() for part in parts}
        if WORKBOOK not in names:
            raise UploadRefusedError("unknown-kind")
        if any("vbaproject" in name or "/embeddings/" in name for name in names):
            raise UploadRefusedError("active")
        CalamineWorkbook.from_filelike(io.BytesIO(data)).close()
    except BROKEN as error:
        raise UploadRefusedError("broken") from error
