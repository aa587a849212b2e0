"""Codes for posters: signed, so that a code somebody pasted over ours is not taken for ours.

A code leads to `/q/<text>`: project and campaign in the clear, and sixteen bytes of HMAC-SHA256
under a secret of this installation. The page says whose code it is before anybody pays.
"""

import base64
import hmac
from pathlib import Path
from typing import Final, NamedTuple

from jusha.inbox.envelopes import CODE
from jusha.people.vault import load

SEAL_BYTES: Final = 16
ABOUT: Final = b"jusha poster 1\n"


class Poster(NamedTuple):
    """What a poster asks for; `campaign` may be ""."""

    project: str
    campaign: str = ""


def sign(home: Path, poster: Poster) -> str:
    """The text behind /q/: project, campaign and seal, joined by `~`."""
    return "~".join((*poster, _seal(home, poster)))


def read(home: Path, text: str) -> Poster | None:
    """What a code asks for; None if it is not one of ours."""
    parts = text.split("~")
    if len(parts) != 3:  # noqa: PLR2004 - project, campaign, seal
        return None
    poster = Poster(parts[0], parts[1])
    if not CODE.fullmatch(poster.project) or (
        poster.campaign and not CODE.fullmatch(poster.campaign)
    ):
        return None
    given = parts[2].encode("ascii", "replace")
    return poster if hmac.compare_digest(given, _seal(home, poster).encode()) else None


def _seal(home: Path, poster: Poster) -> str:
    text = ABOUT + "\n".join(poster).encode()
    made = hmac.digest(load(home, "poster"), text, "sha256")[:SEAL_BYTES]
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
