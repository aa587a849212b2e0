"""Messages in words, on pages in the reader's language, in letters in Chinese and English."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.charities import queries as charities
from jusha.notices import rules
from jusha.notices.carriers import Words
from jusha.notices.models import Message
from jusha.projects import expense_queries as expenses
from jusha.projects import queries as projects
from jusha.web.disclosure_words import KINDS as REPORTS
from jusha.web.payee_words import way_name
from jusha.web.titles import told
from jusha.web.words import money

LANGUAGES: Final = ("zh-hans", "en")
KINDS: Final = {
    rules.RECEIVED: gettext_lazy("收到捐赠"),
    rules.HELD: gettext_lazy("款项正在核对"),
    rules.REFUNDED: gettext_lazy("退款已记账"),
    rules.REPAID: gettext_lazy("退款已到账"),
    rules.PASSED_ON: gettext_lazy("没能退回的钱"),
    rules.BROADCAST: gettext_lazy("机构的消息"),
    rules.ARRIVED: gettext_lazy("善款用到了哪里"),
    rules.NOTICE: gettext_lazy("平台的通知"),
    rules.CERTIFICATE_ENDS: gettext_lazy("证书快到期"),
    rules.CERTIFICATE_ENDED: gettext_lazy("证书已到期"),
    rules.APPLICATION: gettext_lazy("入驻申请"),
    rules.REPORT_DUE: gettext_lazy("信息公开快到期"),
    rules.REPORT_LATE: gettext_lazy("信息公开已过期"),
    rules.PAYEE_CHANGE: gettext_lazy("收款账户更换"),
    rules.FOLLOWED: gettext_lazy("关注的机构"),
}
"""What each kind of message is called in a list."""


REPAID_BY: Final = {
    "rail": gettext_lazy("支付方说，钱已经退到您付款的账户。"),
    "bank": gettext_lazy("机构用银行转账退给了您。没有看到的，请直接问机构。"),
}
"""Who said that money went back, told by the fact `by`."""


class Line(NamedTuple):
    """One message as a page lists it."""

    title: str
    body: str
    path: str
    """Where it leads on this site."""


def line(message: Message) -> Line:  # noqa: PLR0911 - one kind a line
    """Say a message in the present language; the project is named if it has a page."""
    facts = message.facts
    if message.kind in CHARITY_LINES:
        return CHARITY_LINES[message.kind](facts)
    project = projects.find(facts.get("project", ""))
    named = told(project, "title") if project else facts.get("project", "")
    given = {"sum": money(facts.get("amount", 0)), "project": named}
    path = f"/o/{facts['order']}" if facts.get("order") else f"/p/{facts.get('project', '')}"
    if message.kind == rules.RECEIVED:
        return Line(_("收到了您的 %(sum)s") % given, _("给「%(project)s」。谢谢您。") % given, path)
    if message.kind == rules.HELD:
        body = _("它和订单不完全一致，先记在待核账户，不会丢失。核对之后会入账或退回。")
        return Line(_("%(sum)s到了，正在核对") % given, body, path)
    if message.kind == rules.REFUNDED:
        body = _("给「%(project)s」的这笔款正在退回，一般几天内到账。") % given
        return Line(_("%(sum)s的退款已记账") % given, body, path)
    if message.kind == rules.REPAID:
        said = REPAID_BY.get(facts.get("by", "")) or _("账本上记着，这笔钱已经退给您。")
        return Line(_("%(sum)s已退回") % given, str(said), path)
    if message.kind == rules.PASSED_ON:
        body = _("这次募捐被依法整体退款，这笔钱没能退到您手里。点开看依据、去向和可以问谁。")
        title = _("%(sum)s转给了主管部门指定的慈善组织") % given
        return Line(title, body, f"/d/{facts['deed']}")
    if message.kind == rules.ARRIVED:
        return _arrived(facts, given)
    title = _("「%(project)s」的消息")
    if message.kind == rules.NOTICE:
        title = _("平台关于「%(project)s」的通知")
    return Line(title % given, str(facts.get("text", "")), path)


def report_due(facts: dict[str, Any]) -> Line:
    """To a charity's people: what they have to publish soon."""
    title = _("%(name)s：%(report)s，%(due)s 前要公开") % _of_report(facts)
    body = _("请在工作台“信息公开”里写好，由财务同事确认。过期没有公开的，项目停止接受捐赠。")
    return Line(title, body, "/desk/disclosures")


def report_late(facts: dict[str, Any]) -> Line:
    """To a charity's people: what they should have published, and what follows."""
    title = _("%(name)s：%(report)s 已经过期") % _of_report(facts)
    body = _(
        "应在 %(due)s 前公开。公开以前，项目停止接受捐赠，机构不能发布新项目；公开之后自动恢复。"
    )
    return Line(title, body % _of_report(facts), "/desk/disclosures")


def _of_report(facts: dict[str, Any]) -> dict[str, str]:
    project = projects.find(facts["project"]) if facts["project"] else None
    charity = None if project else charities.find(facts["charity"])
    name = told(project, "title") if project else told(charity, "name") if charity else ""
    return {"name": name, "report": str(REPORTS[facts["report"]]), "due": facts["due"]}


