"""The browser's modules: small files that import each other under addresses naming their bytes.

`check.js` is no file: it is the verifier's own files (static/verify), joined as on its page and
followed by a list of what they export, so that the site checks receipts by the code that a saved
copy checks them by.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
SHARED: Final = ("bytes", "ed25519", "mldsa44", "trust", "receipt")
CHECK: Final = "check.js"
EXPORTS: Final = (
    "CannotCheck", "Malformed", "NotProven", "canonicalJson", "checkReceipt", "decode64",
    "encode64", "hex", "join", "parseKey", "parsePolicy", "same", "sha256", "utf8",
    "verifyCheckpoint",
)  # fmt: skip
OWN: Final = ("keep.js", "look.js", "receipts.js", "store.js", "tree.js")
MODULES: Final = frozenset({CHECK, *OWN})
IMPORT: Final = re.compile(r'"\./([a-z]+\.js)"')


def module(name: str, *, address: Callable[[str], str]) -> bytes:
    """The bytes of module `name`, its imports written as `address` says.

    A module's bytes hold the digests of what it imports, so a change below is a new address above.
    """
    if name == CHECK:
        parts = [(STATIC / "verify" / f"{each}.js").read_text("utf-8") for each in SHARED]
        return "\n".join([*parts, f"export {{ {', '.join(EXPORTS)} }};\n"]).encode()
    text = (STATIC / f"keep/{name}").read_text("utf-8")
    return IMPORT.sub(lambda found: f'"{address(found[1])}"', text).encode()
