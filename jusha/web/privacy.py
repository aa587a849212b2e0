"""Who is asking about their data, and the words in which a page shows the copy of it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.giving.donor_copy import Person, Row, sections
from jusha.giving.receipt_rules import E_RECEIPT, LETTER
from jusha.people.consent_rules import APPEAL, KINDS, PROGRESS, SHOW_NAME
from jusha.people.consents import agreed_to
from jusha.people.donor_keys import donor_of_account
from jusha.people.models import Opening, UserAccount
from jusha.web import reference
from jusha.web.browser import browser_donor
from jusha.web.mine import my_orders
from jusha.web.notice_words import KINDS as KINDS_OF_MESSAGE
from jusha.web.receipt_words import STATES as RECEIPT_STATES
from jusha.web.refund_words import REASONS
from jusha.web.refund_words import STATES as REFUND_STATES
from jusha.web.titles import told

BY_LETTER: Final = frozenset({PROGRESS, APPEAL})
"""Consents that need an address to write to, so an account."""
TITLES: Final = {
    "account": gettext_lazy("账户"),
    "consents": gettext_lazy("您同意过什么"),
    "orders": gettext_lazy("捐赠和您写的话"),
    "plans": gettext_lazy("预备捐"),
    "receipts": gettext_lazy("票据和确认函"),
    "refunds": gettext_lazy("退款"),
    "messages": gettext_lazy("消息"),
    "follows": gettext_lazy("关注的机构"),
    "teams": gettext_lazy("队伍和企业"),
}
LABELS: Final = {
    "about": gettext_lazy("关于"),
    "agreed_to_wording": gettext_lazy("同意的告知版本"),
    "amount": gettext_lazy("金额"),
    "asked_at": gettext_lazy("提出时间"),
    "asset": gettext_lazy("币种"),
    "at": gettext_lazy("时间"),
    "campaign": gettext_lazy("活动"),
    "case": gettext_lazy("退款编号"),
    "charity": gettext_lazy("机构"),
    "company": gettext_lazy("企业"),
    "dedication": gettext_lazy("献给谁"),
    "entry": gettext_lazy("账本编号"),
    "given": gettext_lazy("同意"),
    "given_at": gettext_lazy("到账时间"),
    "id": gettext_lazy("账户编号"),
    "kind": gettext_lazy("类别"),
    "last_sign_in": gettext_lazy("上次登录"),
    "mail": gettext_lazy("邮箱"),
    "mailed_at": gettext_lazy("寄出时间"),
    "matched": gettext_lazy("配捐"),
    "name": gettext_lazy("名字"),
    "note": gettext_lazy("留言"),
    "opened_at": gettext_lazy("开户时间"),
    "opening_key": gettext_lazy("承诺的钥匙"),
    "opens_at": gettext_lazy("活动开始"),
    "order": gettext_lazy("订单"),
    "ordered_at": gettext_lazy("下单时间"),
    "papers": gettext_lazy("开出的编号"),
    "payer_code": gettext_lazy("统一社会信用代码"),
    "payer_mail": gettext_lazy("收票邮箱"),
    "payer_name": gettext_lazy("抬头"),
    "project": gettext_lazy("项目"),
    "rail": gettext_lazy("付款方式"),
    "read_at": gettext_lazy("读过的时间"),
    "reason": gettext_lazy("原因"),
    "refunded": gettext_lazy("已退"),
    "state": gettext_lazy("状态"),
    "text": gettext_lazy("内容"),
    "version": gettext_lazy("版本"),
    "wording": gettext_lazy("您看到的话"),
    "words": gettext_lazy("您写的话"),
    "team": gettext_lazy("队伍"),
}
WORDINGS: Final = {
    SHOW_NAME: gettext_lazy("在我捐过的项目的公开页面上，显示我捐赠时自己写的名字。"),
    PROGRESS: gettext_lazy("我捐的钱用到了哪里、项目有了什么进展，请写信告诉我。"),
    APPEAL: gettext_lazy("有新的项目需要帮助时，请写信告诉我。"),
}
"""The newest wordings, to be translated; a test holds them to people/consent_rules.py."""


KINDS_OF_CONSENT: Final = {
    SHOW_NAME: gettext_lazy("公开我的名字"),
    PROGRESS: gettext_lazy("进展来信"),
    APPEAL: gettext_lazy("新项目来信"),
}
KINDS_OF_RECEIPT: Final = {
    LETTER: gettext_lazy("捐赠确认函"),
    E_RECEIPT: gettext_lazy("公益事业捐赠电子票据"),
}
WORDS: Final[dict[tuple[str, str], Mapping[str, Any]]] = {
    ("consents", "kind"): KINDS_OF_CONSENT,
    ("messages", "kind"): KINDS_OF_MESSAGE,
    ("receipts", "kind"): KINDS_OF_RECEIPT,
    ("receipts", "state"): RECEIPT_STATES,
    ("refunds", "reason"): REASONS,
    ("refunds", "state"): REFUND_STATES,
}
"""Codes that have words: by part and key."""
PAGES: Final[dict[str, Callable[[str], Any]]] = {
    "project": reference.project,
    "charity": reference.charity,
    "campaign": reference.campaign,
}
"""Codes of what has a page here, and so a name."""


class Asked(NamedTuple):
    """One thing to agree to, as the page asks it."""

    kind: str
    version: int
    wording: str
    agreed: bool


def person_of(request: HttpRequest) -> Person:
    """Whose data a request may see: the account's and this browser's, as on /mine.

    Reads: jusha_donorkey, jusha_opening, jusha_ownedorder.
    """
    account = request.user if isinstance(request.user, UserAccount) else None
    donors = {browser_donor(request)}
    if account is not None:
        donors.add(donor_of_account(account.pk, make=False))
    known = tuple(sorted(each for each in donors if each is not None))
    sealed = Opening.objects.filter(donor__in=known).values_list("order_no", flat=True)
    orders = {*my_orders(request), *sealed}
    return Person(account, known, tuple(sorted(orders, reverse=True)))


def subject_of(request: HttpRequest) -> UUID | None:
    """Who agrees and withdraws: the account, else this browser; None before its first order."""
    if isinstance(request.user, UserAccount):
        return request.user.pk
    return browser_donor(request)


def asked(request: HttpRequest) -> list[Asked]:
    """What this person can agree to, and what they agree to now. Reads: jusha_consent."""
    subject = subject_of(request)
    now = agreed_to(subject) if subject else dict.fromkeys(KINDS, False)
    is_account = isinstance(request.user, UserAccount)
    return [
        Asked(kind, KINDS[kind].version, str(WORDINGS[kind]), now[kind])
        for kind in KINDS
        if is_account or kind not in BY_LETTER
    ]


class Part(NamedTuple):
    """One part of the copy as a page shows it: rows of (label, value), what is empty left out."""

    name: str
    title: str
    rows: list[list[tuple[str, str]]]


def parts(person: Person) -> Iterator[Part]:
    """The copy in words; a part without rows is left out."""
    for name, rows in sections(person):
        said = [_said(name, row) for row in rows]
        if said:
            yield Part(name, str(TITLES[name]), said)


def _said(part: str, row: Row) -> list[tuple[str, str]]:
    return [
        (str(LABELS[key]), _value(part, key, value))
        for key, value in row.items()
        if value is not None and value != ""
    ]


def _value(part: str, key: str, value: object) -> str:
    """A value in words: times in Beijing, codes as other pages say them."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    text = str(value)
    if key == "at" or key.endswith("_at") or key == "last_sign_in":
        at = datetime.fromisoformat(text)
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
    if (page := PAGES[key](text) if key in PAGES else None) is not None:
        return told(page, "title" if key != "charity" else "name")
    return str(WORDS.get((part, key), {}).get(text, text))
