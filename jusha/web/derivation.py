"""An explanation in words: the same for the page of a deed and for `jusha explain`.

Every number that decided something is written as the arithmetic it came from. Of other
donors nothing is said, of this one no key.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from jusha.matching.kinds.ask import Ask
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
from jusha.matching.queries import Published
from jusha.settlement.explain import Bound, Drawn, Explanation, Share, Verdict
from jusha.web.rule_words import local_minute, rule_gist, rule_title
from jusha.web.words import BOUND_NAMES, money, why


class Row(NamedTuple):
    """One bound in words: its name, what it allowed (fen, None: not told), how that came about."""

    name: str
    allowed: int | None
    how: str
    decided: bool


class Told(NamedTuple):
    """One rule's part in a gift: one sentence and its derivation; sums in fen.

    `steps` lead to what the rule gives, `rows` are the bounds, `shares` lead from a claim on.
    `claim` is what still waits to be shared. `quiet`: the rule did not concern this gift.
    """

    rule: Published
    title: str
    amount: int
    claim: int
    why: str
    sentence: str
    steps: tuple[str, ...]
    rows: tuple[Row, ...]
    shares: tuple[str, ...]
    agrees: bool
    quiet: bool


def told(explanation: Explanation) -> list[Told]:
    """Put every verdict of an explanation in words, in its order."""
    return [_told(verdict, explanation.whole) for verdict in explanation.verdicts]


def _told(verdict: Verdict, whole: bool) -> Told:  # noqa: FBT001 - private
    rule = verdict.rule
    return Told(
        rule,
        rule_title(rule.terms),
        verdict.amount + (verdict.share.paid if verdict.share else 0),
        verdict.claim if verdict.share and verdict.share.state in {"waiting", "paying"} else 0,
        sentence_of(verdict),
        rule_gist(rule.terms),
        tuple(_steps(verdict)),
        tuple(_row(bound) for bound in verdict.bounds) if whole else (),
        tuple(_share(verdict, verdict.share)) if verdict.share else (),
        verdict.agrees,
        verdict.said == "silent",
    )


class Brief(NamedTuple):
    """A match of a leaf in one sentence; `claim` is what waits to be shared. Sums in fen."""

    amount: int
    claim: int
    why: str


def brief(match: dict[str, Any]) -> Brief:
    """Say of a match what its leaf says, and no more."""
    return Brief(match["amt"], match.get("c", 0), why(match))


def sentence_of(verdict: Verdict) -> str:
    """The one sentence that answers why."""
    if verdict.said == "silent":
        return SILENT[verdict.silent](verdict.facts)
    if verdict.later:
        friends, retro = (
            _("受邀的朋友到齐了，又配捐 %(matched)s。"),
            _("后来的规则补配 %(matched)s。"),
        )
        text = friends if verdict.later == "friends" else retro
        return str(text % {"matched": money(verdict.amount)})
    if verdict.share and verdict.share.state in {"paid", "void"}:
        if verdict.share.state == "void":
            return str(_("没有配捐：分配之前这笔捐赠已经退款或被收回配捐，应得的一份作废。"))
        return why({"amt": verdict.share.paid, "by": "share"})
    return why({"amt": verdict.amount, "by": verdict.by, "c": verdict.claim})


def nothing() -> str:
    """What is said of a gift that no rule met."""
    return str(_("没有规则和这笔捐赠有关。"))


def differs() -> str:
    """What is said where deciding once more came out differently."""
    return str(_("重算的结果和账本不一致，请报告给我们。"))


def fen(amount: int) -> str:
    """An amount in arithmetic: fen, with its thousands apart."""
    return _("%(amount)s 分") % {"amount": f"{amount:,}"}


def _steps(verdict: Verdict) -> list[str]:
    """The arithmetic, one line a step."""
    steps = []
    if verdict.for_number >= 0:
        number = f"{verdict.for_number:,}"
        steps.append(_("这一份配给发出邀请的第 %(number)s 条。") % {"number": number})
    if verdict.drawn:
        steps += _drawn(verdict.drawn)
    if verdict.asked is not None and verdict.ask is not None and verdict.later != "friends":
        steps.append(_asked(verdict, verdict.ask, verdict.asked))
    return steps


def _asked(verdict: Verdict, ask: Ask, asked: int) -> str:
    gives = verdict.rule.terms.gives
    text = ARITHMETIC[type(gives)](gives, ask, verdict.drawn)
    if verdict.rule.terms.fills:
        text = _("（%(text)s）－ 已由规则 %(rule)s 等配的 %(filled)s") % {
            "text": text,
            "rule": verdict.rule.terms.fills,
            "filled": fen(ask.filled),
        }
    return _("规则给出：%(text)s ＝ %(asked)s") % {"text": text, "asked": fen(asked)}


def _ratio(gives: Ratio, ask: Ask, _drawn: Drawn | None) -> str:
    return f"{fen(ask.amount)} × {gives.numerator:,} ÷ {gives.denominator:,}"


def _flat(gives: Flat, _ask: Ask, _drawn: Drawn | None) -> str:
    return str(_("每笔固定 %(amount)s") % {"amount": fen(gives.amount)})


def _per_unit(gives: PerUnit, ask: Ask, _drawn: Drawn | None) -> str:
    units = ask.amount // gives.unit
    counted = min(units, gives.units_max) if gives.units_max else units
    texts = {"amount": fen(ask.amount), "unit": fen(gives.unit), "units": f"{units:,}"}
    whole = _("%(amount)s里有 %(units)s 个 %(unit)s") % texts
    if counted < units:
        whole = _("%(whole)s，最多算 %(count)s 个") % {"whole": whole, "count": f"{counted:,}"}
    return _("，").join([whole, f"{counted:,} × {fen(gives.each)}"])


def _tier_bonus(gives: TierBonus, ask: Ask, _drawn: Drawn | None) -> str:
    reached = [tier for tier in gives.tiers if tier[0] <= ask.amount]
    if not reached:
        return str(_("没有达到最低一档 %(amount)s") % {"amount": fen(gives.tiers[0][0])})
    at, permille = reached[-1]
    texts = {"at": fen(at), "amount": fen(ask.amount), "permille": f"{permille:,}"}
    return str(_("达到 %(at)s一档：%(amount)s × %(permille)s ÷ 1,000") % texts)


def _random_range(_gives: RandomRange, ask: Ask, drawn: Drawn | None) -> str:
    if drawn is None or drawn.hit is False:
        return str(_("没有抽中"))
    return f"{fen(ask.amount)} × {drawn.picked or 0:,} ÷ 1,000"


def _one_one_x(gives: OneOneX, ask: Ask, drawn: Drawn | None) -> str:
    on, picked = ask.given.get(gives.on, 0), drawn.picked if drawn and drawn.picked else 0
    return f"{gives.on} {fen(on)} × {picked:,} ÷ 1,000"


def _friends(gives: Friends, ask: Ask, drawn: Drawn | None) -> str:
    times = drawn.picked if drawn and drawn.picked is not None else gives.low
    return f"{gives.on} {fen(ask.base)} × {times:,}"


def _coupon(gives: Coupon, ask: Ask, _drawn: Drawn | None) -> str:
    share = f"{fen(ask.amount)} × {gives.permille:,} ÷ 1,000"
    return str(_("%(share)s，最多 %(most)s") % {"share": share, "most": fen(gives.most)})


def _lump_sum(gives: LumpSum, _ask: Ask, _drawn: Drawn | None) -> str:
    threshold = {"threshold": fen(gives.threshold)}
    return str(_("这一笔使项目的累计捐赠达到 %(threshold)s") % threshold)


def _quadratic(_gives: Quadratic, ask: Ask, _drawn: Drawn | None) -> str:
    return str(_("计入平方分配的捐款 %(amount)s") % {"amount": fen(ask.amount)})


ARITHMETIC: Final[dict[type, Callable[[Any, Ask, Drawn | None], str]]] = {
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


def _drawn(drawn: Drawn) -> list[str]:
    """What a draw was made of; what came out, once the seed is in the log."""
    steps = [
        _("抽签依据：第 %(entry)s 条公布的信封散列 %(digest)s，这一笔在信封里的位置是 %(place)s")
        % {"entry": f"{drawn.digest_entry:,}", "digest": drawn.digest, "place": drawn.place},
        _("当天种子的散列 %(seed)s，事先写在第 %(entry)s 条")
        % {"seed": drawn.seed, "entry": f"{drawn.seed_entry:,}"},
    ]
    if not drawn.revealed_entry:
        return [*steps, _("种子要到当天结束后才公开，公开后这里会列出抽到的数")]
    steps.append(
        _("种子已在第 %(entry)s 条公开：HMAC-SHA256 的前 16 个字节是 %(draw)s")
        % {"entry": f"{drawn.revealed_entry:,}", "draw": drawn.draw}
    )
    if drawn.hit is False:
        steps.append(_("前 8 个字节决定是否抽中：没有抽中"))
    elif drawn.picked is not None:
        steps.append(_("后 8 个字节决定抽到的数：%(picked)s") % {"picked": f"{drawn.picked:,}"})
    return steps


def _share(verdict: Verdict, share: Share) -> list[str]:
    steps = [_("记下的应配金额：%(claim)s") % {"claim": fen(verdict.claim)}]
    if share.state == "waiting":
        due = {"due": local_minute(share.due)}
        return [*steps, _("最早在北京时间 %(due)s 分配") % due]
    steps.append(
        _("%(count)s 笔一共应配 %(total)s，有 %(budget)s可分")
        % {"count": f"{share.count:,}", "total": fen(share.total), "budget": fen(share.budget)}
    )
    if isinstance(verdict.rule.terms.gives, Quadratic):
        return [*steps, _("这笔钱按各项目的分数分给项目，不单独分到每一笔")]
    steps.append(
        _("%(claim)s × %(budget)s ÷ %(total)s ＝ %(floor)s，余数 %(remainder)s")
        % {
            "claim": f"{verdict.claim:,}",
            "budget": f"{share.budget:,}",
            "total": f"{share.total:,}",
            "floor": fen(share.floor),
            "remainder": f"{share.remainder:,}",
        }
    )
    steps.append(_one_more(share))
    if share.state == "paying":
        steps.append(_("正在分配，还没有轮到这一笔"))
    return steps


def _one_more(share: Share) -> str:
    if share.cut_number < 0:
        return str(_("没有需要再分的零头"))
    texts = {"remainder": f"{share.cut_remainder:,}", "number": f"{share.cut_number:,}"}
    if share.one_more:
        text = _(
            "零头按余数从大到小各加 1 分，到余数 %(remainder)s 的第 %(number)s 条为止：加 1 分"
        )
    else:
        text = _("零头按余数从大到小各加 1 分，到余数 %(remainder)s 的第 %(number)s 条为止：不加")
    return str(text % texts)


def _row(bound: Bound) -> Row:
    how = ""
    if bound.limit is not None and bound.used is not None:
        how = _("%(limit)s － 已用 %(used)s") % {
            "limit": money(bound.limit),
            "used": money(bound.used),
        }
    elif bound.limit is not None:
        how = _("属于发出邀请的捐赠人，不在这里显示")
    elif bound.code == "rule" and bound.allowed is None:
        how = _("种子公开以后才能显示")
    return Row(str(BOUND_NAMES[bound.code]), bound.allowed, how, bound.decided)


def _no_coupon(_facts: dict[str, Any]) -> str:
    return str(_("没有配捐：这笔捐赠没有用加倍卡。"))


def _other_coupon(facts: dict[str, Any]) -> str:
    return str(_("没有配捐：加倍卡 %(coupon)s 是另一条规则的。") % facts)


def _coupon_beyond(facts: dict[str, Any]) -> str:
    return str(_("没有配捐：没有加倍卡 %(coupon)s，规则只有 %(count)s 张。") % facts)


def _no_invitation(_facts: dict[str, Any]) -> str:
    return str(_("没有配捐：这笔捐赠不是受邀的新朋友捐的。"))


def _friends_count(facts: dict[str, Any]) -> str:
    text = _("没有加倍：第 %(gift)s 条邀请的朋友中这是第 %(come)s 位，第 %(wanted)s 位才加倍。")
    return str(text % facts)


def _threshold_ahead(facts: dict[str, Any]) -> str:
    text = _("没有配捐：加上这一笔，项目累计收到 %(after)s，还没有达到 %(threshold)s。")
    return str(text % {name: money(value) for name, value in facts.items()})


def _threshold_passed(facts: dict[str, Any]) -> str:
    text = _("没有配捐：项目在这一笔之前已经累计收到 %(before)s，达到过 %(threshold)s。")
    return str(text % {name: money(value) for name, value in facts.items()})


def _outside_surprise(facts: dict[str, Any]) -> str:
    text = _("没有配捐：惊喜时段是北京时间 %(from)s 至 %(to)s。")
    return str(text % {name: local_minute(facts[name]) for name in ("from", "to")})


def _surprise_secret(_facts: dict[str, Any]) -> str:
    return str(_("没有配捐：捐赠时不在惊喜时段内；起止要到时段结束后才公开。"))


def _unknown(_facts: dict[str, Any]) -> str:
    return str(_("没有配捐：这条规则和这笔捐赠无关。"))


SILENT: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "no-coupon": _no_coupon,
    "other-coupon": _other_coupon,
    "coupon-beyond": _coupon_beyond,
    "no-invitation": _no_invitation,
    "friends-count": _friends_count,
    "threshold-ahead": _threshold_ahead,
    "threshold-passed": _threshold_passed,
    "outside-surprise": _outside_surprise,
    "surprise-secret": _surprise_secret,
    "unknown": _unknown,
}


def after(explanation: Explanation) -> list[str]:
    """What was sent or taken back of the gift and its matches, oldest first."""
    said = [(number, _refund(number, amount, back)) for number, amount, back in explanation.refunds]
    if explanation.claw_back:
        number, amount = explanation.claw_back
        texts = {"number": f"{number:,}", "amount": money(amount)}
        said.append((number, _("第 %(number)s 条收回配捐 %(amount)s。") % texts))
    return [text for _number, text in sorted(said)]


def _refund(number: int, amount: int, back: int) -> str:
    """One refund in words; of matches only where some went back."""
    told = {"number": f"{number:,}", "amount": money(amount)}
    if not back:
        return _("第 %(number)s 条退款 %(amount)s。") % told
    return _("第 %(number)s 条退款 %(amount)s，配捐退回 %(back)s。") % (
        told | {"back": money(back)}
    )
