"""What codes mean, in words that people read: entries of the log, and reasons.

Every sentence is a template in Chinese with an English translation beside it
(locale/en); codes never reach a reader without their word.
"""

from collections.abc import Callable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.money.assets import decimal_text
from jusha.web.language import in_english, in_words
from jusha.web.spending_words import what_kind

KINDS: Final = {
    "don": pgettext_lazy("entry", "捐赠"),
    "held": pgettext_lazy("entry", "待查款项"),
    "refund": pgettext_lazy("entry", "退款"),
    "repaid": pgettext_lazy("entry", "退款到账"),
    "residue": pgettext_lazy("entry", "余款转交"),
    "channel": pgettext_lazy("entry", "渠道登记"),
    "reconciled": pgettext_lazy("entry", "渠道对账"),
    "charity": pgettext_lazy("entry", "机构登记"),
    "project": pgettext_lazy("entry", "项目状态"),
    "campaign": pgettext_lazy("entry", "活动设立"),
    "pool": pgettext_lazy("entry", "配捐池注资"),
    "rule": pgettext_lazy("entry", "规则发布"),
    "seal": pgettext_lazy("entry", "总数封存"),
    "draw": pgettext_lazy("entry", "抽签依据"),
    "seed": pgettext_lazy("entry", "种子承诺"),
    "reveal": pgettext_lazy("entry", "秘密公开"),
    "share": pgettext_lazy("entry", "配捐分配"),
    "freeze": pgettext_lazy("entry", "冻结与解冻"),
    "clawback": pgettext_lazy("entry", "配捐收回"),
    "review": pgettext_lazy("entry", "配捐复核"),
    "notice": pgettext_lazy("entry", "配捐池公示"),
    "close": pgettext_lazy("entry", "配捐池关闭"),
    "release": pgettext_lazy("entry", "配捐拨付"),
    "paid": pgettext_lazy("entry", "出资方付款"),
    "accounts": pgettext_lazy("entry", "每日对账"),
    "spend": pgettext_lazy("entry", "支出"),
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
    "unknown-coupon": gettext_lazy("没有这张加倍卡"),
    "project-not-admitted": gettext_lazy("渠道不能为这个项目上报"),
    "over-gift-limit": gettext_lazy("超过渠道的单笔上限"),
    "over-minute-limit": gettext_lazy("超过渠道的每分钟上限"),
    "over-day-limit": gettext_lazy("超过渠道的每日上限"),
    "room-over": gettext_lazy("为这一笔留的额度到时间了，请重新捐一次"),
    "no-merchant": gettext_lazy("收款机构还没有开通这种付款方式"),
    "payer-unknown": gettext_lazy("没能认出您的微信，请回到项目页重新捐一次"),
    "charity-unqualified": gettext_lazy("这家机构的公开募捐资格那天不在有效期内"),
    "no-rail": gettext_lazy("本站现在不能用这种付款方式"),
}

BOUND_NAMES: Final = {
    "rule": gettext_lazy("规则给出"),
    "gift": gettext_lazy("单笔最多"),
    "person-day": gettext_lazy("每人每天最多"),
    "person-campaign": gettext_lazy("每人整个活动最多"),
    "project": gettext_lazy("每个项目最多"),
    "charity": gettext_lazy("每家机构最多"),
    "channel": gettext_lazy("渠道对账前的额度"),
    "window": gettext_lazy("总额度"),
    "slice": gettext_lazy("这一段的额度"),
    "pool": gettext_lazy("配捐池余额"),
}

MATCHED: Final = {
    "rule": gettext_lazy("按规则全额配捐 %(matched)s。"),
    "gift": gettext_lazy("配捐 %(matched)s：这是规则的单笔上限。"),
    "person-day": gettext_lazy("配捐 %(matched)s：到了这位捐赠人当天的配捐上限。"),
    "person-campaign": gettext_lazy("配捐 %(matched)s：到了这位捐赠人在活动中的配捐上限。"),
    "project": gettext_lazy("配捐 %(matched)s：到了这个项目在活动中的配捐上限。"),
    "charity": gettext_lazy("配捐 %(matched)s：到了这家机构在活动中的配捐上限。"),
    "channel": gettext_lazy("配捐 %(matched)s：到了这个渠道对账前可用的额度。"),
    "window": gettext_lazy("配捐 %(matched)s：总额度只剩这么多。"),
    "slice": gettext_lazy("配捐 %(matched)s：这一段时间的额度只剩这么多。"),
    "pool": gettext_lazy("配捐 %(matched)s：配捐池只剩这么多。"),
    "share": gettext_lazy("按比例分到配捐 %(matched)s。"),
}

