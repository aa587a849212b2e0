"""Signed notes and cosignatures, against real ones and against a second implementation."""

import base64
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from tlog_scales import signing, tlog

from jusha.merkle import note
from jusha.merkle.encoding import encode64
from jusha.merkle.errors import (
    CheckpointMalformedError,
    MerkleError,
    NoteMalformedError,
    NoteUnsignedError,
    SignatureInvalidError,
    SignatureUnsupportedError,
    VkeyMalformedError,
)
from tests.merkle import logs, vectors

TEXT = f"{logs.ORIGIN}\n3\n{encode64(bytes(32))}\n"
SIGNED = note.sign_note(TEXT, signers=[logs.LOG])


def test_every_note_vector_opens_with_its_key() -> None:
    cases = vectors.load("note_vectors.json")["vectors"]
    assert len(cases) == 4
    for case in cases:
        vkey = note.parse_vkey(case["vkey"])
        assert (vkey.text, vkey.kind) == (case["vkey"], case["sig_type"])
        data = case["note"].encode()
        opened = note.open_note(data, known=[vkey])
        assert opened.verified == (note.VerifiedSignature(vkey, None),)
        assert note.parse_note(data).to_bytes() == data


def test_a_note_of_two_keys_opens_with_both() -> None:
    cases = vectors.load("note_vectors.json")["vectors"]
    two = [case for case in cases if case["name"] == "golang-note-two-sigs"]
    known = [note.parse_vkey(case["vkey"]) for case in two]
    opened = note.open_note(two[0]["note"].encode(), known=known)
    assert [each.vkey for each in opened.verified] == known


def test_every_bad_vkey_of_the_vectors_is_refused() -> None:
    bad = vectors.load("parse_vectors.json")["bad_vkeys"]
    assert len(bad) == 5
    for text in bad:
        with pytest.raises(VkeyMalformedError):
            note.parse_vkey(text)


def test_every_bad_note_of_the_vectors_is_malformed() -> None:
    bad = vectors.load("parse_vectors.json")["bad_notes_b64"]
    assert len(bad) == 7
    for text in bad:
        with pytest.raises(NoteMalformedError):
            note.parse_note(base64.b64decode(text))


def test_the_checkpoints_of_another_log_open_with_its_key() -> None:
    vkey, checkpoints = vectors.tessera()
    for data in checkpoints:
        assert note.open_note(data, known=[note.parse_vkey(vkey)]).verified


def test_a_vkey_has_one_spelling() -> None:
    vkey = logs.LOG.vkey
    name, key_id, key = vkey.text.split("+", 2)
    for text in (
        f"{name}+{key_id.upper()}+{key}",
        f"{name}x+{key_id}+{key}",
        f"+{key_id}+{key}",
        f"{name}+{key_id}+{key} ",
        f"{name} {key_id} {key}",
        f"{name}+{key_id}+",
        f"a b+{key_id}+{key}",
    ):
        with pytest.raises(VkeyMalformedError):
            note.parse_vkey(text)


def test_a_plus_inside_the_key_material_is_no_separator() -> None:
    for number in range(100):
        vkey = note.LogSigner(name="log", private_key=logs.ed25519(f"plus {number}")).vkey
        assert note.parse_vkey(vkey.text) == vkey
        if "+" in vkey.text.split("+", 2)[2]:
            return
    pytest.fail("no key had a plus")


def test_the_text_is_signed_with_its_last_newline_and_without_the_blank_line() -> None:
    line = note.parse_note(SIGNED).signatures[0]
    assert note.verify_signature(logs.LOG.vkey, TEXT, line) is None
    for text in (TEXT[:-1], TEXT + "\n"):
        with pytest.raises(SignatureInvalidError):
            note.verify_signature(logs.LOG.vkey, text, line)


def test_unknown_keys_are_ignored_and_known_ones_must_verify() -> None:
    stranger = note.LogSigner(name="stranger", private_key=logs.ed25519("stranger"))
    both = note.sign_note(TEXT, signers=[stranger, logs.LOG])
    opened = note.open_note(both, known=[logs.LOG.vkey])
    assert [each.vkey for each in opened.verified] == [logs.LOG.vkey]
    with pytest.raises(NoteUnsignedError):
        note.open_note(SIGNED, known=[stranger.vkey])
    with pytest.raises(NoteUnsignedError):
        note.open_note(SIGNED, known=[])
    forged = note.Signature(stranger.vkey.name, stranger.vkey.key_id, bytes(64))
    mixed = note.add_signatures(SIGNED, signatures=[forged])
    assert note.open_note(mixed, known=[logs.LOG.vkey]).verified
    with pytest.raises(SignatureInvalidError):
        note.open_note(mixed, known=[logs.LOG.vkey, stranger.vkey])


