"""Proof files: written, read and verified; every change of a byte is seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.merkle.errors import (
    MerkleError,
    NotIncludedError,
    ProofFileMalformedError,
    SizeOutOfRangeError,
)
from jusha.merkle.policy import parse_policy
from jusha.merkle.proof import MAX_PROOF_BYTES, ProofFile, parse_proof, verify_proof
from tests.merkle import logs, vectors

POLICY = parse_policy(logs.POLICY)
LOG = logs.small_log(tuple(logs.leaf(n) for n in range(11)))


def test_every_good_proof_of_the_vectors_is_read_and_written_back() -> None:
    good = vectors.load("parse_vectors.json")["tlog_proof"]["ok"]
    assert len(good) == 3
    for _, text in good:
        assert parse_proof(text.encode()).to_bytes() == text.encode()
    assert parse_proof(good[1][1].encode()).extra == b"extra information"


def test_every_bad_proof_of_the_vectors_is_refused() -> None:
    bad = vectors.load("parse_vectors.json")["tlog_proof"]["bad"]
    assert len(bad) == 7
    for text in bad:
        with pytest.raises(ProofFileMalformedError):
            parse_proof(text.encode())


def test_every_entry_is_proven_and_no_other_entry_is() -> None:
    for index, entry in enumerate(LOG.entries):
        proof = parse_proof(LOG.shared(index))
        proven = verify_proof(proof, entry=entry, policy=POLICY)
        assert (proven.index, proven.entry) == (index, entry)
        with pytest.raises(NotIncludedError):
            verify_proof(proof, entry=entry + b" ", policy=POLICY)


def test_an_index_outside_the_log_is_refused() -> None:
    proof = LOG.proof(3)
    moved = ProofFile(99, proof.path, proof.checkpoint)
    with pytest.raises(SizeOutOfRangeError):
        verify_proof(moved, entry=LOG.entries[3], policy=POLICY)


def test_without_extra_no_flipped_bit_of_a_proof_goes_unseen() -> None:
    data = LOG.proof(5).to_bytes()
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            with pytest.raises(MerkleError):
                verify_proof(parse_proof(bytes(damaged)), entry=LOG.entries[5], policy=POLICY)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_extra_survives_the_file(extra: bytes) -> None:
    proof = LOG.proof(2, extra=extra)
    assert parse_proof(proof.to_bytes()) == proof


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(deadline=None)
def test_noise_is_refused_by_name_and_never_crashes(noise: bytes) -> None:
    for data in (
        noise,
        b"c2sp.org/tlog-proof@v1\n" + noise,
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n",
    ):
        try:
            proof = parse_proof(data)
        except ProofFileMalformedError:
            continue
        assert proof.to_bytes() == data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"index 5\n", b"index 05\n"),
        (b"index 5\n", b"index  5\n"),
        (b"index 5\n", b"index 5\nindex 5\n"),
        (b"index 5\n", b"index 5\nextra AAAA\n"),
        (b"\n\n", b"\r\n\r\n"),
        (b"@v1", b"@v2"),
    ],
)
def test_other_spellings_of_a_proof_are_refused(old: bytes, new: bytes) -> None:
    data = LOG.proof(5).to_bytes()
    assert old in data
    with pytest.raises(ProofFileMalformedError):
        parse_proof(data.replace(old, new, 1))


def test_proofs_that_no_reader_would_take_are_not_written() -> None:
    hash_, checkpoint = bytes(32), LOG.checkpoint
    for index, path, note in [
        (-1, (hash_,), checkpoint),
        (0, (hash_ * 2,), checkpoint),
        (0, (hash_,) * 64, checkpoint),
        (0, (hash_,), b"cut short"),
    ]:
        with pytest.raises(ProofFileMalformedError):
            ProofFile(index, path, note)
    with pytest.raises(ProofFileMalformedError):
        ProofFile(0, (), checkpoint, b"x" * MAX_PROOF_BYTES).to_bytes()
    with pytest.raises(ProofFileMalformedError):
        parse_proof(b"x" * (MAX_PROOF_BYTES + 1))
    long = LOG.proof(5).to_bytes().replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1)
    assert len(parse_proof(long).path) == len(LOG.proof(5).path) + 1
    with pytest.raises(ProofFileMalformedError):
        parse_proof(long.replace(b"\n\n", (b"\n" + b"A" * 43 + b"=") * 63 + b"\n\n", 1))
