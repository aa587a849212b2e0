"""What pages know of the rails: which there are, and how a visitor meets each."""

import re
from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jusha.payments.bank_account import BANK, account_of
from jusha.payments.models import BankAccount
from jusha.payments.rails.config import (
    InsideWeChat,
    RailsUnreadableError,
    inside_wechat,
    names,
)
from jusha.payments.rails.seam import Way

TITLES: Final = {"wechat": _("微信支付"), "alipay": _("支付宝")}
"""What donors are offered; any other rail serves partners' channels and the seam's tests."""
BESIDE: Final = "beside"
"""The mode in which this site takes no gifts (config.modes)."""
TRANSFER: Final = _("银行转账")
PHONE: Final = re.compile(r"Mobi|Android|iPhone|HarmonyOS")
IN_WECHAT: Final = re.compile(r"MicroMessenger/")
BY_CODE: Final[dict[str, Way]] = {"wechat": "native", "alipay": "precreate"}
BY_PHONE: Final[dict[str, Way]] = {"wechat": "h5", "alipay": "wap"}


def offered() -> list[tuple[str, str]]:
    """The rails that a gift can be paid by here, with their names; [] where there are none."""
    try:
        found = names(settings.HOME)
    except RailsUnreadableError:
        return []
    return [(name, str(title)) for name, title in TITLES.items() if name in found]


def ways_of(charity: str, *, stops: bool = False) -> list[tuple[str, str]]:
    """How a gift to this charity can be paid here: the rails, then a transfer to its account.

    `stops`: the project stops at its target. A transfer takes days, and no room is held so long.

    In the sandbox without rails, the simulated cashier stands for them, under no name. Reads:
    jusha_bankaccount.
    """
    found = offered()
    if not found and settings.JUSHA_SIMULATOR:
        found = [("", str(_("去付款")))]
    if not stops and account_for(charity):
        found.append((BANK, str(TRANSFER)))
    return found


def account_for(charity: str, *, at: datetime | None = None) -> BankAccount | None:
    """The account that gifts to this charity are transferred to, where this site takes gifts.

    `at`: when it was ordered. Reads: jusha_bankaccount.
    """
    return None if settings.JUSHA_MODE == BESIDE else account_of(charity, at=at)


def way_for(request: HttpRequest, rail: str, *, wants_code: bool = False) -> Way:
    """How this visitor pays: inside WeChat or in the wallet, elsewhere by a code to scan.

    `wants_code`: the visitor asked for the code, to pay with another phone.
    """
    if rail == "wechat" and not wants_code and asks_who(request) is not None:
        return "jsapi"
    on_phone = PHONE.search(request.META.get("HTTP_USER_AGENT", "")) is not None
    return (BY_PHONE if on_phone and not wants_code else BY_CODE)[rail]


def asks_who(request: HttpRequest) -> InsideWeChat | None:
    """How this visitor's browser, if it is WeChat's own, is asked who it is; None for others."""
    if IN_WECHAT.search(request.META.get("HTTP_USER_AGENT", "")) is None:
        return None
    try:
        return inside_wechat(settings.HOME)
    except RailsUnreadableError:
        return None
