"""Where an entry stands in the public log: the facts behind the seal."""

from base64 import urlsafe_b64encode
from datetime import datetime
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


def standing_of(number: int, entry: bytes) -> Standing:
    """Look the entry up in the newest checkpoint; hashes are hexadecimal."""
    newest = tlog.checkpoint()
    leaf = leaf_hash(entry).hex()
    if newest is None or number >= newest.size:
        return Standing(number, published=False, size=0, at=None, leaf=leaf, path=())
    path = tuple(each.hex() for each in tlog.inclusion(number))
    return Standing(number, published=True, size=newest.size, at=newest.at, leaf=leaf, path=path)


def check_address(proof: bytes | None) -> str:
    """The browser verifier's address with a proof in it; without one, the verifier alone.

    The proof stands behind the `#`, which browsers keep to themselves.
    """
    if proof is None:
        return reverse("verify")
    return f"{reverse('verify')}#proof={urlsafe_b64encode(proof).decode().rstrip('=')}"
