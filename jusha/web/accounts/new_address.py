"""A code to a new mail address, before an account moves to it: asked, brought back, once."""

import time
from typing import Final

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from django.conf import settings
from django.http import HttpRequest

from jusha.people import mailbox
from jusha.people.change_address import change_address, forget_address
from jusha.people.models import UserAccount

STATE: Final = "jusha_new_address"
"""The pending change in the session: alias, code, when it was sent, wrong tries."""
LETTER: Final = "account/email/new_address"
NOTICE: Final = "account/email/address_changed"


class TooManyError(Exception):
    """Too many codes were asked for."""


def send_code(request: HttpRequest, address: str) -> None:
    """Send a code to a new address and remember it in the session.

    Raises NotAnAddressError, TooManyError, OSError where no letter leaves. Writes: jusha_mailbox.
    """
    alias = mailbox.keep(address)
    if not ratelimit.consume(request, action="request_login_code", key=alias):
        raise TooManyError
    code = get_adapter().generate_login_code()
    get_adapter().send_mail(LETTER, alias, {"code": code})
    request.session[STATE] = {"alias": alias, "code": code, "at": time.time(), "tries": 0}


def pending(request: HttpRequest) -> str:
    """The address that waits for its code; "" if none does, or its ten minutes are over."""
    state = request.session.get(STATE)
    if not state or time.time() - state["at"] > settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT:
        return ""
    return mailbox.address_behind(state["alias"])


def take_code(request: HttpRequest, account: UserAccount, code: str) -> bool:
    """Move the account if the code is right; the third wrong one ends the change.

    The old address is told and then erased. Raises AddressTakenError, OSError.
    """
    state = request.session[STATE]
    if not compare_user_code(actual=code, expected=state["code"]):
        state["tries"] += 1
        if state["tries"] >= settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS:
            del request.session[STATE]
        request.session.modified = True
        return False
    del request.session[STATE]
    before = change_address(account, alias=state["alias"])
    if before != state["alias"]:
        get_adapter().send_mail(NOTICE, before, {})
        forget_address(before)
    return True
