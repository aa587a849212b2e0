"""The watcher finds a second history under one key and proves it; nothing else counts as proof."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jusha.merkle.checkpoint import Checkpoint, format_checkpoint
from jusha.merkle.note import LogSigner, parse_vkey, sign_note
from jusha.merkle.tiles import grow
from jusha.merkle.tree import root
from jusha.tlog.evidence import all_evidence, judged
from tests.merkle import logs
from tests.sandbox.serving import served
from tests.verify.logs import SIGNER, VKEY
from verify import watch

KEY = parse_vkey(VKEY)
TRUE = [b"entry %d" % number for number in range(1_000)]
FORK = [*TRUE[:500], b"a gift that was taken out", *TRUE[501:]]


def publish(folder: Path, entries: list[bytes], *, signer: LogSigner = SIGNER) -> Path:
    """Put a log of these entries, and only them, in the folder; keep older checkpoints."""
    shutil.rmtree(folder / "tile", ignore_errors=True)
    growth = grow(old_size=0, entries=entries, read_tile=lambda _: None)
    head = Checkpoint(SIGNER.vkey.name, len(entries), root(growth.leaf_hashes))
    note = sign_note(format_checkpoint(head), signers=[signer])
    files = growth.files | {"checkpoint": note, f"checkpoints/{len(entries)}": note}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "keep"


def look(log: Path | str, keep: Path, *more: str) -> int:
    return watch.run(["look", str(log), "--vkey", VKEY, "--keep", str(keep), *more])


def evidence(keep: Path) -> list[Path]:
    return sorted((keep / "evidence").iterdir())


def check(path: Path, *more: str) -> int:
    """What the script says of a file; the platform's own reading must agree."""
    said = watch.run(["check", str(path), *more])
    assert (said == 0) == judged(path.name, path.read_bytes(), log_key=KEY).is_proven
    return said


def changed(found: Path, /, **fields: Any) -> Path:
    told = json.loads(found.read_text()) | fields
    other = found.with_name("changed.json")
    other.write_text(json.dumps(told))
    return other