NOTHING_LEFT: Final = {
    "rule": gettext_lazy("没有配捐：按规则算出来是 0。"),
    "gift": gettext_lazy("没有配捐：规则的单笔上限是 0。"),
    "person-day": gettext_lazy("没有配捐：这位捐赠人当天的配捐已到上限。"),
    "person-campaign": gettext_lazy("没有配捐：这位捐赠人在活动中的配捐已到上限。"),
    "project": gettext_lazy("没有配捐：这个项目在活动中的配捐已到上限。"),
    "charity": gettext_lazy("没有配捐：这家机构在活动中的配捐已到上限。"),
    "channel": gettext_lazy("没有配捐：这个渠道对账前的额度已用完。"),
    "window": gettext_lazy("没有配捐：总额度不够了。"),
    "slice": gettext_lazy("没有配捐：这一段时间的额度不够了。"),
    "pool": gettext_lazy("没有配捐：配捐池不够了。"),
    "share": gettext_lazy("没有配捐：按比例分到的不足 1 分。"),
}

NOT_MATCHED: Final = {
    "closed": gettext_lazy("没有配捐：当时活动没有开放，或者配捐池已经截止。"),
    "not-admitted": gettext_lazy("没有配捐：这个渠道不参加活动。"),
    "frozen": gettext_lazy("没有配捐：这个项目的配捐当时被冻结。"),
    "outside-window": gettext_lazy("没有配捐：捐赠时间不在每天的配捐时段内。"),
    "too-small": gettext_lazy("没有配捐：金额没有达到规则的起配金额。"),
    "no-person": gettext_lazy("没有配捐：规则需要能辨认捐赠人，这笔捐赠无法辨认。"),
    "refunded": gettext_lazy("没有配捐：发出邀请的那笔捐赠已经退款或被收回配捐。"),
    "not-reconciled": gettext_lazy("没有配捐：抽签只给已经和支付对过账的捐赠。"),
    "no-seed": gettext_lazy("没有配捐：当天的抽签种子没有事先公布。"),
    "revealed": gettext_lazy("没有配捐：付款通知到得太晚，当天的种子已经公开。"),
    "coupon-used": gettext_lazy("没有配捐：这张加倍卡已经用过。"),
    "slice-closed": gettext_lazy("没有配捐：付款通知到得太晚，这一段已经分配。"),
}

PLAIN: Final = {
    "don": (gettext_lazy("捐给「%(name)s」"), "prj"),
    "channel": (gettext_lazy("渠道 %(name)s 可以上报善行"), "ch"),
    "charity": (gettext_lazy("「%(name)s」建立账套"), "org"),
    "campaign": (gettext_lazy("「%(name)s」的时间和渠道"), "rd"),
    "rule": (gettext_lazy("配捐规则 %(name)s"), "r"),
    "seal": (gettext_lazy("「%(name)s」到此为止的总数"), "rd"),
    "draw": (gettext_lazy("下面几笔捐赠抽签时用的信封散列"), "d"),
    "reveal": (gettext_lazy("一个事先封存的秘密现在公开，人人可以重算"), "h"),
    "notice": (gettext_lazy("配捐池 %(name)s 进入公示，不再配新的捐赠"), "pool"),
}
"""Kinds of entries that are told with one name: the sentence, and the field of the name."""


def kind_name(kind: str) -> str:
    """What a kind of entry is called; the code itself for a kind made after this version."""
    return str(KINDS.get(kind, kind))


def reason(code: str) -> str:
    """Why something was held or refused; the code itself where there is no word yet."""
    return str(REASONS.get(code, code))


