"""Lines of a spreadsheet (.xlsx): what is written in the cells, never what would be computed.

The cells are read by calamine (Rust, alive, MIT). It holds one sheet in memory, so the size is
bounded; and it shows a formula's last result as if it were a value, so sheets with formulas are
refused before it looks.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO, Final

import python_calamine as calamine

from jusha.payments.bills.packed import MEMBERS_MAX, RATIO_MAX
from jusha.payments.bills.records import FileRefusedError, Record, Rejected, RowRefusedError

SHEET_BYTES_MAX: Final = 256 * 1024**2
PARTS_MAX: Final = MEMBERS_MAX * 16
WHOLE_MAX: Final = 10**15
"""A spreadsheet keeps 15 digits of a number: a longer one is not what was typed."""
PIECE: Final = 1 << 20
FORMULA: Final = re.compile(rb"<(?:[A-Za-z0-9]{1,8}:)?f[\s/>]")
CELL: Final = re.compile(rb'<(?:[A-Za-z0-9]{1,8}:)?c [^>]{0,200}?r="([A-Z]{1,3}[0-9]{1,7})"')
TAIL_BYTES: Final = 512
"""Enough of the piece before to name the cell that a formula stands in."""
DOCTYPE: Final = b"<!DOCTYPE"

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read_sheet(file: BinaryIO, *, sheet: str = "") -> Iterator[Record | Rejected]:
    """Read a sheet's rows, empty ones left out; without a name, the only one.

    A row's bytes are its cells as text, joined by tabs. Raises FileRefusedError.
    """
    check_sheet(file)
    file.seek(0)
    try:
        with calamine.CalamineWorkbook.from_filelike(file) as book:
            name = sheet or _only(book.sheet_names)
            if name not in book.sheet_names:
                raise FileRefusedError(
                    f"表格里没有叫 {name} 的工作表，它有：{'、'.join(book.sheet_names)}",
                    f"the workbook has no sheet {name}; it has: {', '.join(book.sheet_names)}",
                )
            rows = book.get_sheet_by_name(name)
            above = rows.start[0] if rows.start else 0
            yield from _records(rows.iter_rows(), above)
    except calamine.CalamineError as error:
        raise FileRefusedError(
            f"这份表格读不出来（{error}）", f"this spreadsheet cannot be read: {error}"
        ) from error


def _only(names: list[str]) -> str:
    if len(names) != 1:
        raise FileRefusedError(
            f"表格里有 {len(names)} 张工作表（{'、'.join(names)}），请在对照表里用 sheet 写明一张",
            f"the workbook has {len(names)} sheets ({', '.join(names)}): the map must name one",
        )
    return names[0]


def _records(rows: Iterator[list[Cell]], above: int) -> Iterator[Record | Rejected]:
    """`above`: how many empty rows stand above the first, which calamine leaves out."""
    for number, row in enumerate(rows, start=above + 1):
        if all(value == "" for value in row):
            continue
        try:
            cells = [cell_text(value) for value in row]
        except RowRefusedError as refusal:
            yield Rejected(number, refusal.reason, refusal.detail)
        else:
            yield Record(number, "\t".join(cells).encode(), cells)


def cell_text(value: Cell) -> str:
    """Write a cell as a person reads it. Raises RowRefusedError for what the file has lost.

    A number is the shortest decimal that the stored value stands for.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if not -WHOLE_MAX < value < WHOLE_MAX:
            raise RowRefusedError("number-shortened", f"{value:g}")
        return str(int(value)) if value == int(value) else repr(float(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def check_sheet(file: BinaryIO) -> None:
    """Refuse bombs, formulas and documents that declare types of their own."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            total = sum(info.file_size for info in infos)
            packed = sum(info.compress_size for info in infos)
            if len(infos) > PARTS_MAX or total > SHEET_BYTES_MAX or total > packed * RATIO_MAX:
                raise FileRefusedError(
                    f"表格从 {packed:,} 字节解压到 {total:,}，共 {len(infos)} 部分，太大："
                    "请另存为 CSV",
                    f"the spreadsheet unpacks from {packed} to {total} bytes in {len(infos)} parts:"
                    " save it as CSV",
                )
            for info in infos:
                if info.filename.endswith(".xml"):
                    with archive.open(info) as part:
                        _check_part(part, sheet=info.filename.startswith("xl/worksheets/"))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise FileRefusedError(
            f".xlsx 文件不完整，请重新下载或另存（{error}）",
            f"this is not a whole .xlsx file: {error}",
        ) from error


def _check_part(part: IO[bytes], *, sheet: bool) -> None:
    tail = b""
    while piece := part.read(PIECE):
        seen = tail + piece
        if DOCTYPE in seen:
            raise FileRefusedError(
                "表格里声明了文档类型（DOCTYPE），银行的文件没有这个，不采用",
                "the spreadsheet declares a document type: no bank does",
            )
        if sheet and (formula := FORMULA.search(seen)):
            cells = CELL.findall(seen, 0, formula.start())
            cell = cells[-1].decode() if cells else ""
            raise FileRefusedError(
                f"表格里有公式{f'（第一处在 {cell}）' if cell else ''}，请只留数值后另存",
                f"the spreadsheet holds formulas{f' (first in cell {cell})' if cell else ''}:"
                " save it with values only",
            )
        tail = seen[-TAIL_BYTES:]