@pytest.mark.parametrize("sizes", [(1, 2, 3), (255, 256, 257, 700), (512, 513, 1_000), (700, 700)])
def test_a_log_that_only_grows_is_consistent(
    log: Path, keep: Path, sizes: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for size in sizes:
        assert look(publish(log, TRUE[:size]), keep) == 0
    assert evidence(keep) == []
    assert len(list((keep / "seen").glob("*.checkpoint"))) == len(set(sizes))
    assert "CONSISTENT" in capsys.readouterr().out


@pytest.mark.parametrize(("before", "after"), [(501, 502), (600, 1_000), (768, 900), (512, 1_000)])
def test_a_fork_signed_with_the_same_key_is_proven_to_anyone(
    log: Path, keep: Path, before: int, after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(publish(log, TRUE[:before]), keep) == 0
    assert look(publish(log, FORK[:after]), keep) == 1
    (found,) = evidence(keep)
    assert json.loads(found.read_text())["kind"] == "diverging"
    assert check(found) == 0
    assert check(found, "--vkey", VKEY) == 0
    assert "PROVEN: this log signed two histories" in capsys.readouterr().out
    shown = judged(found.name, found.read_bytes(), log_key=KEY)
    assert (shown.older, shown.newer, shown.kind) == (before, after, "diverging")


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_false_tile_that_shows_the_older_tree_under_a_newer_root_is_caught(
    log: Path, keep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_kept: bool
) -> None:
    first = [*TRUE[:520], b"a gift that is taken out later", *TRUE[521:600]]
    before = publish(tmp_path / "other", first)
    if is_kept:
        assert look(before, keep) == 0
    publish(log, TRUE[:900])
    true = log / "tile/0/002"
    false = grow(old_size=0, entries=[*first, *TRUE[600:900]], read_tile=lambda _: None)
    assert false.files["tile/0/002"] != true.read_bytes()
    true.write_bytes(false.files["tile/0/002"])  # what the older root needs, and no newer one has
    more = [] if is_kept else ["--compare", str(before / "checkpoint")]
    assert look(log, keep, *more) == 1
    (found,) = evidence(keep)
    told = json.loads(found.read_text())
    assert told["kind"] == "withheld"
    assert "512 to 576 do not lead to the root of 900" in told["why"]
    assert check(found) == 1
    assert "ask it to" in capsys.readouterr().out


def test_two_roots_of_one_size_are_a_proof_by_themselves(log: Path, keep: Path) -> None:
    look(publish(log, TRUE[:700]), keep)
    assert look(publish(log, FORK[:700]), keep) == 1
    (found,) = evidence(keep)
    assert json.loads(found.read_text())["kind"] == "same-size"
    assert check(found) == 0


def test_what_a_neighbour_saw_is_compared_and_proven_by_the_logs_own_older_checkpoint(
    log: Path, keep: Path, tmp_path: Path
) -> None:
    other = publish(tmp_path / "other", FORK[:700]) / "checkpoint"
    publish(log, TRUE[:700])
    publish(log, TRUE[:900])
    assert look(log, keep, "--compare", str(log / "checkpoints" / "700")) == 0
    assert look(log, keep, "--compare", str(other)) == 1
    (found,) = evidence(keep)
    assert json.loads(found.read_text())["kind"] == "same-size"
    assert check(found) == 0


def test_a_witness_that_saw_another_log_is_compared_too(
    log: Path, keep: Path, tmp_path: Path
) -> None:
    name = sha256(SIGNER.vkey.name.encode()).hexdigest()
    note = (publish(tmp_path / "other", FORK[:700]) / "checkpoint").read_bytes()
    publish(log, TRUE[:700])

    def witness(environ: Any, start: Any) -> list[bytes]:
        known = environ["PATH_INFO"] == f"/{name}/checkpoint"
        start("200 OK" if known else "404 Not Found", [("content-type", "text/plain")])
        return [note if known else b""]

    with served(witness) as url:
        assert look(log, keep, "--witness", url) == 1
    (found,) = evidence(keep)
    assert check(found) == 0


def test_without_parts_and_without_its_checkpoint_a_fork_is_an_open_question(
    log: Path, keep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = publish(tmp_path / "other", FORK[:700]) / "checkpoint"
    publish(log, TRUE[:900])
    assert look(log, keep, "--compare", str(other)) == 1
    (found,) = evidence(keep)
    assert json.loads(found.read_text())["kind"] == "withheld"
    assert check(found) == 1
    assert "ask it to" in capsys.readouterr().out


def test_a_log_that_shows_less_than_before_is_told_and_is_no_contradiction(
    log: Path, keep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    look(publish(log, TRUE[:700]), keep)
    late = (log / "checkpoint").read_bytes()
    look(publish(log, TRUE[:900]), keep)
    for name, data in (("checkpoint", late),):
        (log / name).write_bytes(data)
    growth = grow(old_size=0, entries=TRUE[:700], read_tile=lambda _: None)
    for path, data in growth.files.items():
        (log / path).parent.mkdir(parents=True, exist_ok=True)
        (log / path).write_bytes(data)
    assert look(log, keep) == 0
    assert "NOTE: 900" in capsys.readouterr().out


def test_missing_and_false_tiles_are_not_right(log: Path, keep: Path) -> None:
    publish(log, TRUE[:700])
    tile = log / "tile/0/002.p/188"
    data = tile.read_bytes()
    tile.unlink()
    assert look(log, keep) == 1
    tile.write_bytes(bytes(len(data)))
    assert look(log, keep) == 1
    tile.write_bytes(data)
    assert look(log, keep) == 0


def test_a_checkpoint_by_another_key_is_not_right_and_a_silent_log_cannot_be_checked(
    log: Path, keep: Path
) -> None:
    stranger = LogSigner(name=SIGNER.vkey.name, private_key=logs.ed25519("stranger"))
    assert look(publish(log, TRUE[:10], signer=stranger), keep) == 1
    assert look(log / "nowhere", keep) == 2
    assert watch.run(["look", str(log), "--vkey", "x", "--keep", str(keep)]) == 2


@pytest.fixture
def proven(log: Path, keep: Path) -> Path:
    look(publish(log, TRUE[:600]), keep)
    look(publish(log, FORK[:900]), keep)
    (found,) = evidence(keep)
    assert check(found) == 0
    return found


@pytest.mark.parametrize("field", ["older", "newer", "parts", "place", "hash", "path", "kind"])
def test_evidence_with_anything_missing_or_exchanged_proves_nothing(
    proven: Path, field: str
) -> None:
    told = json.loads(proven.read_text())
    parts, path = told["parts"], told["path"]
    false = {
        "older": told["newer"],
        "newer": told["older"],
        "parts": parts[:-1],
        "place": 0 if told["place"] else 1,
        "hash": parts[told["place"]],
        "path": [told["hash"]] * len(path),
        "kind": "same-size",
    }
    values: list[Any] = [false[field], None, "", [], -1, 99]
    for value in values:
        assert check(changed(proven, **{field: value})) == 1


def test_honest_checkpoints_never_make_evidence(log: Path, keep: Path, proven: Path) -> None:
    honest = {}
    for name, size in (("older", 600), ("newer", 900)):
        honest[name] = (publish(log, TRUE[:size]) / "checkpoint").read_text()
    assert check(changed(proven, **honest)) == 1
    assert check(changed(proven, newer=honest["newer"])) == 1


def test_evidence_against_another_log_is_none_against_ours(proven: Path) -> None:
    told = judged(proven.name, proven.read_bytes(), log_key=logs.LOG.vkey)
    assert not told.is_proven
    assert watch.run(["check", str(proven), "--vkey", logs.LOG.vkey.text]) == 1


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"format":"other"}', b"\xff"])
def test_what_is_no_evidence_file_cannot_be_checked(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "evidence" / "x.json"
    path.parent.mkdir()
    path.write_bytes(data)
    assert watch.run(["check", str(path)]) == 2
    (shown,) = all_evidence(tmp_path, log_key=KEY)
    assert not shown.is_proven