def yuan_short(fen: int) -> str:
    """Whole yuan in a few letters, rounded down: 860, 1.2万, 3,400万; in English 12K, 34M."""
    yuan = fen // 100
    steps = ((10**6, "M"), (10**3, "K")) if in_english() else ((10**8, "亿"), (10**4, "万"))
    for size, letter in steps:
        if yuan >= size:
            whole, tenth = yuan // size, yuan % size * 10 // size
            shown = f"{whole:,}" if whole >= 10 or not tenth else f"{whole}.{tenth}"  # noqa: PLR2004 - two figures
            return f"{shown}{in_words(letter, letter)}"
    return f"{yuan:,}"


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
    """One sentence: why this gift was matched with so much, or not at all, or not yet."""
    by: str = match["by"]
    if match.get("c"):
        return _claimed(by) % {"claim": money(match["c"], asset)}
    if match["amt"]:
        return str(MATCHED.get(by, by)) % {"matched": money(match["amt"], asset)}
    return str(NOTHING_LEFT.get(by) or NOT_MATCHED.get(by) or by)


def why_templates() -> dict[str, Any]:
    """The sentences of `why`, holes unfilled, for a page that fills them in the browser.

    By bound: `matched` (hole: matched), `nothing`, `claimed` (hole: claim). `yuan` has the
    hole amount.
    """
    return {
        "matched": {by: str(text) for by, text in MATCHED.items()},
        "nothing": {by: str(text) for by, text in (NOTHING_LEFT | NOT_MATCHED).items()},
        "claimed": {by: _claimed(by) for by in ("rule", "bound")},
        "yuan": _("%(amount)s 元"),
    }


def _claimed(by: str) -> str:
    if by == "rule":
        return str(_("按规则记下 %(claim)s，到时和同一段的捐赠一起按比例分享。"))
    return str(_("受上限限制记下 %(claim)s，到时和同一段的捐赠一起按比例分享。"))


def about(entry: dict[str, Any], titles: dict[str, str]) -> str:
    """What an entry records, in one line. `titles`: see titles.titles_of."""
    kind = entry["k"]
    named = {
        key: titles.get(f"{key}/{value}", value)
        for key, value in entry.items()
        if type(value) is str
    }
    return WITH_MORE[kind](entry, named) if kind in WITH_MORE else _about_plain(kind, entry, named)


def _about_held(entry: dict[str, Any], _named: dict[str, str]) -> str:
    return _("来自渠道 %(channel)s，先记在待查账：%(reason)s") % {
        "channel": entry["ch"],
        "reason": reason(entry["why"]),
    }


def _about_refund(entry: dict[str, Any], _named: dict[str, str]) -> str:
    return _("退回第 %(number)s 条") % {"number": f"{entry['ref']:,}"}


def _about_repaid(entry: dict[str, Any], _named: dict[str, str]) -> str:
    return _("第 %(number)s 条的退款已回到捐赠人手中") % {"number": f"{entry['ref']:,}"}


def _about_residue(entry: dict[str, Any], named: dict[str, str]) -> str:
    return _("第 %(number)s 条没能退给捐赠人，依主管部门的文书转给「%(name)s」") % {
        "number": f"{entry['ref']:,}",
        "name": named["org"],
    }


def _about_reconciled(entry: dict[str, Any], _named: dict[str, str]) -> str:
    return _("渠道 %(channel)s %(day)s 的账单对上：所用配捐 %(amount)s 不再占用限额") % {
        "channel": entry["ch"],
        "day": entry["day"],
        "amount": money(entry["amt"]),
    }


def _about_project(entry: dict[str, Any], named: dict[str, str]) -> str:
    is_open = entry["st"] == "open"
    text = _("「%(name)s」开放接受捐赠") if is_open else _("「%(name)s」停止接受捐赠")
    return str(text % {"name": named["prj"]})


def _about_pool(entry: dict[str, Any], _named: dict[str, str]) -> str:
    how = _("资金已到位") if entry["how"] == "secured" else _("在公示的信用额度内承诺")
    return _("配捐池 %(pool)s：%(how)s") % {"pool": entry["pool"], "how": how}


def _about_plain(kind: str, entry: dict[str, Any], named: dict[str, str]) -> str:
    """Entries that need one name and nothing else."""
    if kind not in PLAIN:
        return _("这个版本的页面还不认识这种记录，原文在下面")
    text, key = PLAIN[kind]
    return str(text) % {"name": named.get(key, str(entry.get(key, "")))}


