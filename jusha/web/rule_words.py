"""A rule version as sentences: every kind and every option, nothing left to guess.

A line is one topic of the rule, so that a page can set them apart; together they say all
that the document says. Before somebody gives, a random rule shows its range and its mean
and nothing that would make giving a game (blueprint decision 8).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.matching.kinds import DRAWS
from jusha.matching.kinds.coupon import Coupon
from jusha.matching.kinds.flat import Flat
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.kinds.one_one_x import OneOneX
from jusha.matching.kinds.per_unit import PerUnit
from jusha.matching.kinds.quadratic import Quadratic
from jusha.matching.kinds.random_range import RandomRange
from jusha.matching.kinds.ratio import Ratio
from jusha.matching.kinds.tier_bonus import TierBonus
from jusha.matching.rules import DAY_MINUTES, RuleTerms, draws
from jusha.money.clock import SHANGHAI_SHIFT_SECONDS, minute_seconds, minute_text
from jusha.web.language import in_english, in_words
from jusha.web.words import day_minute, money

TOPICS: Final = {
    "gives": gettext_lazy("配多少"),
    "when": gettext_lazy("什么时候"),
    "money": gettext_lazy("钱够不够"),
    "caps": gettext_lazy("上限"),
    "who": gettext_lazy("谁的捐赠"),
    "chance": gettext_lazy("怎样抽签"),
}
SURE: Final = 1000
"""The chance, per mille, of what always happens."""
PERCENT_DIGITS: Final = 5
"""(low + high) x chance / 20,000 percent has at most five decimal places."""


class Line(NamedTuple):
    """One topic of a rule: its code, its heading, its sentence."""

    topic: str
    heading: str
    sentence: str


def rule_lines(terms: RuleTerms) -> list[Line]:
    """Say all that a rule version says, a sentence or two a topic."""
    said = (
        ("gives", _gives(terms)),
        ("when", _when(terms)),
        ("money", _money(terms)),
        ("caps", _caps(terms)),
        ("who", _who(terms)),
        ("chance", _chance(terms)),
    )
    return [Line(topic, str(TOPICS[topic]), text) for topic, text in said if text]


def rule_sentence(terms: RuleTerms) -> str:
    """A whole rule version as running text."""
    return joined([line.sentence for line in rule_lines(terms)])


def rule_gist(terms: RuleTerms) -> str:
    """What a rule gives, as one is told before giving: of chance its range and mean."""
    gives = terms.gives
    return stop(_range_and_mean(gives)) if isinstance(gives, RandomRange) else _gives(terms)


def rule_terms(terms: RuleTerms) -> str:
    """When a rule acts, its caps and whom it matches: what a donor plans by, beside the gist."""
    return joined([text for text in (_when(terms), _caps(terms), _who(terms)) if text])


def rule_brief(terms: RuleTerms) -> str:
    """What a donor is told before giving: the gist and the terms."""
    return joined([rule_gist(terms), rule_terms(terms)])


def rule_title(terms: RuleTerms) -> str:
    """The title its sponsor gave a rule, in the reader's language; "" where there is none."""
    return in_words(terms.title_zh, terms.title_en)


def joined(said: list[str]) -> str:
    """Whole sentences one after another: with a blank where words have blanks."""
    return (" " if in_english() else "").join(said)


def stop(*parts: str) -> str:
    """Clauses as one sentence."""
    text = _("，").join(parts) + _("。")
    return text[:1].upper() + text[1:]


def sentences(*parts: str) -> str:
    """Clauses, each a sentence of its own."""
    return joined([stop(part) for part in parts])


