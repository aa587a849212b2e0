"""The publisher asks witnesses, adds what they cosign, keeps what they refuse, and never waits."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jusha.merkle.note import open_note, parse_note, parse_vkey
from jusha.merkle.policy import parse_policy, verify_checkpoint
from jusha.tlog import witnesses
from jusha.tlog.publish import Publisher
from jusha_sandbox.witness import app, store
from jusha_sandbox.witness.notes import cosignature
from tests.sandbox.serving import served
from tests.tlog.test_publish import ORIGIN, check_log, settle, settled

Connection = psycopg.Connection[Any]
NAME = "test.invalid/witness-same-operator"


class Gate:
    """A witness that can be shut (503), held (answers when let go) or counted."""

    def __init__(self, inner: app.Witness) -> None:
        self.inner, self.is_shut, self.asked = inner, False, 0
        self.go = threading.Event()
        self.go.set()

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        self.asked += 1
        self.go.wait(20)
        if self.is_shut:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start("503 Service Unavailable", [("content-type", "text/plain")])
            return [b"away\n"]
        return self.inner(environ, start)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A running witness that the log in `tmp_path`/log names in its file."""
    begun = store.begin(tmp_path / "witness", name=NAME)
    gate = Gate(
        app.Witness(
            store.Store(tmp_path / "witness", logs=tmp_path / "log" / "public" / "vkey"),
        )
    )
    with served(gate) as url:
        (tmp_path / "log").mkdir()
        text = f"witness w {begun.vkey} {url}\nquorum w\n"
        (tmp_path / "log" / "witnesses").write_text(text)
        yield gate
        gate.go.set()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def start(log: Path) -> Publisher:
    return Publisher(log, origin=ORIGIN, ask_witnesses=True)


def cosigned(log: Path, name: str = "checkpoint") -> bool:
    """Whether the published policy, quorum and all, trusts this checkpoint."""
    policy = parse_policy((log / "public" / "policy").read_bytes())
    assert policy.quorum == "w"
    note = (log / "public" / name).read_bytes()
    if len(parse_note(note).signatures) == 1:
        open_note(note, known=policy.logs)
        return False
    return list(verify_checkpoint(note, policy=policy).cosigners) == ["w"]


def report(log: Path) -> dict[str, Any]:
    told = json.loads((log / "public" / "witnesses.json").read_text())
    return dict(told["witnesses"][0])


def test_every_checkpoint_is_published_with_the_cosignature(
    owner: Connection, log: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "ASK_SECONDS", 30.0)  # a busy machine answers late
    publisher = start(log)
    for count in (10, 300, 7):
        settle(owner, count)
        assert publisher.publish_next(owner) == count
        assert cosigned(log)
    assert all(cosigned(log, f"checkpoints/{size}") for size in (10, 310, 317))
    assert publisher.publish_next(owner) == 0
    asked = gate.asked
    publisher.tend_witnesses()
    assert gate.asked == asked, "who has cosigned is not asked again"
    publisher.close()
    assert check_log(log, settled(owner)) == 317


def test_a_witness_that_is_away_stops_nothing_and_catches_up_when_it_is_back(
    owner: Connection, log: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "REST_FIRST_SECONDS", 0.0)
    publisher = start(log)
    settle(owner, 10)
    publisher.publish_next(owner)
    gate.is_shut = True
    for count in (20, 30):
        settle(owner, count)
        assert publisher.publish_next(owner) == count
        assert not cosigned(log)
    publisher.reported_at = 0.0
    publisher.witnesses.all[0].not_before = 0.0
    publisher.tend_witnesses()
    assert (report(log)["cosigned_size"], report(log)["behind_entries"]) == (10, 50)
    assert report(log)["behind_since"] > 0
    assert "503" in report(log)["why"]
    gate.is_shut = False
    publisher.reported_at, publisher.witnesses.all[0].not_before = 0.0, 0.0
    publisher.tend_witnesses()
    assert cosigned(log)
    assert cosigned(log, "checkpoints/60")
    assert (report(log)["behind_entries"], report(log)["behind_since"]) == (0, 0)
    publisher.close()
    assert not (log / "public" / "refusals").exists()


def test_a_witness_that_nobody_runs_stops_nothing(
    owner: Connection, log: Path, tmp_path: Path
) -> None:
    begun = store.begin(tmp_path / "witness", name=NAME)
    with served(lambda *_: []) as url:
        pass  # the port is closed again
    log.mkdir()
    (log / "witnesses").write_text(f"witness w {begun.vkey} {url}\nquorum w\n")
    publisher = start(log)
    for _ in range(3):
        settle(owner, 5)
        assert publisher.publish_next(owner) == 5
    assert not cosigned(log)
    publisher.close()


