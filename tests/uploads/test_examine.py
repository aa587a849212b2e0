"""What files hold decides: bombs, mixtures, scripts and hidden data do not get in."""

import io
import struct
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from jusha.uploads.examine import examine
from jusha.uploads.rules import (
    KINDS,
    PAPERS,
    PICTURES,
    REFUSALS,
    SHEETS,
    SIDE_PIXELS_MAX,
    UploadRefusedError,
    shown_name,
)


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **more: object) -> bytes:
    out = io.BytesIO()
    found = Image.new("RGB", size, (200, 30, 30))
    found.paste((30, 30, 200), (0, 0, size[0] // 2, size[1]))
    found.save(out, kind, **more)
    return out.getvalue()


def paper(**root: object) -> bytes:
    """One empty page; `root` writes more into the catalogue."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    for key, value in root.items():
        writer._root_object[NameObject(f"/{key}")] = value
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def why(data: bytes, kinds: frozenset[str] = PAPERS) -> str:
    with pytest.raises(UploadRefusedError) as caught:
        examine(data, kinds)
    assert caught.value.code in REFUSALS
    return caught.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_written_anew_the_same_each_time(kind: str) -> None:
    first, second = (examine(picture(kind), PICTURES) for _ in range(2))
    assert first == second
    assert first[0] == kind.lower()
    assert Image.open(io.BytesIO(first[1])).size == (60, 40)


def test_place_and_camera_are_gone_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (30.0, 15.0, 51.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    given_bytes = picture(exif=exif, icc_profile=profile, comment=b"lin.mei lives here")
    assert b"SecretCamera" in given_bytes
    _, kept = examine(given_bytes, PICTURES)
    again = Image.open(io.BytesIO(kept))
    assert again.size == (40, 60)
    assert not again.getexif()
    assert {"exif", "icc_profile", "comment"} & again.info.keys() == set()
    assert b"SecretCamera" not in kept
    assert b"lives here" not in kept


def test_texts_in_a_png_are_gone_and_its_holes_stay() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "lin.mei")
    out = io.BytesIO()
    Image.new("RGBA", (9, 9), (1, 2, 3, 128)).save(out, "PNG", pnginfo=notes)
    _, kept = examine(out.getvalue(), PICTURES)
    again = Image.open(io.BytesIO(kept))
    assert b"lin.mei" not in kept
    assert again.mode == "RGBA"
    assert again.getpixel((0, 0)) == (1, 2, 3, 128)


def test_a_bomb_of_pixels_is_refused_before_it_is_unpacked() -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    assert why(bomb) == "too-many-pixels"
    assert why(picture("PNG", (10_000, 5_001))) == "too-many-pixels"


def test_a_bomb_of_text_in_a_picture_is_refused() -> None:
    text = zlib.compress(b"\0" * (64 << 20), 9)
    plain = picture("PNG")
    bomb = plain[:33] + chunk(b"zTXt", b"a\0\0" + text) + plain[33:]
    assert why(bomb) == "broken"


def test_a_long_picture_is_made_smaller() -> None:
    _, kept = examine(picture("PNG", (6_000, 30)), PICTURES)
    assert Image.open(io.BytesIO(kept)).size == (SIDE_PIXELS_MAX, 20)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    frames = [Image.new("RGB", (9, 9), (i * 90, 0, 0)) for i in range(2)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    assert why(out.getvalue()) == "moving"


def test_what_is_hung_behind_a_picture_does_not_stay() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as box:
        box.writestr("run.js", "alert(1)")
    _, kept = examine(picture() + packed.getvalue() + b"<script>alert(1)</script>", PICTURES)
    assert b"run.js" not in kept
    assert b"<script>" not in kept


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff" + b"\0" * 99,
        b"\x89PNG\r\n\x1a\n" + b"x" * 40,
        b"RIFF\0\0\0\0WEBPVP8 ",
        picture()[:200],
        b"%PDF-1.7\n%%EOF",
        b"%PDF-1.7\n" + b"1 0 obj<<>>" * 50,
    ],
)
def test_what_only_begins_right_is_broken(data: bytes) -> None:
    assert why(data) == "broken"


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\0",
        b"\x7fELF",
        b"GIF89a" + b"\0" * 20,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"#!/bin/sh\nrm -rf /\n",
        b"\0\0\0 ftypheic",
    ],
)
def test_everything_else_is_refused(data: bytes) -> None:
    assert why(data) == "unknown-kind"


def test_a_kind_that_was_not_asked_for_is_refused() -> None:
    assert why(paper(), PICTURES) == "other-kind"
    assert why(picture(), SHEETS) == "other-kind"


def test_a_paper_stays_as_it_is() -> None:
    data = paper()
    assert examine(data, PAPERS) == ("pdf", data)


def test_a_locked_paper_is_refused() -> None:
    writer = PdfWriter()
    writer.add_blank_page(9, 9)
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    assert why(out.getvalue()) == "encrypted"


def name_tree(**keys: str) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{k}"): NameObject(f"/{v}") for k, v in keys.items()})


@pytest.mark.parametrize(
    "root",
    [
        {"OpenAction": name_tree(S="Launch")},
        {"OpenAction": name_tree(S="JavaScript")},
        {"OpenAction": name_tree(S="SubmitForm")},
        {"AA": DictionaryObject()},
        {"AcroForm": DictionaryObject({NameObject("/XFA"): TextStringObject("x")})},
        {"Names": DictionaryObject({NameObject("/EmbeddedFiles"): DictionaryObject()})},
    ],
)
def test_a_paper_that_acts_or_carries_is_refused(root: dict[str, object]) -> None:
    assert why(paper(**root)) == "active"


def test_a_script_that_no_page_shows_is_found_all_the_same() -> None:
    writer = PdfWriter()
    writer.add_blank_page(9, 9)
    writer._add_object(name_tree(S="JavaScript"))
    out = io.BytesIO()
    writer.write(out)
    assert why(out.getvalue()) == "active"


def test_a_script_under_a_spelled_out_name_is_found() -> None:
    data = paper(OpenAction=name_tree(S="JavaScript")).replace(b"/JavaScript", b"/Java#53cript")
    assert b"/JavaScript" not in data
    assert why(data) in {"active", "broken"}


def test_a_paper_that_is_an_archive_too_is_refused() -> None:
    packed = io.BytesIO(paper())
    packed.seek(0, io.SEEK_END)
    with zipfile.ZipFile(packed, "a") as box:
        box.writestr("run.js", "alert(1)")
    assert why(packed.getvalue()) == "mixed"
    assert why(paper() + b"<script>alert(1)</script>") == "mixed"


def test_a_paper_of_too_many_pages_is_refused() -> None:
    writer = PdfWriter()
    for _ in range(301):
        writer.add_blank_page(9, 9)
    out = io.BytesIO()
    writer.write(out)
    assert why(out.getvalue()) == "too-complex"


def sheet(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, body in parts.items():
            box.writestr(
                name.replace("__", "/").replace("_xml", ".xml").replace("_bin", ".bin"), body
            )
    return out.getvalue()


def test_an_archive_is_no_sheet_and_a_bomb_is_refused() -> None:
    assert why(sheet(readme=b"hello"), SHEETS) == "unknown-kind"
    assert why(sheet(xl__workbook_xml=b"\0" * (101 << 20)), SHEETS) == "too-complex"
    assert why(sheet(xl__workbook_xml=b"<w/>", xl__vbaProject_bin=b"x"), SHEETS) == "active"
    assert why(sheet(xl__workbook_xml=b"nonsense"), SHEETS) == "broken"


@pytest.mark.parametrize("text", ["日期,金额\n2026-11-01,20\n", "a;b\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_is_text_in_the_usual_encodings(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert examine(data, SHEETS) == ("csv", data)


@given(st.binary(max_size=400), st.sampled_from(["", "jpeg", "png", "webp", "pdf", "xlsx"]))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_the_examiner_fail_in_another_way(tail: bytes, head: str) -> None:
    heads = {
        "": b"",
        "jpeg": picture()[:90],
        "png": picture("PNG")[:60],
        "webp": b"RIFF\0\0\0\0WEBP",
    }
    heads |= {"pdf": paper()[:-120], "xlsx": sheet(xl__workbook_xml=b"<w/>")[:-30]}
    with suppress(UploadRefusedError):
        kind, _ = examine(heads[head] + tail, KINDS)
        assert kind in KINDS


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\lin\\证书.docx", "证书.pdf"),
        ("证书.pdf\0.exe", "证书.pdf.pdf"),
        ("fdp\u202egnp.exe", "fdpgnp.pdf"),
        ("<script>.pdf", "script.pdf"),
        ("...", "file.pdf"),
        ("", "file.pdf"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
        ('a"\r\nSet-Cookie: b=c.pdf', "b=c.pdf"),
    ],
)
def test_a_shown_name_has_no_folder_and_hides_nothing(given_name: str, shown: str) -> None:
    assert shown_name(given_name, "pdf") == shown