def _about_seed(entry: dict[str, Any], _named: dict[str, str]) -> str:
    return _("规则 %(rule)s 在 %(day)s 抽签用的种子，先公布散列") % {
        "rule": entry["r"],
        "day": entry["day"],
    }


def _about_share(entry: dict[str, Any], _named: dict[str, str]) -> str:
    if entry["slice"] == "retro":
        return _("规则 %(rule)s 给以前的 %(count)s 笔捐赠补配 %(amount)s") % {
            "rule": entry["r"],
            "count": f"{len(entry['m']):,}",
            "amount": money(sum(each[1] for each in entry["m"])),
        }
    return _("规则 %(rule)s 把 %(budget)s分给 %(count)s 笔捐赠") % {
        "rule": entry["r"],
        "budget": money(entry["bud"]),
        "count": f"{entry['cnt']:,}",
    }


def _about_freeze(entry: dict[str, Any], named: dict[str, str]) -> str:
    frozen = _("「%(name)s」暂停配捐和拨付")
    free = _("「%(name)s」恢复配捐和拨付")
    if "hold" in entry:
        frozen, free = _("「%(name)s」被平台暂停"), _("平台解除了「%(name)s」的暂停")
    return str((frozen if entry["st"] == "frozen" else free) % {"name": named["prj"]})


def _about_claw_back(entry: dict[str, Any], _named: dict[str, str]) -> str:
    return _("第 %(number)s 条的配捐全部收回") % {"number": f"{entry['ref']:,}"}


def _about_review(entry: dict[str, Any], _named: dict[str, str]) -> str:
    held, let = _("第 %(number)s 条的配捐正在复核"), _("第 %(number)s 条的配捐复核无误")
    return str((held if entry["st"] == "open" else let) % {"number": f"{entry['ref']:,}"})


def _about_close(entry: dict[str, Any], _named: dict[str, str]) -> str:
    if entry["to"] == "sponsor":
        text = _("配捐池 %(pool)s 关闭，剩余 %(rest)s归出资方")
    else:
        text = _("配捐池 %(pool)s 关闭，剩余 %(rest)s分给各项目")
    return str(text % {"pool": entry["pool"], "rest": money(entry["rest"])})


def _about_release(entry: dict[str, Any], named: dict[str, str]) -> str:
    return _("配捐池 %(pool)s 向「%(name)s」拨付 %(amount)s") % {
        "pool": entry["pool"],
        "name": named["prj"],
        "amount": money(entry["amt"]),
    }


def _about_paid(entry: dict[str, Any], named: dict[str, str]) -> str:
    return _("配捐池 %(pool)s 的出资方付给「%(name)s」%(amount)s") % {
        "pool": entry["pool"],
        "name": named["org"],
        "amount": money(entry["amt"]),
    }


def _about_accounts(entry: dict[str, Any], named: dict[str, str]) -> str:
    return _("「%(name)s」%(day)s 的名单与账单逐笔核对的结果") % {
        "name": named["org"],
        "day": entry["day"],
    }


def _about_spend(entry: dict[str, Any], named: dict[str, str]) -> str:
    programme = _("「%(name)s」用于项目的钱，用在了：%(what)s")
    running = _("「%(name)s」的执行成本，用在了：%(what)s")
    text = programme if entry["line"] == "programme" else running
    return str(text % {"name": named["prj"], "what": what_kind(entry["what"])})


WITH_MORE: Final[dict[str, Callable[[dict[str, Any], dict[str, str]], str]]] = {
    "held": _about_held,
    "refund": _about_refund,
    "repaid": _about_repaid,
    "residue": _about_residue,
    "reconciled": _about_reconciled,
    "project": _about_project,
    "pool": _about_pool,
    "seed": _about_seed,
    "share": _about_share,
    "freeze": _about_freeze,
    "clawback": _about_claw_back,
    "review": _about_review,
    "close": _about_close,
    "release": _about_release,
    "paid": _about_paid,
    "accounts": _about_accounts,
    "spend": _about_spend,
}
"""Kinds of entry whose line needs more than one name."""