def test_an_answer_that_comes_late_is_added_to_the_checkpoint_it_belongs_to(
    owner: Connection, log: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "ASK_SECONDS", 0.0)
    gate.go.clear()
    publisher = start(log)
    settle(owner, 10)
    publisher.publish_next(owner)
    settle(owner, 10)
    publisher.publish_next(owner)
    assert not cosigned(log)
    assert not cosigned(log, "checkpoints/10")
    late = publisher.witnesses.all[0].asked
    assert late is not None
    gate.go.set()
    late.result(20)
    publisher.tend_witnesses()
    assert cosigned(log, "checkpoints/10")
    asked = publisher.witnesses.all[0].asked
    if asked is not None:
        asked.result(20)
    publisher.tend_witnesses()
    assert cosigned(log, "checkpoints/20")
    assert cosigned(log)
    publisher.close()


def test_a_restart_keeps_the_cosignature_and_asks_from_where_the_witness_is(
    owner: Connection, log: Path, gate: Gate
) -> None:
    settle(owner, 10)
    publisher = start(log)
    publisher.publish_next(owner)
    publisher.close()
    gate.is_shut = True
    before = (log / "public" / "checkpoint").read_bytes()
    publisher = start(log)
    assert (log / "public" / "checkpoint").read_bytes() == before
    gate.is_shut = False
    settle(owner, 600)
    publisher.publish_next(owner)
    assert cosigned(log)
    publisher.close()


def test_a_cosignature_that_is_not_right_is_neither_added_nor_kept(
    owner: Connection, log: Path, gate: Gate, tmp_path: Path
) -> None:
    other = store.begin(tmp_path / "other", name=NAME)
    right = gate.inner.store.key
    gate.inner.store.key = other.key
    settle(owner, 10)
    publisher = start(log)
    publisher.publish_next(owner)
    assert not cosigned(log)
    publisher.close()
    gate.inner.store.key = right
    shown = log / "public" / "checkpoint"
    line = cosignature(NAME, other.key, parse_note(shown.read_bytes()).text, at_s=1)
    shown.write_bytes(shown.read_bytes() + line.encode())
    start(log).close()
    assert not cosigned(log)


def test_a_refusal_is_kept_for_everyone_to_see_and_the_log_goes_on(
    owner: Connection, log: Path, gate: Gate
) -> None:
    settle(owner, 10)
    publisher = start(log)
    publisher.publish_next(owner)
    with gate.inner.store.claim() as database:
        database.execute("UPDATE log SET root = ?", (bytes(32),))
    settle(owner, 10)
    assert publisher.publish_next(owner) == 10
    assert not cosigned(log)
    key = parse_vkey(gate.inner.store.vkey).key_id.hex()
    kept = (log / "public" / "refusals" / f"20-422-{key}.txt").read_text()
    assert kept.startswith("jusha-refusal/v1\n")
    assert "status 422" in kept
    assert (log / "public" / "checkpoints" / "20").read_text() in kept
    publisher.close()


def test_a_witness_ahead_of_us_is_refused_and_kept(
    owner: Connection, log: Path, gate: Gate
) -> None:
    settle(owner, 10)
    publisher = start(log)
    publisher.publish_next(owner)
    with gate.inner.store.claim() as database:
        database.execute("UPDATE log SET size = 1000")
    settle(owner, 10)
    publisher.publish_next(owner)
    assert not cosigned(log)
    assert [path.name[:7] for path in (log / "public" / "refusals").iterdir()] == ["20-409-"]
    publisher.close()


@pytest.mark.parametrize("text", ["witness w\n", "quorum both\n", "witness w x http://a\n"])
def test_a_file_of_witnesses_that_cannot_be_read_stops_nothing(
    owner: Connection, log: Path, text: str
) -> None:
    log.mkdir()
    (log / "witnesses").write_text(text)
    settle(owner, 10)
    publisher = start(log)
    assert publisher.publish_next(owner) == 10
    publisher.close()
    policy = parse_policy((log / "public" / "policy").read_bytes())
    assert (policy.quorum, policy.witnesses) == ("none", {})
    assert [key.name for key in policy.logs] == [ORIGIN]


def test_a_log_without_witnesses_publishes_a_policy_of_its_key_alone(
    owner: Connection, log: Path
) -> None:
    settle(owner, 10)
    publisher = start(log)
    publisher.publish_next(owner)
    publisher.tend_witnesses()
    publisher.close()
    policy = parse_policy((log / "public" / "policy").read_bytes())
    assert policy.quorum == "none"
    verify_checkpoint((log / "public" / "checkpoint").read_bytes(), policy=policy)
    assert not (log / "public" / "witnesses.json").exists()


def test_drafts_of_a_killed_publisher_go_at_the_next_start(owner: Connection, log: Path) -> None:
    settle(owner, 300)
    publisher = start(log)
    publisher.publish_next(owner)
    publisher.close()
    drafts = [".checkpoint.123", "tile/0/.001.4711", "tile/0/001.p/.44.4711", "tables/.x.1"]
    for draft in drafts:
        (log / "public" / draft).write_bytes(b"half")
    start(log).close()
    assert list((log / "public").rglob(".*")) == []
    assert check_log(log, settled(owner)) == 300
