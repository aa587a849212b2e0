"""PDF files: whole, open, and without anything that acts; they are kept as they are.

A PDF can start programs, run scripts, carry files and send forms (ISO 32000-1, chapters 7.11, 12.6
and 12.7). Every object that the file names is looked at, also those that no page shows.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from jusha.uploads.rules import OBJECTS_MAX, PAGES_MAX, UploadRefusedError

ACTS: Final = frozenset(
    {
        "/Launch", "/JavaScript", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition",
        "/Movie", "/Sound", "/RichMediaExecute", "/GoTo3DView",
    }
)  # fmt: skip
"""Actions (key /S) that do more than show a page; a link to an address (/URI) stays."""
BEARS: Final = frozenset(
    {"/JS", "/JavaScript", "/AA", "/XFA", "/EmbeddedFiles", "/EF", "/RichMedia"}
)
CARRIES: Final = frozenset({"/RichMedia", "/3D", "/Movie", "/Sound", "/FileAttachment"})
"""Annotations (key /Subtype) that hold more than a mark on the page."""
BROKEN: Final = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError)


def inspect(data: bytes) -> None:
    """Return if a PDF may be kept.

    Raises UploadRefusedError: "broken", "mixed", "encrypted", "active", "too-complex".
    """
    tail = data.rstrip(b"\0\t\n\f\r ")
    if not tail.endswith(b"%%EOF") or zipfile.is_zipfile(io.BytesIO(data)):
        raise UploadRefusedError("mixed" if b"%%EOF" in tail else "broken")
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise UploadRefusedError("encrypted")
        for each in _dictionaries(reader):
            _judge(each)
        pages = len(reader.pages)
    except (MemoryError, RecursionError) as error:
        raise UploadRefusedError("too-complex") from error
    except BROKEN as error:
        raise UploadRefusedError("broken") from error
    if pages < 1:
        raise UploadRefusedError("broken")
    if pages > PAGES_MAX:
        raise UploadRefusedError("too-complex")


def _judge(found: DictionaryObject) -> None:
    """Raise UploadRefusedError("active") for a dictionary that acts or carries."""
    if BEARS & found.keys() or str(found.get("/S", "")) in ACTS:
        raise UploadRefusedError("active")
    if str(found.get("/Type", "")) == "/EmbeddedFile" or str(found.get("/Subtype", "")) in CARRIES:
        raise UploadRefusedError("active")


def _dictionaries(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary of a file: what the trailer leads to, and what is listed beside it."""
    waiting: list[Any] = [reader.trailer, *_listed(reader)]
    seen = set[tuple[int, int]]()
    looked = 0
    while waiting:
        found = waiting.pop()
        looked += 1
        if looked > OBJECTS_MAX * 10:
            raise UploadRefusedError("too-complex")
        if isinstance(found, IndirectObject):
            place = (found.idnum, found.generation)
            if place not in seen:
                seen.add(place)
                waiting.append(found.get_object())
        elif isinstance(found, DictionaryObject):
            yield found
            waiting.extend(found.raw_get(key) for key in found)
        elif isinstance(found, ArrayObject):
            waiting.extend(list.__iter__(found))


def _listed(reader: PdfReader) -> list[IndirectObject]:
    """Everything in the file's own table of objects."""
    plain = [
        IndirectObject(number, generation, reader)
        for generation, numbers in reader.xref.items()
        for number in numbers
        if number and generation < 65_535  # noqa: PLR2004 - free entries
    ]
    packed = [IndirectObject(number, 0, reader) for number in reader.xref_objStm]
    if len(plain) + len(packed) > OBJECTS_MAX:
        raise UploadRefusedError("too-complex")
    return plain + packed
