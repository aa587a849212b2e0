"""The rival over HTTP: a signed JSON notice in, an answer when the gift is committed."""

import hmac
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from benchmarks.usual_django.donate import donate
from benchmarks.usual_django.keys import key_of
from benchmarks.usual_django.signature import SIGNATURE_HEADER, sign


@csrf_exempt
@require_POST
def donations(request: HttpRequest) -> HttpResponse:
    """Verify the signature over the raw body, donate, answer: 200 means committed.

    401 for a wrong signature, 400 for a body without the fields.
    """
    expected = sign(request.body, secret=settings.SECRET_KEY)
    if not hmac.compare_digest(expected, request.headers.get(SIGNATURE_HEADER, "")):
        return HttpResponse(status=401)
    try:
        notice = json.loads(request.body)
        wanted = {
            "key": key_of(notice["transaction_id"]),
            "pool_id": int(notice["pool"]),
            "project_id": int(notice["project"]) + 1,
            "person": int(notice["person"]),
            "amount_fen": int(notice["amount"]["total"]),
            "second": int(notice["second"]),
        }
    except (ValueError, KeyError, TypeError):
        return HttpResponse(status=400)
    donation = donate(**wanted)
    answer = JsonResponse({"id": donation.pk, "matched": donation.matched_fen})
    answer["Content-Length"] = str(len(answer.content))  # else it is sent in chunks
    return answer
