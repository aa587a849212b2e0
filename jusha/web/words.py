"""What codes mean, in words that people read: entries of the log, reasons, rules.

Every sentence is a template in Chinese with an English translation beside it
(locale/en); codes never reach a reader without their word.
"""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.matching.rules import RuleTerms
from jusha.money.assets import decimal_text

KINDS: Final = {
    "don": pgettext_lazy("entry", "捐赠"),
    "held": pgettext_lazy("entry", "待查款项"),
    "refund": pgettext_lazy("entry", "退款"),
    "channel": pgettext_lazy("entry", "渠道登记"),
    "charity": pgettext_lazy("entry", "机构登记"),
    "project": pgettext_lazy("entry", "项目状态"),
    "campaign": pgettext_lazy("entry", "活动设立"),
    "pool": pgettext_lazy("entry", "配捐池注资"),
    "rule": pgettext_lazy("entry", "规则发布"),
    "seal": pgettext_lazy("entry", "总数封存"),
}

REASONS: Final = {
    "order-paid": gettext_lazy("这个订单已经付过款"),
    "wrong-asset": gettext_lazy("币种与订单不一致"),
    "wrong-amount": gettext_lazy("金额与订单不一致"),
    "wrong-project": gettext_lazy("项目与订单不一致"),
    "wrong-payee": gettext_lazy("收款机构与项目不一致"),
    "unknown-order": gettext_lazy("找不到对应的订单"),
    "unknown-project": gettext_lazy("找不到对应的项目"),
    "unknown-campaign": gettext_lazy("找不到对应的活动"),
    "project-gone": gettext_lazy("项目已停止接受捐赠"),
    "order-number-taken": gettext_lazy("订单号已被使用"),
    "asset-not-admitted": gettext_lazy("渠道不能上报这种币种"),
    "project-not-admitted": gettext_lazy("渠道不能为这个项目上报"),
    "over-gift-limit": gettext_lazy("超过渠道的单笔上限"),
    "over-minute-limit": gettext_lazy("超过渠道的每分钟上限"),
    "over-day-limit": gettext_lazy("超过渠道的每日上限"),
}

BOUND_NAMES: Final = {
    "rule": gettext_lazy("规则给出"),
    "gift": gettext_lazy("单笔最多"),
    "person-day": gettext_lazy("每人每天最多"),
    "channel": gettext_lazy("渠道对账前的额度"),
    "window": gettext_lazy("当天的总额度"),
    "pool": gettext_lazy("配捐池余额"),
}


def kind_name(kind: str) -> str:
    """What a kind of entry is called; the code itself for a kind made after this version."""
    return str(KINDS.get(kind, kind))


def reason(code: str) -> str:
    """Why something was held or refused; the code itself where there is no word yet."""
    return str(REASONS.get(code, code))


def money(amount: int, asset: str = "CNY") -> str:
    """An amount inside a sentence: "8.20 元", "20 元", "¥8.20", "8.20 USD"."""
    whole, _dot, part = decimal_text(amount, asset).partition(".")
    grouped = f"{int(whole):,}" + (f".{part}" if int(part or 0) else "")
    if asset != "CNY":
        return f"{grouped} {asset}"
    text: str = _("%(amount)s 元") % {"amount": grouped}
    return text


