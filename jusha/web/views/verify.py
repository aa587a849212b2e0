"""The ways to check us: the browser verifier as a page and to keep, and the programs to run."""

from functools import cache
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from jusha.tlog import queries as tlog
from jusha.tlog.files import read_from
from jusha.web.verifier import Verifier, verifier

FILE_NAME: Final = "jusha-verify.html"
PROGRAMS: Final = ("verify", "recompute", "watch")
"""The programs of the folder verify/, each one file that needs nothing of Jusha."""


def own_verifier() -> Verifier:
    """The verifier that believes this log's key, and its policy file where one is published."""
    policy = read_from(tlog.public_folder(), "policy") or b""
    sandbox = settings.JUSHA_MODE == "sandbox"
    return verifier(vkey=tlog.vkey(), policy=policy.decode(), sandbox=sandbox)


def verify(_request: HttpRequest) -> HttpResponse:
    """Show the verifier. It is the same for everybody and asks for nothing more."""
    found = own_verifier()
    response = HttpResponse(found.body)
    response["Content-Security-Policy"] = found.policy
    response["Cache-Control"] = "no-cache"
    return response


def verify_file(request: HttpRequest) -> HttpResponse:
    """The same bytes as a download."""
    response = verify(request)
    response["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


@cache
def program_bytes(name: str) -> bytes | None:
    """A program as it stands in the repository; None in an installation without it."""
    file = settings.REPO_DIR / "verify" / f"{name}.py"
    return file.read_bytes() if file.is_file() else None


def program_digest(name: str) -> str:
    """The SHA-256 of a program in hexadecimal, or "" where there is none."""
    body = program_bytes(name)
    return sha256(body).hexdigest() if body is not None else ""


def program(_request: HttpRequest, name: str) -> HttpResponse:
    """One of the programs that check us, to download: the repository's file, byte for byte."""
    body = program_bytes(name)
    if body is None:
        raise Http404(name)
    response = HttpResponse(body, content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.py"'
    response["Cache-Control"] = "no-cache"
    return response
