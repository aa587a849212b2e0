"""Opening what a bill comes packed in: nothing, gzip, or a ZIP of CSV files; never a bomb.

Nothing is unpacked to the disk and nothing is held in memory: members are streams. What a ZIP
says of itself is believed only within limits, and reading stops where it said it would.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from jusha.payments.bills.records import FileRefusedError

GZIP_START: Final = b"\x1f\x8b"
ZIP_START: Final = b"PK\x03\x04"
OLD_SHEET_START: Final = b"\xd0\xcf\x11\xe0"
WIDE_STARTS: Final = (b"\xff\xfe", b"\xfe\xff")
MEMBERS_MAX: Final = 16
UNPACKED_BYTES_MAX: Final = 4 * 1024**3
"""A day of ten million lines is below this."""
RATIO_MAX: Final = 200
"""A bill packs to a tenth; a bomb to a thousandth."""


class _Bounded(RawIOBase):
    """A stream that refuses to be longer than it may."""

    def __init__(self, inner: IO[bytes], most: int, name: str) -> None:
        self.inner = inner
        self.left = most
        self.name = name

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer; refuse behind the limit, and what is not whole."""
        try:
            part = self.inner.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
            raise FileRefusedError(
                f"{self.name} 不完整，请重新下载（{error}）", f"{self.name} is not whole: {error}"
            ) from error
        self.left -= len(part)
        if self.left < 0:
            raise FileRefusedError(
                f"{self.name} 解压后超过 {UNPACKED_BYTES_MAX:,} 字节",
                f"{self.name} unpacks to more than {UNPACKED_BYTES_MAX} bytes",
            )
        buffer[: len(part)] = part
        return len(part)


class Member:
    """One file of a ZIP: its name as written, and how to open it."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self.archive = archive
        self.info = info
        self.name = member_name(info)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it as a stream of its declared length. Raises FileRefusedError."""
        try:
            inner = self.archive.open(self.info)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise FileRefusedError(
                f"{self.name} 解压不了（{error}）", f"{self.name} cannot be unpacked: {error}"
            ) from error
        with inner:
            yield buffered(inner, self.info.file_size, self.name)


def buffered(inner: IO[bytes], most: int, name: str) -> BinaryIO:
    """Read a stream by lines and pieces, at most so many bytes."""
    return cast("BinaryIO", BufferedReader(_Bounded(inner, most, name), 1 << 16))


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name; Alipay writes GBK where the standard has code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gbk")
    except UnicodeError:
        return info.filename


@contextmanager
def open_plain(file: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacking gzip by its first bytes. Raises FileRefusedError."""
    with ExitStack() as stack:
        opened = stack.enter_context(file.open("rb"))
        start = opened.read(len(ZIP_START))
        opened.seek(0)
        if start.startswith(OLD_SHEET_START):
            raise FileRefusedError(
                f"{file.name} 是旧版表格（.xls），请另存为 .xlsx",
                f"{file.name} is an old spreadsheet (.xls): save it as .xlsx",
            )
        if start.startswith(WIDE_STARTS):
            raise FileRefusedError(
                f"{file.name} 是 UTF-16 编码，请另存为 UTF-8 的 CSV",
                f"{file.name} is UTF-16: save it as CSV in UTF-8",
            )
        if not start.startswith(GZIP_START):
            yield opened
            return
        unpacked = stack.enter_context(gzip.GzipFile(fileobj=opened))
        yield buffered(cast("IO[bytes]", unpacked), UNPACKED_BYTES_MAX, file.name)


@contextmanager
def open_zip(file: BinaryIO) -> Iterator[list[Member]]:
    """Open a ZIP and list its files, checked. Raises FileRefusedError for what is no plain bill."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise FileRefusedError(
            f"ZIP 文件不完整，请重新下载（{error}）", f"this is not a whole ZIP file: {error}"
        ) from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        check_members(infos, packed_bytes=_size(file))
        yield [Member(archive, info) for info in infos]


def check_members(infos: list[zipfile.ZipInfo], *, packed_bytes: int) -> None:
    """Refuse bombs and locked files, by what the ZIP's own list says. Raises FileRefusedError.

    The stream of a member ends where the list says, so a list that lies cannot unpack more; and
    the ratio is that of the whole file, so members that overlap are counted each.
    """
    if len(infos) > MEMBERS_MAX:
        raise FileRefusedError(
            f"ZIP 里有 {len(infos)} 份文件，账单至多 {MEMBERS_MAX} 份",
            f"the ZIP has {len(infos)} files; a bill has at most {MEMBERS_MAX}",
        )
    total = sum(info.file_size for info in infos)
    if total > UNPACKED_BYTES_MAX:
        raise FileRefusedError(
            f"ZIP 解压后有 {total:,} 字节，至多 {UNPACKED_BYTES_MAX:,}",
            f"the ZIP unpacks to {total} bytes; at most {UNPACKED_BYTES_MAX}",
        )
    if total > packed_bytes * RATIO_MAX:
        raise FileRefusedError(
            f"ZIP 有 {packed_bytes:,} 字节，解压后 {total:,}，大了 {RATIO_MAX} 倍以上：不是账单",
            f"the ZIP of {packed_bytes} bytes unpacks to {total}: more than {RATIO_MAX} times,"
            " no bill does that",
        )
    if locked := [member_name(info) for info in infos if info.flag_bits & 0x1]:
        raise FileRefusedError(
            f"{locked[0]} 有密码，请解压后放入", f"{locked[0]} is locked with a password"
        )


def _size(file: BinaryIO) -> int:
    place = file.tell()
    size = file.seek(0, 2)
    file.seek(place)
    return size
