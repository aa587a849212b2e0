"""The browser verifier as one document that needs nothing else: no request, no other file.

Its style and script stand inside it, and its Content-Security-Policy, which it also carries itself
so that a saved copy keeps it, lets exactly these run and forbids every connection. The bytes
depend only on this version and on the log's key, so their digest can be published and compared.
"""

import json
import re
from base64 import b64encode
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from django.template.loader import render_to_string

from jusha.web.assets import FOLDER, PLAIN
from jusha.web.verifier_words import every_language

SCRIPTS: Final = ("bytes", "ed25519", "mldsa44", "trust", "receipt", "page")
"""In their order: each uses only the ones before it."""
STYLES: Final = (
    "tokens", "base", "shell", "banner", "button", "field", "amount", "card", "proof", "table",
    "deed", "verify",
)  # fmt: skip
LANGUAGES: Final = (("zh-Hans", "简体"), ("zh-Hant", "繁體"), ("en", "English"))


class Verifier(NamedTuple):
    """The document, the policy to serve it with, and its SHA-256 in hexadecimal."""

    body: bytes
    policy: str
    digest: str


@lru_cache(maxsize=4)
def verifier(*, vkey: str, policy: str = "", sandbox: bool = False) -> Verifier:
    """The page that believes `vkey`, or a C2SP policy file, which names that key and witnesses.

    A `sandbox` says so at its head.
    """
    style, script = _joined(FOLDER, STYLES, "css"), _joined(_scripts(), SCRIPTS, "js")
    csp = (
        f"default-src 'none'; script-src {_allowed(script)}; style-src {_allowed(style)};"
        " img-src data:; base-uri 'none'; form-action 'none';"
        " require-trusted-types-for 'script'"
    )
    every = every_language()
    context = {
        "policy": csp,
        "style": style,
        "script": script,
        "words": every["zh-Hans"]["page"],
        "traditional": every["zh-Hant"]["page"],
        "english": every["en"]["page"],
        "every": _as_script_data(every),
        "built_in": _as_script_data({"vkey": vkey, "policy": policy}),
        "vkey": vkey,
        "trust_file": policy,
        "sandbox": sandbox,
        "languages": LANGUAGES,
        "icon": "data:image/svg+xml," + quote(PLAIN["mark.svg"].read_text("utf-8")),
    }
    body = render_to_string("web/verify.html", context).encode()
    return Verifier(body, f"{csp}; frame-ancestors 'none'", sha256(body).hexdigest())


def _as_script_data(value: object) -> str:
    """JSON that may stand in a script element; Chinese stays readable in the source."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _scripts() -> Path:
    return FOLDER.parent / "verify"


@cache
def _joined(folder: Path, names: tuple[str, ...], suffix: str) -> str:
    text = "\n".join((folder / f"{name}.{suffix}").read_text("utf-8") for name in names)
    assert not re.search("</|<!--", text), "it would not end with its own element"
    return text


def _allowed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
