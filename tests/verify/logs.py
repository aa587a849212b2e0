"""Writes a house's log, or a lying copy of it, as the folder that a stranger downloads."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jusha.merkle.checkpoint import Checkpoint, format_checkpoint
from jusha.merkle.note import LogSigner, sign_note
from jusha.merkle.tiles import grow
from jusha.merkle.tree import root
from tests.cast import House
from verify import recompute

SIGNER = LogSigner(
    name="sandbox.jusha.local/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32))
)
VKEY = SIGNER.vkey.text


def canonical(entry: Any) -> bytes:
    """The bytes of an entry or a table."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def write_log(folder: Path, entries: list[bytes], tables: dict[bytes, bytes]) -> str:
    """Write bundles, tiles, tables and a signed checkpoint; return the folder's name."""
    growth = grow(old_size=0, entries=entries, read_tile=lambda _: None)
    files = dict(growth.files)
    checkpoint = Checkpoint(SIGNER.vkey.name, len(entries), root(growth.leaf_hashes))
    files["checkpoint"] = sign_note(format_checkpoint(checkpoint), signers=[SIGNER])
    files |= {f"tables/{digest.hex()}.json": body for digest, body in tables.items()}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return str(folder)


def tables_of(house: House) -> dict[bytes, bytes]:
    """The tables that the house's seals name."""
    return dict(house.web.execute("SELECT hash, body FROM tlog_table").fetchall())


def both_ways(folder: str, day: str = "", campaign: str = "") -> dict[str, Any]:
    """Recompute a log; what the short way finds, the long one must find word for word."""
    found = recompute.recompute(folder, VKEY, day, campaign)
    assert recompute.recompute(folder, VKEY, day, campaign, plainly=True) == found
    return found
