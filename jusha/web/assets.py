"""Styles, script and mark of the pages, under addresses that name their bytes.

The component styles are joined into one file, because a phone on a slow network pays by
the request; an address holds the digest, so browsers may keep a file for ever.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from jusha.web.modules import MODULES, module

FOLDER: Final = Path(__file__).parent / "static" / "web"
STYLES: Final = (
    "tokens", "base", "shell", "banner", "button", "field", "chips", "amount", "as-of", "grains",
    "pay", "progress", "card", "charity", "statutory", "why", "gauge", "day", "curve", "line",
    "proof", "receipt", "keep", "timeline", "empty", "toast", "table", "home", "project",
    "donate", "campaign", "deed", "refund", "receipt-ask", "check", "beside", "account", "privacy",
    "desk", "bills", "messages", "api", "join", "find", "plan", "report", "disclosure",
    "abuse",
    "ranks", "screen", "shed",
    "days",
    "team", "styleguide",
)  # fmt: skip
"""In the order of the cascade: tokens, ground, then one file a component."""
SHEETS: Final = {"style.css": STYLES, "office.css": ("tokens", "office")}
"""Style sheets by their name: of all pages, and of the back office."""
PLAIN: Final = {
    name: FOLDER / name
    for name in ("live.js", "grains.js", "copy.js", "screen.js", "again.js", "wxpay.js", "mark.svg")
}
KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
DIGEST_LETTERS: Final = 16


class Asset(NamedTuple):
    """A file as it is served: its bytes, its type, the digest in its address."""

    body: bytes
    content_type: str
    digest: str


@cache
def asset(name: str) -> Asset | None:
    """The asset called `name` (style.css, live.js, mark.svg); None for any other name."""
    if name in SHEETS:
        body = b"\n".join((FOLDER / f"{each}.css").read_bytes() for each in SHEETS[name])
    elif name in PLAIN:
        body = PLAIN[name].read_bytes()
    elif name in MODULES:
        body = module(name, address=beside)
    else:
        return None
    digest = sha256(body).hexdigest()[:DIGEST_LETTERS]
    return Asset(body, KINDS[name.rpartition(".")[2]], digest)


def beside(name: str) -> str:
    """The address of an asset as another asset's file names it."""
    found = asset(name)
    assert found is not None, f"no asset {name}"
    return f"../{found.digest}/{name}"
