"""What must be said before residue of an unlawful fundraising goes to another charity. Pure."""

import json
import unicodedata
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Any, Final, NamedTuple

AUTHORITY_MAX: Final = 80
DOCUMENT_MAX: Final = 60
REFERENCE_MIN: Final = 6
REFERENCE_MAX: Final = 64
REFUSALS: Final = (
    "nothing", "waits", "no-run", "no-charity", "same-charity", "other-charity", "authority",
    "document", "document-day", "reference", "paid-day", "evidence", "stale",
)  # fmt: skip


class ResidueRefusedError(Exception):
    """Nothing was decided; `code` says why, in one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


class OpenGift(NamedTuple):
    """A gift of which something is owed back; `is_final`: no way to its donor is left."""

    deed: int
    project: int
    charity: str
    asset: int
    owed: int
    is_final: bool


class Share(NamedTuple):
    """What a charity could not give back of a campaign, in the smallest unit of the asset.

    `waits` is what is owed and may still reach its donors.
    """

    charity: str
    asset: int
    gifts: int
    amount: int
    waits: int


class Said(NamedTuple):
    """What the first person says: the regulator's document, the receiver, the bank's transfer."""

    authority: str
    document: str
    document_on: date | None
    receiver: str
    reference: str
    paid_on: date | None


def shares(gifts: Iterable[OpenGift]) -> list[Share]:
    """Sum up open gifts by charity and asset, in the order of codes."""
    found: dict[tuple[str, int], list[int]] = {}
    for gift in gifts:
        sums = found.setdefault((gift.charity, gift.asset), [0, 0, 0])
        if gift.is_final:
            sums[0] += 1
            sums[1] += gift.owed
        else:
            sums[2] += gift.owed
    return [Share(*key, *sums) for key, sums in sorted(found.items())]


def check(said: Said, share: Share | None, *, named: str, today: date) -> Said:
    """Return it without blanks around; refuse what is not said, or may not be.

    The document's number stays as the regulator wrote it; the bank's is in plain letters.

    `named` is the charity that the run of refunds named, "" where it named none.
    Raises ResidueRefusedError.
    """
    if share is None or not share.amount:
        raise ResidueRefusedError("waits" if share else "nothing")
    plain = said._replace(
        authority=said.authority.strip(),
        document=said.document.strip(),
        reference=unicodedata.normalize("NFKC", said.reference).strip(),
    )
    if plain.receiver == share.charity:
        raise ResidueRefusedError("same-charity")
    if named and plain.receiver != named:
        raise ResidueRefusedError("other-charity")
    _fits("authority", plain.authority, 2, AUTHORITY_MAX)
    _fits("document", plain.document, 2, DOCUMENT_MAX)
    _fits("reference", plain.reference, REFERENCE_MIN, REFERENCE_MAX)
    if plain.document_on is None or plain.document_on > today:
        raise ResidueRefusedError("document-day")
    if plain.paid_on is None or not plain.document_on <= plain.paid_on <= today:
        raise ResidueRefusedError("paid-day")
    return plain


def words(order: dict[str, Any]) -> bytes:
    """What is said of an order in public, as canonical JSON; the log has its SHA-256."""
    told = {
        "authority": order["authority"],
        "charity": order["receiver"],
        "document": order["document"],
        "on": str(order["document_on"]),
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def order_code(decision: int) -> str:
    """The order's name in the log."""
    return f"R{decision}"


def identity(deed: int) -> bytes:
    """Name a gift's instruction: a gift gives residue once, so a repeat is recognised."""
    return sha256(f"residue\n{deed}".encode()).digest()[:16]


def _fits(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most or any(unicodedata.category(c)[0] == "C" for c in text):
        raise ResidueRefusedError(name)
