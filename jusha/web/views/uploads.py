"""Files that were handed in: public ones for everybody, the others for who works on them."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from jusha.campaigns.day_queries import is_promise
from jusha.charities.rules import Role
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.uploads import queries as uploads
from jusha.uploads.models import Upload
from jusha.uploads.rules import ENDINGS, PICTURES, TYPES
from jusha.uploads.store import StoreAwayError, UploadLostError, get
from jusha.web import reference
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff

AWAY: Final = 503
YEAR_SECONDS: Final = 365 * 86_400
ALONE: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""A file that a browser opens may load, run and send nothing."""
LOOKERS: Final = frozenset({Office.REVIEWER, Office.AUDITOR})


def upload(request: HttpRequest, sha256: str, ending: str) -> HttpResponse:
    """Serve a file: to everybody if something published refers to it, else to its people."""
    public = uploads.shown(sha256, is_down=reference.is_down)
    if public is not None and ENDINGS[public.kind] == ending:
        response = _answer(public)
        if response.status_code != AWAY:
            response["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        return response
    if isinstance(request.user, UserAccount):
        for each in uploads.copies(sha256):
            if each.by == request.user.pk and ENDINGS[each.kind] == ending:
                return _private(each)
    # Strangers are led to the sign-in whether or not there is such a file: who holds a paper must
    # not learn by its hash that it was handed in here.
    answer: HttpResponse = _for_staff(request, sha256, ending)
    return answer


@require_role(Role.VIEWER, Office.FINANCE, Office.REVIEWER, Office.AUDITOR)
def _for_staff(request: DeskRequest, sha256: str, ending: str) -> HttpResponse:
    """The file for those who examine, and for the charity's own."""
    for each in uploads.copies(sha256):
        if ENDINGS[each.kind] == ending and _may_see(request.staff, each):
            return _private(each)
    raise Http404(sha256)


def _may_see(staff: Staff, found: Upload) -> bool:
    if staff.office in LOOKERS:
        return True
    if staff.office == Office.FINANCE and not found.charity:
        return is_promise(found.sha256)
    return bool(found.charity) and staff.holds(Role.VIEWER, charity=found.charity)


def _private(found: Upload) -> HttpResponse:
    response = _answer(found)
    response["Cache-Control"] = "private, no-store"
    return response


def _answer(found: Upload) -> HttpResponse:
    """The bytes, as what they are and nothing else; all but pictures are saved, not opened."""
    try:
        data = get(found.sha256)
    except UploadLostError as error:
        raise Http404(found.sha256) from error
    except StoreAwayError:
        told = gettext("存文件的地方现在连不上，文件还在。请过几分钟再看。")
        return HttpResponse(told, status=AWAY, content_type="text/plain; charset=utf-8")
    response = HttpResponse(data, content_type=TYPES[found.kind])
    is_attachment = found.kind not in PICTURES
    header = content_disposition_header(is_attachment, found.name)
    response["Content-Disposition"] = header or ("attachment" if is_attachment else "inline")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = ALONE
    return response