def percent(numerator: int, denominator: int = 10) -> str:
    """Write numerator / denominator as exact percent: 85, 10 is "8.5%".

    `denominator` divides 10^5, so that nothing is rounded.
    """
    whole, part = divmod(numerator, denominator)
    digits = str(part * 10**PERCENT_DIGITS // denominator).zfill(PERCENT_DIGITS).rstrip("0")
    return f"{whole:,}.{digits}%" if digits else f"{whole:,}%"


@lru_cache(maxsize=1_024)
def local_minute(text: str) -> str:
    """A UTC minute of a document (2026-09-09T01:12Z) as people in China read it."""
    shifted = minute_text(minute_seconds(text) + SHANGHAI_SHIFT_SECONDS)
    return shifted.replace("T", " ").removesuffix("Z")


def _gives(terms: RuleTerms) -> str:
    said = SAY[type(terms.gives)](terms.gives)
    if terms.fills:
        said.append(
            _("再减去规则 %(rule)s（和它所补足的规则）已经配给这一笔的金额，只配差额")
            % {"rule": terms.fills}
        )
    return sentences(*said)


def floored(said: str) -> str:
    """A clause about a share, with what becomes of parts of a fen."""
    return str(_("%(said)s，不足 1 分舍去") % {"said": said})


def _ratio(gives: Ratio) -> list[str]:
    said: str = _("每捐 %(gift)s配 %(match)s") % {
        "gift": money(gives.denominator * 100),
        "match": money(gives.numerator * 100),
    }
    return [floored(said) if gives.numerator % gives.denominator else said]


def _flat(gives: Flat) -> list[str]:
    return [_("每笔捐赠配 %(match)s，和捐多少无关") % {"match": money(gives.amount)}]


def _per_unit(gives: PerUnit) -> list[str]:
    said: str = _("捐款每满 %(unit)s配 %(each)s") % {
        "unit": money(gives.unit),
        "each": money(gives.each),
    }
    if not gives.units_max:
        return [said]
    count = f"{gives.units_max:,}"
    return [_("%(said)s，一笔最多算 %(count)s 份") % {"said": said, "count": count}]


def _tier_bonus(gives: TierBonus) -> list[str]:
    steps = [
        _("满 %(amount)s配全额的 %(share)s") % {"amount": money(amount), "share": percent(permille)}
        for amount, permille in gives.tiers
    ]
    return [floored(_("一笔捐款%(steps)s") % {"steps": _("，").join(steps)})]


def _range_and_mean(gives: RandomRange) -> str:
    lowest = gives.low if gives.chance == SURE else 0
    return str(
        _("每笔随机配捐款额的 %(low)s 至 %(high)s，平均 %(mean)s")
        % {
            "low": percent(lowest),
            "high": percent(gives.high),
            "mean": percent((gives.low + gives.high) * gives.chance, 20_000),
        }
    )


def _random_range(gives: RandomRange) -> list[str]:
    said = [floored(_range_and_mean(gives))]
    if gives.chance < SURE:
        chance = percent(gives.chance)
        said.append(_("每笔有 %(chance)s 的机会抽中，没有抽中的配 0") % {"chance": chance})
    if gives.low < gives.high:
        said.append(
            _("抽中的在 %(low)s 至 %(high)s 之间每 0.1%% 机会相同")
            % {"low": percent(gives.low), "high": percent(gives.high)}
        )
    return said


def _one_one_x(gives: OneOneX) -> list[str]:
    texts = {"rule": gives.on, "low": percent(gives.low), "high": percent(gives.high)}
    if gives.low == gives.high:
        said = _("规则 %(rule)s 给这笔捐赠配多少，再配它的 %(low)s")
    else:
        said = _(
            "规则 %(rule)s 给这笔捐赠配多少，再随机配它的 %(low)s 至 %(high)s，"
            "平均 %(mean)s，每 0.1%% 机会相同"
        )
    return [floored(said % (texts | {"mean": percent(gives.low + gives.high, 20)}))]


def _friends(gives: Friends) -> list[str]:
    texts = {"rule": gives.on, "count": f"{gives.friends:,}", "low": gives.low, "high": gives.high}
    if gives.low == gives.high:
        said = _(
            "有 %(count)s 位新朋友受一笔捐赠的邀请给同一个项目捐款后，"
            "把规则 %(rule)s 给那笔捐赠的配捐再配 %(low)s 倍"
        )
    else:
        said = _(
            "有 %(count)s 位新朋友受一笔捐赠的邀请给同一个项目捐款后，"
            "把规则 %(rule)s 给那笔捐赠的配捐再配 %(low)s 至 %(high)s 倍，"
            "平均 %(mean)s 倍，每个整倍数机会相同"
        )
    doubled = gives.low + gives.high
    mean = f"{doubled // 2}" + (".5" if doubled % 2 else "")
    return [said % (texts | {"mean": mean})]


def _coupon(gives: Coupon) -> list[str]:
    share = _("凭加倍卡配捐款额的 %(share)s，每张最多配 %(most)s")
    cards = _("加倍卡共 %(count)s 张，编号 0 至 %(last)s，每张只用一次")
    return [
        floored(share % {"share": percent(gives.permille), "most": money(gives.most)}),
        cards % {"count": f"{gives.count:,}", "last": f"{gives.count - 1:,}"},
    ]


def _lump_sum(gives: LumpSum) -> list[str]:
    said = _("一个项目在活动中收到的捐赠累计达到 %(threshold)s时，一次配给它 %(amount)s")
    texts = {"threshold": money(gives.threshold), "amount": money(gives.amount)}
    return [said % texts, _("每个项目只有一次，退款不减少累计")]


def _quadratic(gives: Quadratic) -> list[str]:
    unit = {"unit": money(gives.unit)}
    return [
        _("捐的人多比捐的钱多更算数"),
        _("每位捐赠人对一个项目的捐款总额以 %(unit)s为单位开平方，都只取整数") % unit,
        _("一个项目的分数是这些平方根之和的平方，减去每个平方根的平方"),
        _("各项目按分数的比例分享，1 分数最多分到 %(unit)s") % unit,
    ]


SAY: Final[dict[type, Callable[[Any], list[str]]]] = {
    Ratio: _ratio,
    Flat: _flat,
    PerUnit: _per_unit,
    TierBonus: _tier_bonus,
    RandomRange: _random_range,
    OneOneX: _one_one_x,
    Friends: _friends,
    Coupon: _coupon,
    LumpSum: _lump_sum,
    Quadratic: _quadratic,
}


def _when(terms: RuleTerms) -> str:
    window = terms.window
    if (window.from_minute, window.to_minute) == (0, DAY_MINUTES):
        hours = _("全天")
    else:
        hours = _("每天 %(from)s 至 %(to)s") % {
            "from": day_minute(window.from_minute),
            "to": day_minute(window.to_minute),
        }
    said = [stop(hours, DECIDED[terms.decided](terms))]
    if window.surprise:
        said.append(stop(_("只在惊喜时段内配捐，具体起止事先封存")))
        said.append(stop(_("封存的散列写在规则里，时段结束后公开原文")))
    return joined(said)


def _at_once(_terms: RuleTerms) -> str:
    return str(_("付款成功就按账本上的先后逐笔决定"))


def _by_slice(terms: RuleTerms) -> str:
    window = terms.window
    return str(
        _(
            "每 %(minutes)s 分钟为一段，同一段里的捐赠不分先后，按各自该配的金额成比例分享"
            "这一段的钱，一段结束 %(late)s 分钟后分配"
        )
        % {"minutes": window.slice_minutes, "late": terms.late_minutes}
    )


def _at_close(terms: RuleTerms) -> str:
    if isinstance(terms.gives, Quadratic):
        said = _("活动结束 %(late)s 分钟后一起分配")
    else:
        said = _("活动结束 %(late)s 分钟后一起分配，不分先后，按各自该配的金额成比例")
    return str(said % {"late": terms.late_minutes})


def _afterwards(terms: RuleTerms) -> str:
    return str(
        _(
            "补配北京时间 %(since)s 起、%(until)s 之前已经完成且没有退款的捐赠，"
            "按账本上的先后逐笔决定"
        )
        % {"since": local_minute(terms.since), "until": local_minute(terms.until)}
    )


DECIDED: Final[dict[str, Callable[[RuleTerms], str]]] = {
    "at-once": _at_once,
    "slice": _by_slice,
    "close": _at_close,
    "retro": _afterwards,
}


def _money(terms: RuleTerms) -> str:
    window = terms.window
    budget = {"amount": money(window.budget)}
    if terms.decided in {"close", "retro"}:
        said = [_("一共 %(amount)s") % budget]
    else:
        said = [_("每天一共 %(amount)s") % budget]
    if window.slice_minutes:
        said.append(
            _("每 %(minutes)s 分钟 %(amount)s")
            % {"minutes": window.slice_minutes, "amount": money(window.slice_budget)}
        )
    said = [stop(*said)]
    if window.slice_minutes:
        said.append(
            stop(_("一段没有用完的，当天留给后面的时段"))
            if window.carry
            else stop(_("一段没有用完的留在配捐池，不给后面的时段"))
        )
    return joined([*said, stop(_shortage(terms))])


def _shortage(terms: RuleTerms) -> str:
    if terms.decided in {"slice", "close"}:
        if isinstance(terms.gives, Quadratic):
            return str(_("分不完的留在配捐池"))
        if terms.share == "all":
            return str(_("不论该配的总数是多是少，都把钱全部分完"))
        return str(_("该配的总数超过时同比例减少，不到时剩下的留在配捐池"))
    if terms.exhaustion == "whole":
        return str(_("余额不够配足一笔时，这一笔不配"))
    return str(_("余额不够配足一笔时，配到用完为止"))


def _caps(terms: RuleTerms) -> str:
    caps, personal = terms.caps, not isinstance(terms.gives, LumpSum)
    named = (
        (caps.gift if personal else 0, _("单笔最多配 %(amount)s")),
        (caps.person_day if personal else 0, _("每人每天最多配 %(amount)s")),
        (caps.person_campaign if personal else 0, _("每人在整个活动中最多配 %(amount)s")),
        (caps.project, _("每个项目最多配 %(amount)s")),
        (caps.charity, _("每家机构最多配 %(amount)s")),
    )
    said = [text % {"amount": money(cap)} for cap, text in named if cap]
    if not said:
        return ""
    together = ""
    if any(cap for cap, _text in named[1:]):
        others = _("除单笔上限外，都和活动的其他规则合并计算")
        together = stop(others if named[0][0] else _("和活动的其他规则合并计算"))
    return joined([stop(*said), together] if together else [stop(*said)])


def _who(terms: RuleTerms) -> str:
    if isinstance(terms.gives, LumpSum):
        return stop(_("不看捐赠人是谁，也不看单笔多少"))
    said = []
    if terms.gift_min > 1:
        said.append(_("单笔满 %(amount)s起配") % {"amount": money(terms.gift_min)})
    if terms.anonymous == "none":
        said.append(_("只配能辨认捐赠人的捐赠"))
    else:
        said.append(_("不能辨认捐赠人的捐赠也配，每人的上限对它不起作用"))
    if isinstance(terms.gives, DRAWS):
        said.append(_("渠道上报而还没有和支付对过账的捐赠不参加"))
    return sentences(*said)


def _chance(terms: RuleTerms) -> str:
    if not draws(terms):
        return ""
    return sentences(
        _("每天用一个事先选定的种子抽签，种子的散列至少提前一小时写进公示账本"),
        _("当天结束后公开种子，人人都能重算每一笔"),
    )
