"""Paying inside WeChat: the browser says by a one-time code who it is, then the page asks WeChat.

Pages never learn an openid and hold no secret of the app: the code goes to the payments process,
which swaps it. `state` is of letters and digits, as WeChat wants it, bound to the order, which is
bound to the browser by its signed cookie; it holds for ten minutes.
"""

import hmac
import re
import time
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jusha.inbox.connect import django_connection
from jusha.payments.attempt import show_on
from jusha.payments.payer import by_code
from jusha.payments.rails.config import InsideWeChat
from jusha.payments.rails.names import WECHAT
from jusha.people.vault import load
from jusha.web.browser import orders_of
from jusha.web.rails import asks_who

WAY: Final = "jsapi"
STATE_SECONDS: Final = 600
STATE: Final = re.compile(r"([0-9]{10,12})z([0-9a-f]{64})")
CODE: Final = re.compile(r"[0-9A-Za-z_-]{1,120}")
BRIDGE: Final = "/jsapi"
SEE_OTHER: Final = 303


def who(request: HttpRequest, number: str) -> HttpResponse:
    """Send WeChat's browser to say who it is; when it is back, have the order shown to it.

    Writes: jusha_attempt.
    """
    no, here = int(number), f"{reverse('pay', args=(number,))}?rail={WECHAT}"
    inside = asks_who(request)
    if no not in orders_of(request) or inside is None:
        return HttpResponseRedirect(here, status=SEE_OTHER)
    code, state = request.GET.get("code", ""), request.GET.get("state", "")
    if not code and not state:
        return _sent(request, inside, no)
    if CODE.fullmatch(code) and is_state(state, no, now_s=int(time.time())):
        with transaction.atomic():
            show_on(
                django_connection(),
                order_no=no,
                rail=WECHAT,
                way=WAY,
                back=request.build_absolute_uri(reverse("order", args=(number,))),
                payer=by_code(code),
            )
    return HttpResponseRedirect(here, status=SEE_OTHER)


def _sent(request: HttpRequest, inside: InsideWeChat, no: int) -> HttpResponse:
    asked = {
        "appid": inside.appid,
        "redirect_uri": request.build_absolute_uri(request.path),
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state_of(no, at=int(time.time())),
    }
    answer = HttpResponseRedirect(f"{inside.page}?{urlencode(asked)}#wechat_redirect")
    answer["Cache-Control"] = "private, no-store"
    return answer


def state_of(no: int, *, at: int) -> str:
    """What comes back with the code: when it was asked, and that it was asked for this order."""
    key = load(settings.HOME, "browser")
    mark = hmac.new(key, f"wechat oauth {no} {at}".encode(), sha256).hexdigest()
    return f"{at}z{mark}"


def is_state(state: str, no: int, *, now_s: int) -> bool:
    """Whether a state is ours, for this order, and young."""
    found = STATE.fullmatch(state)
    if found is None or not 0 <= now_s - int(found[1]) <= STATE_SECONDS:
        return False
    return hmac.compare_digest(state, state_of(no, at=int(found[1])))


def shown_inside(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the page needs besides, where it hands its parameters to WeChat."""
    inside = asks_who(request)
    if not context.get("parameters"):
        return {}
    # In the sandbox a plain browser may play WeChat's: the simulated bridge takes a form.
    bridge = ""
    if settings.JUSHA_SIMULATOR and inside is not None:
        bridge = f"{origin(inside)}{BRIDGE}"
    order = request.build_absolute_uri(reverse("order", args=(context["no"],)))
    return {"bridge": bridge, "back": order, "looks_like_wechat": inside is not None}


def origin(inside: InsideWeChat) -> str:
    """The origin of WeChat's OAuth page: in the sandbox the simulated bridge's too."""
    parts = urlsplit(inside.page)
    return f"{parts.scheme}://{parts.netloc}"