def day_minute(minute: int) -> str:
    """A minute of the day as a clock shows it: 540 is "09:00"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def why(match: dict[str, Any], *, asset: str = "CNY") -> str:
    """One sentence: why this gift was matched with so much, or not at all."""
    given = {"matched": money(match["amt"], asset)}
    sentences = {
        "rule": _("按规则的比例全额配捐 %(matched)s。"),
        "gift": _("配捐 %(matched)s：这是规则的单笔上限。"),
        "person-day": _("配捐 %(matched)s：到了这位捐赠人当天的配捐上限。"),
        "channel": _("配捐 %(matched)s：到了这个渠道对账前可用的额度。"),
        "window": _("配捐 %(matched)s：当天的总额度只剩这么多。"),
        "pool": _("配捐 %(matched)s：配捐池只剩这么多。"),
        "closed": _("没有配捐：捐赠时活动没有开放。"),
        "not-admitted": _("没有配捐：这个渠道不参加活动。"),
        "outside-window": _("没有配捐：捐赠时间不在每天的配捐时段内。"),
        "too-small": _("没有配捐：金额没有达到规则的起配金额。"),
        "no-person": _("没有配捐：规则需要能辨认捐赠人，这笔捐赠无法辨认。"),
    }
    nothing_left = {
        "person-day": _("没有配捐：这位捐赠人当天的配捐已到上限。"),
        "channel": _("没有配捐：这个渠道对账前的额度已用完。"),
        "window": _("没有配捐：当天的总额度已用完。"),
        "pool": _("没有配捐：配捐池已用完。"),
        "rule": _("没有配捐：按比例不足 1 分。"),
    }
    chosen = sentences if match["amt"] else sentences | nothing_left
    by: str = match["by"]
    return chosen.get(by, by) % given


def rule_sentence(terms: RuleTerms) -> str:
    """A rule version as one sentence that a donor can plan by."""
    window = terms.window
    parts = [
        _("每天 %(from)s 至 %(to)s，每捐 %(gift)s配 %(match)s")
        % {
            "from": day_minute(window.from_minute),
            "to": day_minute(window.to_minute),
            "gift": money(terms.denominator * 100),
            "match": money(terms.numerator * 100),
        }
    ]
    if terms.gift_min > 1:
        parts.append(_("满 %(amount)s起配") % {"amount": money(terms.gift_min)})
    if terms.gift_max:
        parts.append(_("单笔最多配 %(amount)s") % {"amount": money(terms.gift_max)})
    if terms.person_day_max:
        parts.append(_("每人每天最多配 %(amount)s") % {"amount": money(terms.person_day_max)})
    if terms.anonymous == "none":
        parts.append(_("只配能辨认捐赠人的捐赠"))
    parts.append(_("每天共 %(amount)s，用完为止") % {"amount": money(window.budget)})
    return _("，").join(parts) + _("。")


def about(entry: dict[str, Any], titles: dict[str, str]) -> str:
    """What an entry records, in one line. `titles`: see titles.titles_of."""
    kind = entry["k"]
    named = {
        key: titles.get(f"{key}/{value}", value)
        for key, value in entry.items()
        if type(value) is str
    }
    if kind == "don":
        return _("捐给「%(project)s」") % {"project": named["prj"]}
    if kind == "held":
        return _("来自渠道 %(channel)s，先记在待查账：%(reason)s") % {
            "channel": entry["ch"],
            "reason": reason(entry["why"]),
        }
    if kind == "refund":
        return _("退回第 %(number)s 条") % {"number": f"{entry['ref']:,}"}
    if kind == "project":
        text = (
            _("「%(name)s」开放接受捐赠")
            if entry["st"] == "open"
            else _("「%(name)s」停止接受捐赠")
        )
        return text % {"name": named["prj"]}
    if kind == "pool":
        how = _("资金已到位") if entry["how"] == "secured" else _("在公示的信用额度内承诺")
        return _("配捐池 %(pool)s：%(how)s") % {"pool": entry["pool"], "how": how}
    return _about_plain(kind, entry, named)


def _about_plain(kind: str, entry: dict[str, Any], named: dict[str, str]) -> str:
    """Entries that need one name and nothing else."""
    texts = {
        "channel": (_("渠道 %(name)s 可以上报善行"), "ch"),
        "charity": (_("「%(name)s」建立账套"), "org"),
        "campaign": (_("「%(name)s」的时间和渠道"), "rd"),
        "rule": (_("配捐规则 %(name)s"), "r"),
        "seal": (_("「%(name)s」到此为止的总数"), "rd"),
    }
    if kind not in texts:
        return _("这个版本的页面还不认识这种记录，原文在下面")
    text, key = texts[kind]
    return text % {"name": named.get(key, str(entry.get(key, "")))}