def test_a_key_id_under_another_name_is_another_key() -> None:
    line = note.parse_note(SIGNED).signatures[0]
    renamed = note.SignedNote(TEXT, (note.Signature("other", line.key_id, line.payload),))
    with pytest.raises(NoteUnsignedError):
        note.open_note(renamed.to_bytes(), known=[logs.LOG.vkey])


def test_the_last_empty_line_splits_text_from_signatures() -> None:
    text = "a poem\n\nof two parts\n"
    data = note.sign_note(text, signers=[logs.LOG])
    assert note.open_note(data, known=[logs.LOG.vkey]).text == text


def test_no_flipped_bit_of_a_signed_note_goes_unseen() -> None:
    for at in range(len(SIGNED)):
        for bit in range(8):
            damaged = bytearray(SIGNED)
            damaged[at] ^= 1 << bit
            with pytest.raises(MerkleError):
                note.open_note(bytes(damaged), known=[logs.LOG.vkey])


def test_sixteen_signatures_are_read_and_sixty_five_are_refused() -> None:
    signers = [
        note.LogSigner(name=f"signer{number}", private_key=logs.ed25519(str(number)))
        for number in range(65)
    ]
    data = note.sign_note(TEXT, signers=signers[:16])
    assert len(note.open_note(data, known=[each.vkey for each in signers]).verified) == 16
    with pytest.raises(NoteMalformedError):
        note.parse_note(note.sign_note(TEXT, signers=signers))
    with pytest.raises(NoteMalformedError):
        note.parse_note(b"x" * (note.MAX_NOTE_BYTES + 1))


@pytest.mark.parametrize("text", ["", "\n", "no newline", "tab\t\n", "null\0\n"])
def test_texts_that_a_reader_would_refuse_are_not_signed(text: str) -> None:
    with pytest.raises(NoteMalformedError):
        note.sign_note(text, signers=[logs.LOG])


def test_signing_by_nobody_is_refused() -> None:
    with pytest.raises(NoteMalformedError):
        note.sign_note(TEXT, signers=[])


@pytest.mark.parametrize("cosigner", [logs.UNIVERSITY, logs.AUDITOR])
def test_cosignatures_verify_with_the_time_they_state(cosigner: note.Cosigner) -> None:
    line = cosigner.cosign(TEXT, timestamp=1_788_912_720)
    assert note.parse_signature_lines(line.line) == (line,)
    assert note.verify_signature(cosigner.vkey, TEXT, line) == 1_788_912_720
    later = line.payload[:7] + bytes([line.payload[7] ^ 1]) + line.payload[8:]
    for changed in (later, line.payload[:-1], line.payload[:-1] + b"\0"):
        signature = note.Signature(line.name, line.key_id, changed)
        with pytest.raises(SignatureInvalidError):
            note.verify_signature(cosigner.vkey, TEXT, signature)
    with pytest.raises(SignatureInvalidError):
        note.verify_signature(cosigner.vkey, TEXT.replace("\n3\n", "\n4\n"), line)


@pytest.mark.parametrize("cosigner", [logs.UNIVERSITY, logs.AUDITOR])
def test_only_checkpoints_are_cosigned(cosigner: note.Cosigner) -> None:
    with pytest.raises(CheckpointMalformedError):
        cosigner.cosign("a poem\n", timestamp=1)
    with pytest.raises(NoteMalformedError):
        cosigner.cosign(TEXT, timestamp=-1)


def test_a_timestamp_beyond_the_standard_is_refused() -> None:
    line = logs.UNIVERSITY.cosign(TEXT, timestamp=1)
    payload = (1 << 63).to_bytes(8, "big") + line.payload[8:]
    with pytest.raises(SignatureInvalidError, match="timestamp"):
        note.verify_signature(
            logs.UNIVERSITY.vkey, TEXT, note.Signature(line.name, line.key_id, payload)
        )


