"""Where an entry stands in the public log: the facts behind the seal."""

from base64 import urlsafe_b64encode
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.urls import reverse

from jusha.merkle.tree import leaf_hash
from jusha.tlog import queries as tlog


class Standing(NamedTuple):
    """An entry's place. Before publication `size` is 0 and the path is empty."""

    number: int
    published: bool
    size: int
    at: datetime | None
    leaf: str
    path: tuple[str, ...]


def standing_below(
    number: int, entry: bytes, placed: tlog.Placed | None, at: tlog.PublishedCheckpoint | None
) -> Standing:
    """Where an entry stands, its proof having been built; hashes are hexadecimal."""
    leaf = leaf_hash(entry).hex()
    if placed is None or at is None:
        return Standing(number, published=False, size=0, at=None, leaf=leaf, path=())
    path = tuple(each.hex() for each in placed.path)
    return Standing(number, published=True, size=at.size, at=at.at, leaf=leaf, path=path)


def standing_of(number: int, entry: bytes) -> Standing:
    """Look the entry up in the newest checkpoint; hashes are hexadecimal."""
    newest = tlog.checkpoint()
    return standing_below(number, entry, tlog.placed(number, newest), newest)


def check_address(proof: bytes | None) -> str:
    """The browser verifier's address with a proof in it; without one, the verifier alone.

    The proof stands behind the `#`, which browsers keep to themselves.
    """
    if proof is None:
        return _verifier()
    return f"{_verifier()}#proof={urlsafe_b64encode(proof).decode().rstrip('=')}"


@cache
def _verifier() -> str:
    return reverse("verify")
