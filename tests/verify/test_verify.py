"""The single-file verifier: proves true receipts, and nothing else, whatever the file holds."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.merkle import commitment, note, policy, proof
from jusha.merkle.encoding import encode64
from jusha.merkle.errors import PolicyMalformedError
from tests.merkle import logs
from verify import verify

SCRIPT = Path(verify.__file__)
LOG = logs.small_log(tuple(logs.leaf(n) for n in range(6)))
POLICY = verify.parse_policy(logs.POLICY.encode())
UNWITNESSED = f"log {logs.LOG.vkey.text}\nquorum none\n"


def judge(data: bytes, text: str = logs.POLICY) -> verify.Proven:
    return verify.check_receipt(data, verify.parse_policy(text.encode()))


def with_extra(extra: bytes | None, index: int = 3) -> bytes:
    return LOG.proof(index, extra=extra).to_bytes()


def receipt_of(leaf: dict[str, Any]) -> bytes:
    """The shared receipt of a log whose only entry is this leaf, however odd it is."""
    entry = verify.canonical_json(leaf)
    log = logs.small_log((entry,))
    return log.proof(0, extra=b'{"leaf":' + entry + b"}").to_bytes()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, bytes | str], str]:
    """Writes a file and names it."""

    def write(name: str, data: bytes | str) -> str:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    return write


def test_every_receipt_of_the_log_is_proven_both_ways() -> None:
    for index in range(len(LOG.entries)):
        shared, kept = judge(LOG.shared(index)), judge(LOG.kept(index))
        assert shared.leaf == kept.leaf
        assert (shared.leaf["n"], shared.index, shared.size) == (index, index, 6)
        assert (shared.private, kept.private) == (None, logs.PRIVATE)
        assert kept.witnesses == dict.fromkeys(("university", "newspaper"), logs.WITNESSED_AT)


@pytest.mark.parametrize("data", [LOG.kept(2), LOG.shared(5)], ids=["kept", "shared"])
def test_no_flipped_bit_anywhere_in_the_file_is_ever_proven(data: bytes) -> None:
    assert verify.check_receipt(data, POLICY).origin == logs.ORIGIN
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            with pytest.raises(verify.NotProvenError):
                verify.check_receipt(bytes(damaged), POLICY)


def test_no_truncated_or_lengthened_file_is_proven() -> None:
    data = LOG.kept(2)
    for end in range(len(data)):
        with pytest.raises(verify.NotProvenError):
            verify.check_receipt(data[:end], POLICY)
    for more in (b"\n", b"x", b"\0", data):
        with pytest.raises(verify.NotProvenError):
            verify.check_receipt(data + more, POLICY)


@given(st.integers(0, 5), st.data())
@settings(deadline=None, max_examples=200)
def test_no_replaced_or_deleted_run_of_bytes_is_proven(index: int, data: st.DataObject) -> None:
    receipt = LOG.kept(index)
    start = data.draw(st.integers(0, len(receipt) - 1))
    end = data.draw(st.integers(start + 1, min(start + 40, len(receipt))))
    other = receipt[:start] + data.draw(st.binary(max_size=40)) + receipt[end:]
    if other != receipt:
        with pytest.raises(verify.NotProvenError):
            verify.check_receipt(other, POLICY)


@given(st.binary(max_size=400) | st.text(max_size=300).map(str.encode))
@settings(deadline=None)
def test_hostile_bytes_are_refused_in_words_and_never_crash(noise: bytes) -> None:
    head = b"c2sp.org/tlog-proof@v1\n"
    for data in (noise, head + noise, with_extra(noise), head + b"index 0\n\n" + noise):
        with pytest.raises(verify.NotProvenError, match=" / "):
            verify.check_receipt(data, POLICY)


@pytest.mark.parametrize(
    "extra",
    [
        b'{"leaf":' + b"[" * 100_000,
        b'{"leaf":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        b'{"leaf":{"n":' + b"9" * 100_000 + b"}}",
        b'{"leaf":{"n":1.0}}',
        b'{"leaf":{"n":NaN}}',
        b'{"leaf":{"k":"\\ud800"}}',
        b'{"leaf":{"k":"a","k":"b"}}',
        '{"leaf":{"键":1}}'.encode(),
        b'{"leaf":' + logs.leaf(3) + b',"private":{}}',
        b'{"leaf":' + logs.leaf(3) + b',"private":{},"r":7}',
        b'{"leaf":' + logs.leaf(3) + b',"private":{},"r":""}',
        b'{"leaf":' + logs.leaf(3) + b',"more":1}',
        logs.pretty(commitment.share_extra(leaf=logs.leaf(3))),
        b"[]",
        b"null",
        b"",
        None,
    ],
)
def test_hostile_records_are_refused_in_words(extra: bytes | None) -> None:
    with pytest.raises(verify.NotProvenError):
        judge(with_extra(extra))


def test_an_opening_with_another_name_or_secret_is_not_proven() -> None:
    for private, r in (
        (logs.PRIVATE | {"name": "王芳"}, logs.R),
        (logs.PRIVATE, bytes(32)),
        ({}, logs.R),
    ):
        extra = {"leaf": {}, "private": private, "r": encode64(r)}
        raw = commitment.canonical_json(extra).replace(b"{}", logs.leaf(3), 1)
        with pytest.raises(verify.NotProvenError, match="commitment"):
            judge(with_extra(raw))


def test_another_record_in_the_same_place_is_not_proven() -> None:
    lies: list[dict[str, Any]] = [{"amt": 200_000}, {"prj": "P2026-0018"}, {"m": []}]
    for changes in lies:
        extra = commitment.share_extra(leaf=logs.leaf(3, **changes))
        with pytest.raises(verify.NotProvenError, match="not at this place"):
            judge(with_extra(extra))
    other = commitment.share_extra(leaf=LOG.entries[2])
    with pytest.raises(verify.NotProvenError, match="not at this place"):
        judge(with_extra(other))


def test_a_deed_whose_number_is_not_its_place_is_not_proven() -> None:
    with pytest.raises(verify.NotProvenError, match="number"):
        judge(receipt_of({"v": 1, "k": "don", "n": 7}))
    assert judge(receipt_of({"v": 1, "k": "seal", "n": 7})).leaf["k"] == "seal"
    with pytest.raises(verify.NotProvenError, match="number"):
        judge(receipt_of({"v": 1, "k": "don", "n": False}))
    for odd in (
        {"k": "don", "n": 0},
        {"v": 2, "k": "don", "n": 0},
        {"v": True, "k": "don", "n": 0},
        {"v": 1, "k": 3, "n": 0},
    ):
        with pytest.raises(verify.NotProvenError, match="version"):
            judge(receipt_of(odd))


def test_the_same_log_under_another_key_is_not_proven() -> None:
    other = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("other"))
    with pytest.raises(verify.NotProvenError, match="no valid signature by the log"):
        judge(LOG.kept(1), f"log {other.vkey.text}\nquorum none\n")


def test_a_key_of_the_wrong_log_is_not_proven() -> None:
    other = note.LogSigner(name="other.example/log", private_key=logs.ed25519("log"))
    with pytest.raises(verify.NotProvenError, match="does not know the log"):
        judge(LOG.kept(1), f"log {other.vkey.text}\nquorum none\n")


def test_another_origin_signed_by_the_right_key_is_not_proven() -> None:
    log = logs.small_log(LOG.entries, origin="other.example/log")
    with pytest.raises(verify.NotProvenError, match="does not know the log"):
        judge(log.kept(1))


@pytest.mark.parametrize("cosigners", [(), (logs.UNIVERSITY,), (logs.NEWSPAPER, logs.AUDITOR)])
def test_without_the_quorum_nothing_is_proven(cosigners: tuple[note.Cosigner, ...]) -> None:
    log = logs.small_log(LOG.entries, cosigners=cosigners)
    with pytest.raises(verify.NotProvenError, match="not enough witnesses"):
        judge(log.kept(1))
    assert judge(log.kept(1), UNWITNESSED).index == 1


def test_a_post_quantum_witness_counts() -> None:
    log = logs.small_log(LOG.entries, cosigners=(logs.UNIVERSITY, logs.AUDITOR))
    assert set(judge(log.kept(1)).witnesses) == {"university", "auditor"}


def test_a_witness_without_support_in_cryptography_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify, "MLDSA44PublicKey", None)
    log = logs.small_log(LOG.entries, cosigners=(logs.UNIVERSITY, logs.AUDITOR))
    with pytest.raises(verify.CannotCheckError, match="ML-DSA-44"):
        judge(log.kept(1))


def test_a_false_cosignature_of_a_known_witness_spoils_the_receipt() -> None:
    vkey = logs.AUDITOR.vkey
    false = note.Signature(vkey.name, vkey.key_id, bytes(2428))
    spoilt = note.add_signatures(LOG.checkpoint, signatures=[false])
    data = logs.SmallLog(LOG.entries, spoilt).kept(1)
    with pytest.raises(verify.NotProvenError, match="not a valid signature"):
        judge(data)
    assert judge(data, UNWITNESSED).index == 1


POLICY_LINES = [
    f"log {logs.LOG.vkey.text}",
    f"witness u {logs.UNIVERSITY.vkey.text}",
    f"witness n {logs.NEWSPAPER.vkey.text} https://n.example",
    f"witness u {logs.AUDITOR.vkey.text}",
    f"log {logs.UNIVERSITY.vkey.text}",
    f"witness w {logs.LOG.vkey.text}",
    "group g any u n",
    "group h 2 u n",
    "group i all g n",
    "group j 3 u n",
    "group k 0 u",
    "group l all",
    "quorum u",
    "quorum g",
    "quorum i",
    "quorum none",
    "# comment",
    "",
    "nonsense",
]


@given(st.lists(st.sampled_from(POLICY_LINES), max_size=7))
@settings(deadline=None, max_examples=400)
def test_the_verifier_and_the_platform_read_every_policy_alike(lines: list[str]) -> None:
    text = "\n".join([POLICY_LINES[0], *lines])
    try:
        ours = policy.parse_policy(text)
    except PolicyMalformedError:
        with pytest.raises(verify.CannotCheckError):
            verify.parse_policy(text.encode())
        return
    theirs = verify.parse_policy(text.encode())
    assert theirs.quorum == ours.quorum
    for cosigners in (set(), {"u"}, {"n"}, {"u", "n"}):
        assert verify.quorum_reached(theirs, cosigners) == ours.is_reached(cosigners)


@pytest.mark.parametrize(
    "text",
    ["", "quorum none\n", "#" * 300_000, UNWITNESSED + "\0", "log nonsense\n", UNWITNESSED + "\r"],
)
def test_a_policy_that_cannot_be_used_is_not_a_verdict(text: str) -> None:
    with pytest.raises(verify.CannotCheckError):
        verify.parse_policy(text.encode())


def test_the_command_says_what_was_proven_in_chinese_and_english(
    files: Callable[[str, bytes | str], str],
) -> None:
    receipt = files("receipt.tlog-proof", LOG.kept(3))
    done = run(receipt, "--policy", files("policy.txt", logs.POLICY))
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "已证明",
        "PROVEN: this record is in the public log",
        "捐赠 gift (don)",
        "20.00 元 (CNY)",
        "P2026-0017",
        "北京时间 2026-09-09 09:12 (UTC 2026-09-09T01:12Z)",
        "8.20 元 (CNY)，配捐池 pool Q7，规则 rule R12.3",
        "每人每日上限 the daily cap per person (person-day)",
        "place in the log: 3",
        "university 2026-09-09",
        "fits the public commitment (donor, message, name, ref)",
    ):
        assert words in done.stdout
    assert "陈静" not in done.stdout, "the private part is checked, not shown"
    assert "not excluded" not in done.stdout


def test_the_command_with_one_key_says_what_stays_open(
    files: Callable[[str, bytes | str], str],
) -> None:
    done = run(files("receipt.tlog-proof", LOG.shared(3)), "--vkey", logs.LOG.vkey.text)
    assert done.returncode == 0
    assert "not in this receipt" in done.stdout
    assert "not excluded" in done.stdout


def test_the_command_says_not_proven_and_why(files: Callable[[str, bytes | str], str]) -> None:
    trust = files("policy.txt", logs.POLICY)
    data = LOG.kept(3)
    for number, wrong in enumerate(
        [
            data.replace(b"index 3", b"index 4"),
            data.replace(b"\n", b"\r\n"),
            b"",
            b"\xff" * 2_000_000,
        ]
    ):
        done = run(files(f"{number}.tlog-proof", wrong), "--policy", trust)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith("不能证明 / NOT PROVEN: ")
        assert done.stdout.count("\n") == 1


def test_the_command_tells_a_failed_check_from_a_failed_call(
    files: Callable[[str, bytes | str], str], tmp_path: Path
) -> None:
    receipt = files("receipt.tlog-proof", LOG.kept(3))
    missing = str(tmp_path / "missing")
    trust = files("policy.txt", logs.POLICY)
    for arguments in (
        (missing, "--policy", trust),
        (str(tmp_path), "--policy", trust),
        (receipt, "--policy", missing),
        (receipt, "--policy", files("bad.txt", "log nonsense\n")),
        (receipt, "--vkey", "nonsense"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.startswith("无法核对 / CANNOT CHECK: ")
        assert "Traceback" not in done.stderr
    assert run(receipt).returncode == 2
    assert run(receipt, "--policy", trust, "--vkey", logs.LOG.vkey.text).returncode == 2


def test_what_a_log_wrote_cannot_steer_the_terminal() -> None:
    odd = {
        "v": 1,
        "k": "seal\u001b[2J",
        "prj": "P\u202e71-6202\n已证明",
        "amt": [[["deep"]]],
        "cur": {"a": "\u001b"},
        "t": "2026-99-99T99:99Z",
        "ref": "x" * 5000,
        "m": ["\u0007", {"amt": -1, "by": "\u009b", "pool": None, "r": []}, {"amt": 5}],
    }
    lines = verify.proven_in_words(judge(receipt_of(odd)), POLICY)
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 400


def test_amounts_and_minutes_are_written_for_people() -> None:
    words = verify.amount_in_words
    assert words(5, "CNY") == "0.05 元 (CNY)"
    assert words(123_456_789, "CNY") == "1,234,567.89 元 (CNY)"
    assert words(90, "MIN") == "90 MIN"
    assert words(4_005, "USD") == "40.05 USD"
    assert words(-1, "CNY") == "-1 ?"
    assert verify.minute_in_words("2026-12-31T16:00Z").startswith("北京时间 2027-01-01 00:00")
    assert verify.minute_in_words("9999-12-31T23:59Z") == "9999-12-31T23:59Z"


def test_the_verifier_and_the_platform_refuse_the_same_receipts() -> None:
    trusted = policy.parse_policy(logs.POLICY)
    for index in range(6):
        data = LOG.kept(index)
        parsed = proof.parse_proof(data)
        assert parsed.extra is not None
        opening = commitment.read_extra(parsed.extra)
        proven = proof.verify_proof(parsed, entry=opening.leaf, policy=trusted)
        mine = judge(data)
        assert verify.canonical_json(mine.leaf) == proven.entry
        assert (mine.private, mine.index) == (opening.private, proven.index)
        assert mine.witnesses == proven.trusted.cosigners


def test_the_file_stands_alone() -> None:
    syntax = ast.parse(SCRIPT.read_text("utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(syntax)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
