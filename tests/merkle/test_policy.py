"""Trust policies: who is believed, and when witnesses are enough."""

import pytest

from jusha.merkle import note
from jusha.merkle.errors import (
    CheckpointMalformedError,
    NoteUnsignedError,
    PolicyMalformedError,
    QuorumNotReachedError,
    SignatureInvalidError,
)
from jusha.merkle.policy import parse_policy, verify_checkpoint
from tests.merkle import logs

POLICY = parse_policy(logs.POLICY)
ENTRIES = (logs.leaf(0), logs.leaf(1), logs.leaf(2))
LOG_LINE = f"log {logs.LOG.vkey.text}\n"
WITNESS_LINE = f"witness university {logs.UNIVERSITY.vkey.text}\n"


def test_a_checkpoint_with_the_quorum_is_trusted() -> None:
    for second in (logs.NEWSPAPER, logs.AUDITOR):
        log = logs.small_log(ENTRIES, cosigners=(logs.UNIVERSITY, second))
        trusted = verify_checkpoint(log.checkpoint, policy=POLICY)
        assert (trusted.checkpoint.origin, trusted.checkpoint.size) == (logs.ORIGIN, 3)
        assert trusted.log_keys == (logs.LOG.vkey,)
        assert trusted.cosigners["university"] == logs.WITNESSED_AT


@pytest.mark.parametrize("cosigners", [(), (logs.UNIVERSITY,), (logs.NEWSPAPER, logs.AUDITOR)])
def test_too_few_or_the_wrong_witnesses_are_not_enough(
    cosigners: tuple[note.Cosigner, ...],
) -> None:
    log = logs.small_log(ENTRIES, cosigners=cosigners)
    with pytest.raises(QuorumNotReachedError):
        verify_checkpoint(log.checkpoint, policy=POLICY)


def test_witnesses_cannot_stand_in_for_the_log() -> None:
    stranger = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("stranger"))
    log = logs.small_log(ENTRIES, signers=(stranger,))
    with pytest.raises(NoteUnsignedError, match="log itself"):
        verify_checkpoint(log.checkpoint, policy=POLICY)


def test_the_origin_must_be_the_name_of_the_log_key() -> None:
    log = logs.small_log(ENTRIES, origin="other.example/log")
    with pytest.raises(NoteUnsignedError, match=r"other\.example"):
        verify_checkpoint(log.checkpoint, policy=POLICY)


def test_a_false_cosignature_spoils_a_checkpoint_that_has_enough_others() -> None:
    log = logs.small_log(ENTRIES)
    false = note.Signature(logs.AUDITOR.vkey.name, logs.AUDITOR.vkey.key_id, bytes(2428))
    spoilt = note.add_signatures(log.checkpoint, signatures=[false])
    with pytest.raises(SignatureInvalidError):
        verify_checkpoint(spoilt, policy=POLICY)


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    data = note.sign_note("a poem\n", signers=[logs.LOG])
    with pytest.raises(CheckpointMalformedError):
        verify_checkpoint(data, policy=POLICY)


def test_during_a_key_rotation_either_key_is_enough() -> None:
    new = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("new log key"))
    policy = parse_policy(f"{LOG_LINE}log {new.vkey.text}\nquorum none\n")
    for signers in ((logs.LOG,), (new,), (logs.LOG, new)):
        log = logs.small_log(ENTRIES, signers=signers, cosigners=())
        trusted = verify_checkpoint(log.checkpoint, policy=policy)
        assert trusted.log_keys == tuple(each.vkey for each in signers)


def test_thresholds_count_members_and_groups() -> None:
    text = logs.POLICY.replace("group both all university press", "group both 1 university press")
    policy = parse_policy(text)
    assert policy.is_reached({"auditor"})
    assert policy.is_reached({"university"})
    assert not policy.is_reached(set())
    assert not POLICY.is_reached({"auditor"})
    assert POLICY.is_reached({"university", "auditor"})


def test_the_smallest_policy_is_one_log() -> None:
    for text in (LOG_LINE, LOG_LINE + "quorum none", f" \t# why\n\n\t{LOG_LINE}\n"):
        policy = parse_policy(text)
        assert (policy.logs, policy.quorum) == ((logs.LOG.vkey,), "none")
        assert policy.is_reached(())


@pytest.mark.parametrize(
    "text",
    [
        LOG_LINE + WITNESS_LINE,
        LOG_LINE + WITNESS_LINE + "quorum nobody",
        WITNESS_LINE + "quorum university\nquorum university",
        "quorum university\n" + WITNESS_LINE,
        LOG_LINE + LOG_LINE,
        WITNESS_LINE + WITNESS_LINE.replace("university", "again", 1) + "quorum none",
        WITNESS_LINE.replace("university", "none", 1) + "quorum none",
        WITNESS_LINE + "group g all university nobody\nquorum g",
        WITNESS_LINE + "group g all university university\nquorum g",
        WITNESS_LINE + "group g any university\ngroup h any university\nquorum h",
        WITNESS_LINE + "group g any none\nquorum g",
        WITNESS_LINE + "group g 2 university\nquorum g",
        WITNESS_LINE + "group g 0 university\nquorum g",
        WITNESS_LINE + "group g 01 university\nquorum g",
        WITNESS_LINE + "group g all\nquorum g",
        WITNESS_LINE + "group university all university\nquorum none",
        f"log {logs.UNIVERSITY.vkey.text}\nquorum none",
        f"witness w {logs.LOG.vkey.text}\nquorum none",
        "log nonsense\nquorum none",
        LOG_LINE + "quorum none extra",
        LOG_LINE + "believe everyone",
        LOG_LINE + "quorum none\r\n",
        LOG_LINE + "quorum none\0",
        "#" * 300_000,
    ],
)
def test_a_policy_that_says_less_than_it_seems_is_refused(text: str) -> None:
    with pytest.raises(PolicyMalformedError):
        parse_policy(text)


def test_policies_have_a_limit_that_is_far_above_the_standard() -> None:
    def vkeys(kind: int, count: int) -> list[str]:
        keys = (number.to_bytes(32, "big") for number in range(count))
        return [note.Vkey("name", kind, key).text for key in keys]

    assert len(parse_policy("\n".join(f"log {each}" for each in vkeys(1, 64))).logs) == 64
    with pytest.raises(PolicyMalformedError, match="too many"):
        parse_policy("\n".join(f"log {each}" for each in vkeys(1, 65)))
    lines = [f"witness w{number} {vkey}" for number, vkey in enumerate(vkeys(4, 65))]
    assert len(parse_policy("\n".join([*lines[:64], "quorum w0"])).witnesses) == 64
    with pytest.raises(PolicyMalformedError, match="too many"):
        parse_policy("\n".join([*lines, "quorum w0"]))


def test_names_are_opaque_bytes() -> None:
    text = WITNESS_LINE.replace("university", "大学", 1) + "quorum 大学\n"
    assert parse_policy(text.encode()).quorum == "大学"
    raw = WITNESS_LINE.replace("university", "W", 1).encode().replace(b" W ", b" \xff ")
    assert parse_policy(raw + b"quorum \xff").is_reached(["\udcff"])