def certificate_ends(facts: dict[str, Any]) -> Line:
    """To a charity's people: their certificate ends, and what follows."""
    charity = charities.find(facts["charity"])
    named = told(charity, "name") if charity else facts["charity"]
    given = {"charity": named, "day": facts["until"]}
    title = _("「%(charity)s」的公开募捐资格证书 %(day)s 到期") % given
    body = _(
        "到期的第二天起，平台不再接受新的捐赠；已经付的款照常入账。换了新证书，请在工作台登记。"
    )
    return Line(title, body, f"/desk/charities/{facts['charity']}")


def certificate_ended(facts: dict[str, Any]) -> Line:
    """To a donor: the charity they gave to may raise no money in public for now."""
    charity = charities.find(facts["charity"])
    named = told(charity, "name") if charity else facts["charity"]
    title = _("「%(charity)s」的公开募捐资格证书已经到期") % {"charity": named}
    body = _(
        "证书的最后一天是 %(day)s，现在不能给它的项目捐款。"
        "您以前的捐款不受影响，照样用在项目上、照样公开；已经付的款照常入账。"
        "换了新证书，项目会重新开放。"
    )
    return Line(title, body % {"day": facts["until"]}, f"/charity/{facts['charity']}")


def application_ended(facts: dict[str, Any]) -> Line:
    """To an applicant: the charity was admitted, or the application came back."""
    given = {"charity": facts["name"]}
    if facts["state"] == "admitted":
        body = _("您是这家机构的项目人员。请登录，到工作台邀请财务和其他同事。")
        return Line(_("「%(charity)s」已经入驻") % given, body, "/join")
    body = _("审核员写了要修改的地方。您填过的都还在，改好再交就行。")
    return Line(_("「%(charity)s」的申请退回修改") % given, body, "/join")


def followed_news(facts: dict[str, Any]) -> Line:
    """To a follower: what those whom they follow told in a day."""
    news = facts["news"]
    names = charities.named(code for code, _count, _first in news)
    lines = []
    for code, count, first in news:
        given = {"charity": told(names[code], "name") if code in names else code, "first": first}
        if count == 1:
            lines.append(_("%(charity)s：%(first)s") % given)
        else:
            lines.append(_("%(charity)s：%(first)s，共 %(n)s 条") % (given | {"n": count}))
    title = _("您关注的机构有新消息（%(day)s）") % {"day": facts["day"]}
    path = f"/charity/{news[0][0]}/official" if len(news) == 1 else "/mine/messages"
    return Line(title, "\n".join(lines), path)


def payee_change(facts: dict[str, Any]) -> Line:
    """To a charity's finance and the operators: an account changes, or the change was stopped."""
    charity = charities.find(facts["charity"])
    named = told(charity, "name") if charity else facts["charity"]
    given = {"charity": named, "way": way_name(facts["rail"])}
    if facts["state"] == "stopped":
        body = _("原因：%(words)s。捐款继续付到原来的账户。") % {"words": facts["words"]}
        return Line(_("「%(charity)s」的%(way)s收款账户更换被叫停") % given, body, "/desk/payees")
    since = localtime(datetime.fromisoformat(facts["since"])).strftime("%Y-%m-%d %H:%M")
    body = _("两位财务决定更换，%(since)s 开始使用。不是您知道的事，请马上到工作台叫停。")
    title = _("「%(charity)s」的%(way)s收款账户快要更换") % given
    return Line(title, body % {"since": since}, "/desk/payees")


CHARITY_LINES: Final[dict[str, Callable[[dict[str, Any]], Line]]] = {
    rules.CERTIFICATE_ENDS: certificate_ends,
    rules.CERTIFICATE_ENDED: certificate_ended,
    rules.REPORT_DUE: report_due,
    rules.REPORT_LATE: report_late,
    rules.APPLICATION: application_ended,
    rules.PAYEE_CHANGE: payee_change,
    rules.FOLLOWED: followed_news,
}


def _arrived(facts: dict[str, Any], given: dict[str, Any]) -> Line:
    """A gift that is used up: the last expense with its place, if it has words."""
    body = _("给「%(project)s」的这笔钱，已经全部用在了项目上。") % given
    last = expenses.find(facts["expense"]) if facts.get("expense") else None
    if last and last.words:
        words = {"place": last.words["place"], "purpose": last.words["purpose"]}
        body += _("最后一段用在%(place)s：%(purpose)s。") % words
    return Line(_("您的 %(sum)s到了") % given, body, f"/d/{facts.get('deed', 0)}")


def letter(message: Message) -> Words:
    """A message as a letter: both languages, and the address that it leads to."""
    parts, subject = [], ""
    for language in LANGUAGES:
        with translation.override(language):
            said = line(message)
        subject = subject or said.title
        parts.append(f"{said.title}\n\n{said.body}\n\n{settings.JUSHA_SITE}{said.path}")
    return Words(subject, "\n\n—\n\n".join(parts) + "\n")