def test_a_second_implementation_accepts_our_signatures() -> None:
    data = note.add_signatures(
        SIGNED,
        signatures=[each.cosign(TEXT, timestamp=77) for each in (logs.UNIVERSITY, logs.AUDITOR)],
    )
    theirs = tlog.Checkpoint.from_text(data.decode())
    vkeys = [each.vkey.text for each in (logs.LOG, logs.UNIVERSITY, logs.AUDITOR)]
    known = signing.VkeySet(*(signing.Vkey.from_string(text) for text in vkeys))
    found = known.verify(theirs.signatures, theirs)
    assert {(vkey.name, vkey.pubkey) for vkey, _ in found} == {
        (each.vkey.name, each.vkey.public_key) for each in (logs.LOG, logs.UNIVERSITY, logs.AUDITOR)
    }


def test_we_accept_the_signatures_of_a_second_implementation() -> None:
    signers: list[Any] = [
        signing.PlainEd25519Signer(logs.ORIGIN, bytes(32)),
        signing.MLDSA44CosignatureSigner("witness.example", bytes(32)),
    ]
    theirs = tlog.Checkpoint.make_signed(logs.ORIGIN, 3, bytes(32), signers)
    known = [note.parse_vkey(signer.vkey.serialize()) for signer in signers]
    assert [each.kind for each in known] == [note.ED25519, note.COSIGNATURE_MLDSA44]
    opened = note.open_note(theirs.serialize().encode(), known=known)
    assert [each.vkey for each in opened.verified] == known


def test_a_signature_is_tried_only_with_the_key_it_names() -> None:
    line = note.parse_note(SIGNED).signatures[0]
    with pytest.raises(SignatureInvalidError, match="another key"):
        note.verify_signature(logs.UNIVERSITY.vkey, TEXT, line)


def test_a_signature_line_with_only_a_key_id_is_malformed() -> None:
    for blob in (b"", b"1234"):
        with pytest.raises(NoteMalformedError):
            note.parse_signature_lines(note.Signature("log", blob, b"").line)


def test_names_longer_than_the_cosigned_message_can_hold_are_refused() -> None:
    text = TEXT.replace(logs.ORIGIN, "x" * 256)
    assert logs.UNIVERSITY.cosign(text, timestamp=1).payload
    with pytest.raises(NoteMalformedError, match="255"):
        logs.AUDITOR.cosign(text, timestamp=1)


@pytest.mark.parametrize(
    ("trouble", "refusal"),
    [
        (UnsupportedAlgorithm("none"), SignatureUnsupportedError),
        (ValueError(), SignatureInvalidError),
    ],
)
def test_a_key_that_cryptography_cannot_use_is_named(
    trouble: Exception, refusal: type[MerkleError], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unusable:
        @staticmethod
        def from_public_bytes(_data: bytes) -> None:
            raise trouble

    monkeypatch.setattr(note, "Ed25519PublicKey", Unusable)
    with pytest.raises(refusal):
        note.open_note(SIGNED, known=[logs.LOG.vkey])


def test_two_known_keys_that_cannot_be_told_apart_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(note, "KEY_ID_BYTES", 0)  # every key id collides
    twin = note.LogSigner(name=logs.ORIGIN, private_key=logs.ed25519("twin")).vkey
    with pytest.raises(VkeyMalformedError, match="share"):
        note.verify_signatures(note.parse_note(SIGNED), known=[logs.LOG.vkey, twin])


def test_added_signatures_stay_within_the_limit() -> None:
    many = [note.Signature(f"witness{number}", b"1234", b"5") for number in range(64)]
    assert len(note.parse_note(note.add_signatures(SIGNED, signatures=many[1:])).signatures) == 64
    with pytest.raises(NoteMalformedError):
        note.add_signatures(SIGNED, signatures=many)


def test_a_key_signs_a_note_only_once() -> None:
    line = logs.UNIVERSITY.cosign(TEXT, timestamp=1)
    later = logs.UNIVERSITY.cosign(TEXT, timestamp=2)
    data = note.add_signatures(SIGNED, signatures=[line, later])
    assert note.parse_note(data).signatures[1:] == (line,)
    assert note.add_signatures(data, signatures=[later]) == data
