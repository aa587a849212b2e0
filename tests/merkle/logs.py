"""A small signed log in memory, with a fixed cast of keys, for the tests of proofs."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from jusha.merkle import commitment, note, proof, tree
from jusha.merkle.checkpoint import Checkpoint, format_checkpoint
from jusha.merkle.encoding import encode64

ORIGIN = "sandbox.jusha.example/log"
WITNESSED_AT = 1_788_912_720
PRIVATE = {"donor": "D-17", "message": "给孩子们", "name": "陈静", "ref": "wx-20260909-1"}
R = bytes(range(32))


def ed25519(name: str) -> Ed25519PrivateKey:
    """The same key for the same name, in every run."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


LOG = note.LogSigner(name=ORIGIN, private_key=ed25519("log"))
UNIVERSITY = note.Cosigner(name="witness.university.example", private_key=ed25519("university"))
NEWSPAPER = note.Cosigner(name="witness.newspaper.example", private_key=ed25519("newspaper"))
AUDITOR = note.Cosigner(
    name="witness.auditor.example",
    private_key=MLDSA44PrivateKey.from_seed_bytes(sha256(b"auditor").digest()),
)
POLICY = f"""# the logs and witnesses we believe
log {LOG.vkey.text}
witness university {UNIVERSITY.vkey.text}
witness newspaper {NEWSPAPER.vkey.text}
witness auditor {AUDITOR.vkey.text} https://auditor.example
group press any newspaper auditor
group both all university press
quorum both
"""


def leaf(n: int, **changes: Any) -> bytes:
    """A gift's leaf as the log would hold it."""
    fields = {
        "amt": 2000,
        "cm": encode64(commitment.commit(private=PRIVATE, r=R)),
        "cur": "CNY",
        "k": "don",
        "m": [{"amt": 820, "by": "person-day", "pool": "Q7", "r": "R12.3"}],
        "n": n,
        "prj": "P2026-0017",
        "rd": "99-2026",
        "t": "2026-09-09T01:12Z",
        "tag": "AAECAwQFBgcICQoLDA0ODw==",
        "v": 1,
    }
    return commitment.canonical_json(fields | changes)


@dataclass(frozen=True)
class SmallLog:
    """Entries, their leaf hashes and the checkpoint note over all of them."""

    entries: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def leaves(self) -> list[bytes]:
        """The leaf hashes."""
        return tree.leaf_hashes(self.entries)

    def proof(self, index: int, *, extra: bytes | None = None) -> proof.ProofFile:
        """The proof file of one entry."""
        path = tree.inclusion_proof(self.leaves, index=index)
        return proof.ProofFile(index, tuple(path), self.checkpoint, extra)

    def shared(self, index: int) -> bytes:
        """The receipt to share."""
        extra = commitment.share_extra(leaf=self.entries[index])
        return self.proof(index, extra=extra).to_bytes()

    def kept(self, index: int) -> bytes:
        """The receipt with the opening."""
        extra = commitment.opening_extra(leaf=self.entries[index], private=PRIVATE, r=R)
        return self.proof(index, extra=extra).to_bytes()


def small_log(
    entries: tuple[bytes, ...],
    *,
    signers: tuple[note.LogSigner, ...] = (LOG,),
    cosigners: tuple[note.Cosigner, ...] = (UNIVERSITY, NEWSPAPER),
    origin: str = ORIGIN,
) -> SmallLog:
    """A log of these entries, signed and cosigned."""
    root = tree.root(tree.leaf_hashes(entries))
    text = format_checkpoint(Checkpoint(origin, len(entries), root))
    signed = note.sign_note(text, signers=signers)
    lines = [each.cosign(text, timestamp=WITNESSED_AT) for each in cosigners]
    return SmallLog(entries, note.add_signatures(signed, signatures=lines))


def pretty(extra: bytes) -> bytes:
    """The same JSON in another spelling."""
    return json.dumps(json.loads(extra), indent=1).encode()
