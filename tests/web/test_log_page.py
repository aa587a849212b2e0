"""The log's page tells of witnesses and their lag, of refusals, and of evidence against us."""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jusha.merkle.checkpoint import Checkpoint, format_checkpoint
from jusha.merkle.note import LogSigner, sign_note
from tests.web.conftest import ORIGIN, Site

REFUSAL = "20-422-33180b30.txt"


def fork(site: Site) -> dict[str, str]:
    """Two checkpoints of one size, signed with the log's own key."""
    key = Ed25519PrivateKey.from_private_bytes((site.log_folder / "key").read_bytes())
    signer = LogSigner(name=ORIGIN, private_key=key)
    notes = [
        sign_note(format_checkpoint(Checkpoint(ORIGIN, 9, bytes([n]) * 32)), signers=[signer])
        for n in (1, 2)
    ]
    older, newer = (note.decode() for note in notes)
    return {"format": "jusha-evidence/v1", "kind": "same-size", "older": older, "newer": newer}


def put(site: Site, name: str, text: str) -> None:
    path = site.log_folder / "public" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def served(site: Site, name: str) -> bytes:
    response = site.get(f"/log/{name}")
    assert response.status_code == 200, name
    body = b"".join(response.streaming_content)
    response.close()
    return body


def test_without_witnesses_and_evidence_the_page_says_so(site: Site) -> None:
    site.publish()
    page = site.text("/log")
    assert "还没有见证人" in page
    assert "没有人交来证据" in page
    assert b"quorum none" in served(site, "policy")


def test_a_witness_is_shown_with_its_lag_and_as_the_same_operator(site: Site) -> None:
    site.publish()
    row = {
        "name": "w",
        "vkey": "test.jusha.local/witness-same-operator+33180b30+BJlP",
        "cosigned_size": 1234,
        "cosigned_at": 1_790_000_000,
        "behind_entries": 56,
        "behind_since": 1_790_000_000,
        "refusals": 1,
        "why": "",
    }
    put(site, "witnesses.json", json.dumps({"size": 1290, "witnesses": [row]}))
    put(site, f"refusals/{REFUSAL}", "status 422\n")
    page = site.text("/log")
    assert "test.jusha.local/witness-same-operator" in page
    assert "同一运营者运行，不算独立见证" in page
    assert "1,234" in page
    assert "落后 56 条" in page
    assert REFUSAL in page
    assert served(site, f"refusals/{REFUSAL}") == b"status 422\n"
    assert json.loads(served(site, "witnesses.json"))["size"] == 1290


def test_evidence_is_shown_with_what_it_proves(site: Site) -> None:
    site.publish()
    true = fork(site)
    put(site, "evidence/true.json", json.dumps(true))
    assert "已证明：我们在 9 条和 9 条时签了互相矛盾的两本账" in site.text("/log")
    put(site, "evidence/true.json", json.dumps(true | {"newer": true["older"]}))
    put(site, "evidence/odd.json", "[]")
    page = site.text("/log")
    assert "已证明：我们" not in page
    assert page.count("没有证明矛盾") == 2
    assert served(site, "evidence/odd.json") == b"[]"
    assert site.get("/log/evidence/../key").status_code == 404
