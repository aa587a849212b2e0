"""The browser verifier: as a page, and as the same file to keep."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jusha.tlog import queries as tlog
from jusha.tlog.files import read_from
from jusha.web.verifier import Verifier, verifier

FILE_NAME: Final = "jusha-verify.html"


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
