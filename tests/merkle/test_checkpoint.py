"""Checkpoints read strictly and written without extension lines."""

import base64

import pytest

from jusha.merkle.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from jusha.merkle.encoding import decode64, encode64, parse_number
from jusha.merkle.errors import CheckpointMalformedError, EncodingMalformedError
from jusha.merkle.tree import EMPTY_ROOT
from tests.merkle import vectors

ROOT = bytes(range(32))
BODY = f"log.example/1\n7\n{encode64(ROOT)}\n"


def test_every_checkpoint_body_is_judged_by_the_standard() -> None:
    # The vectors' author tolerates roots of any length and blank extension lines; the standard
    # does not. So each body is tried as it is (no root there has 32 bytes) and with a real root.
    cases = vectors.load("parse_vectors.json")["checkpoint_body_parse"]
    assert len(cases) == 12
    for case in cases:
        with pytest.raises(CheckpointMalformedError):
            parse_checkpoint(case["body"])
        body = case["body"]
        for short in ("YmFuYW5hcw==", "dGhlIHZpZXcgZnJvbSB0aGUgdHJlZSB0b3BzIGlzIGdyZWF0IQ=="):
            body = body.replace(short, encode64(ROOT))
        if case["want_err"] or case["desc"] == "valid with trailing newlines":
            with pytest.raises(CheckpointMalformedError):
                parse_checkpoint(body)
        else:
            origin, size, _root, *extensions = body[:-1].split("\n")
            assert parse_checkpoint(body) == Checkpoint(origin, int(size), ROOT, tuple(extensions))


def test_what_is_written_is_what_is_read() -> None:
    checkpoint = Checkpoint("log.example/1", 7, ROOT)
    assert format_checkpoint(checkpoint) == BODY
    assert parse_checkpoint(BODY) == checkpoint


def test_extension_lines_are_read_but_never_written() -> None:
    checkpoint = parse_checkpoint(BODY + "more\n")
    assert checkpoint.extensions == ("more",)
    with pytest.raises(CheckpointMalformedError):
        format_checkpoint(checkpoint)


def test_an_empty_log_has_only_the_empty_root() -> None:
    assert Checkpoint("log", 0, EMPTY_ROOT).size == 0
    for size in (0, -1, 1 << 63):
        with pytest.raises(CheckpointMalformedError):
            Checkpoint("log", size, ROOT)


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("7", "07"),
        BODY.replace("7", "+7"),
        BODY.replace("7", "7 "),
        BODY.replace("7", "٧"),
        BODY.replace("7", str(1 << 63)),
        BODY.replace("8=\n", "9=\n"),  # other spare bits, same 32 bytes
        BODY.replace("=\n", "\n"),
        BODY.replace("log", "l\rog"),
        BODY + "\n",
        BODY + "x" * 70_000 + "\n",
        BODY[:-1],
        "",
        "\n",
    ],
)
def test_other_spellings_of_a_checkpoint_are_refused(body: str) -> None:
    with pytest.raises(CheckpointMalformedError):
        parse_checkpoint(body)


def test_base64_has_one_spelling() -> None:
    assert decode64("AAE=") == b"\0\1"
    for text in ("AAF=", "AAE", "AAE=\n", "AA E=", "AAE=AAE=", "-_8=", "AAE==", "é"):
        with pytest.raises(EncodingMalformedError):
            decode64(text)
    assert decode64(base64.b64encode(ROOT).decode()) == ROOT


def test_numbers_have_one_spelling() -> None:
    assert [parse_number(text) for text in ("0", "10", str((1 << 63) - 1))] == [
        0,
        10,
        (1 << 63) - 1,
    ]
    for text in ("", "00", "-1", "1_0", " 1", "1e3", "９", str(1 << 63), "9" * 5000):
        with pytest.raises(EncodingMalformedError):
            parse_number(text)
