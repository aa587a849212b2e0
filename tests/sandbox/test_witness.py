"""The test witness speaks C2SP tlog-witness, forgets nothing, and never cosigns two histories."""

import json
import threading
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tlog_scales import signing, tlog

from jusha.merkle import checkpoint, note, tree
from jusha.merkle.encoding import encode64
from jusha_sandbox.witness import app, store
from jusha_sandbox.witness.notes import NotReadableError
from tests.merkle import logs

NAME = "sandbox.jusha.example/witness-same-operator"
LEAVES = tree.leaf_hashes([b"entry %d" % number for number in range(40)])
OTHER = [*LEAVES[:6], *tree.leaf_hashes([b"another %d" % number for number in range(34)])]
AT = 1_790_000_000
STRANGER = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("stranger"))


def signed(leaves: list[bytes], signer: note.LogSigner = logs.LOG) -> bytes:
    head = checkpoint.Checkpoint(signer.vkey.name, len(leaves), tree.root(leaves))
    return note.sign_note(checkpoint.format_checkpoint(head), signers=[signer])


def body(
    old_size: int, leaves: list[bytes], *, signer: note.LogSigner = logs.LOG, proof: Any = None
) -> bytes:
    path = tree.consistency_proof(leaves, old_size=old_size) if proof is None else proof
    lines = [f"old {old_size}", *map(encode64, path), "", ""]
    return "\n".join(lines).encode() + signed(leaves, signer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").write_text(f"# whom we know\n{logs.LOG.vkey.text}\n")
    store.begin(tmp_path / "witness", name=NAME)
    return tmp_path


@pytest.fixture
def witness(folder: Path) -> app.Witness:
    return open_witness(folder)


def open_witness(folder: Path) -> app.Witness:
    return app.Witness(store.Store(folder / "witness", logs=folder / "logs"), clock=lambda: AT)


Ask = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def http(witness: app.Witness) -> Ask:
    """Asks as an HTTP server would."""

    def ask(method: str, path: str, data: bytes = b"") -> tuple[int, dict[str, str], str]:
        said: list[Any] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": BytesIO(data),
        }
        answer = witness(environ, lambda status, headers: said.append((status, dict(headers))))
        text = b"".join(answer).decode()
        return int(said[0][0].split()[0]), said[0][1], text

    return ask


def test_a_log_that_grows_is_cosigned_and_others_can_verify_it(
    http: Ask, witness: app.Witness
) -> None:
    vkey = note.parse_vkey(witness.store.vkey)
    assert (vkey.name, vkey.kind) == (NAME, note.COSIGNATURE_ED25519)
    for old, size in ((0, 7), (7, 8), (8, 40), (40, 40)):
        status, headers, lines = http("POST", "/add-checkpoint", body(old, LEAVES[:size]))
        assert status == 200
        assert headers["content-type"].startswith("text/plain")
        cosigned = signed(LEAVES[:size]) + lines.encode()
        opened = note.open_note(cosigned, known=[logs.LOG.vkey, vkey])
        assert [each.timestamp for each in opened.verified] == [None, AT]
        theirs = tlog.Checkpoint.from_text(cosigned.decode())
        verifier = signing.Ed25519CosignatureVerifier(signing.Vkey.from_string(witness.store.vkey))
        verifier.verify_note(theirs.signatures[1], theirs)


def test_an_unknown_old_size_is_answered_with_the_size_it_holds(http: Ask) -> None:
    assert http("POST", "/add-checkpoint", body(0, LEAVES[:7]))[0] == 200
    for old in (0, 5):
        status, headers, text = http("POST", "/add-checkpoint", body(old, LEAVES[:9]))
        assert (status, headers["content-type"], text) == (409, "text/x.tlog.size", "7\n")


def test_whose_log_and_signature_it_is_not_is_refused(http: Ask) -> None:
    elsewhere = note.LogSigner(name="elsewhere.example/log", private_key=logs.ed25519("log"))
    assert http("POST", "/add-checkpoint", body(0, LEAVES[:7], signer=elsewhere))[0] == 404
    assert http("POST", "/add-checkpoint", body(0, LEAVES[:7], signer=STRANGER))[0] == 403


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + signed(LEAVES[:7]),
        b"old -1\n\n" + signed(LEAVES[:7]),
        b"old 0\nAAAA\n\n" + signed(LEAVES[:7]),
        b"old 0\n\n" + signed(LEAVES[:7])[:-1],
        b"old 0\n\n" + signed(LEAVES[:7]).replace(b"\n7\n", b"\n07\n"),
        b"old 0\n" + b"%s\n" % encode64(bytes(32)).encode() * 64 + b"\n" + signed(LEAVES[:7]),
        b"old 9\n\n" + signed(LEAVES[:7]),
        b"old 0\n\n\xff" + signed(LEAVES[:7]),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(http: Ask, data: bytes) -> None:
    assert http("POST", "/add-checkpoint", data)[0] == 400


def test_a_fork_is_refused_and_both_signed_checkpoints_are_kept(http: Ask) -> None:
    assert http("POST", "/add-checkpoint", body(0, LEAVES[:9]))[0] == 200
    same_size = body(9, OTHER[:9], proof=[])
    longer = body(9, OTHER[:20])
    assert http("POST", "/add-checkpoint", same_size)[0] == 422
    assert http("POST", "/add-checkpoint", longer)[0] == 422
    assert http("POST", "/add-checkpoint", longer)[0] == 422
    kept = json.loads(http("GET", "/refused")[2])
    assert {each["body"].encode() for each in kept} == {same_size, longer}
    assert {each["held"].encode() for each in kept} == {signed(LEAVES[:9])}
    assert http("POST", "/add-checkpoint", body(9, LEAVES[:10]))[0] == 200


@pytest.mark.parametrize(
    ("old", "leaves", "proof"),
    [
        (0, LEAVES[:7], [bytes(32)]),
        (7, LEAVES[:9], []),
        (7, LEAVES[:9], [*tree.consistency_proof(LEAVES[:9], old_size=7), bytes(32)]),
        (7, LEAVES[:9], tree.consistency_proof(LEAVES[:9], old_size=7)[:-1]),
        (7, LEAVES[:9], tree.consistency_proof(LEAVES[:9], old_size=6)),
    ],
)
def test_a_wrong_proof_is_refused_and_changes_nothing(
    http: Ask, old: int, leaves: list[bytes], proof: list[bytes]
) -> None:
    if old:
        assert http("POST", "/add-checkpoint", body(0, LEAVES[:old]))[0] == 200
    assert http("POST", "/add-checkpoint", body(old, leaves, proof=proof))[0] == 422
    assert http("POST", "/add-checkpoint", body(old, LEAVES[:9]))[0] == 200


def test_it_remembers_after_its_death_and_answers_only_what_it_has_written(
    folder: Path, witness: app.Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> str:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(app, "cosignature", dies)
        with pytest.raises(SystemExit):
            witness.add_checkpoint(body(0, LEAVES[:9]))
    again = open_witness(folder)
    assert again.add_checkpoint(body(0, OTHER[:9]))[0] == HTTPStatus.CONFLICT
    assert again.add_checkpoint(body(9, OTHER[:20]))[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert again.add_checkpoint(body(9, LEAVES[:9]))[0] == HTTPStatus.OK


def test_what_could_not_be_written_is_not_cosigned(
    witness: app.Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(app, "remember", full)
        with pytest.raises(OSError, match="no space"):
            witness.add_checkpoint(body(0, LEAVES[:9]))
    assert witness.add_checkpoint(body(0, OTHER[:9]))[0] == HTTPStatus.OK


def test_of_two_histories_at_once_only_one_is_cosigned(witness: app.Witness) -> None:
    assert witness.add_checkpoint(body(0, LEAVES[:6]))[0] == HTTPStatus.OK
    answers: list[tuple[int, bool]] = []
    barrier = threading.Barrier(8)

    def ask(leaves: list[bytes], size: int) -> None:
        barrier.wait()
        status = witness.add_checkpoint(body(6, leaves[:size]))[0]
        answers.append((int(status), leaves is LEAVES))

    threads = [
        threading.Thread(target=ask, args=(leaves, size))
        for leaves in (LEAVES, OTHER)
        for size in (20, 21, 22, 23)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200, *[409] * 7]


def test_the_key_of_a_log_is_taken_once_and_for_ever(folder: Path) -> None:
    assert open_witness(folder).add_checkpoint(body(0, LEAVES[:7]))[0] == HTTPStatus.OK
    (folder / "logs").write_text(STRANGER.vkey.text)
    forged = body(7, LEAVES[:9], signer=STRANGER)
    assert open_witness(folder).add_checkpoint(forged)[0] == HTTPStatus.FORBIDDEN
    assert open_witness(folder).add_checkpoint(body(7, LEAVES[:9]))[0] == HTTPStatus.OK


def test_anyone_may_read_what_it_cosigned_last(http: Ask, witness: app.Witness) -> None:
    name = sha256(logs.ORIGIN.encode()).hexdigest()
    assert http("GET", f"/{name}/checkpoint")[0] == 404
    http("POST", "/add-checkpoint", body(0, LEAVES[:7]))
    status, _, text = http("GET", f"/{name}/checkpoint")
    vkey = note.parse_vkey(witness.store.vkey)
    opened = note.open_note(text.encode(), known=[logs.LOG.vkey, vkey])
    assert (status, len(opened.verified)) == (200, 2)
    assert http("GET", "/vkey")[2] == f"{witness.store.vkey}\n"


def test_its_page_says_that_it_is_the_same_operator(http: Ask) -> None:
    status, headers, page = http("GET", "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "同一运营者" in page
    assert "same operator" in page
    assert NAME in page


def test_other_ways_of_asking_are_refused(http: Ask) -> None:
    assert http("GET", "/add-checkpoint")[0] == 405
    assert http("POST", "/")[0] == 405
    assert http("GET", "/nothing")[0] == 404


def test_its_key_is_its_owners_alone_and_is_never_made_twice(folder: Path) -> None:
    begun = store.begin(folder / "witness", name="another.example/name")
    assert begun.name == NAME
    assert (folder / "witness" / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotReadableError):
        store.begin(folder / "new", name="a name")
