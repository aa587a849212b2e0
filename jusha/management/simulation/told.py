"""What every picture shows, in words: a sentence for each candidate."""

from collections.abc import Sequence
from typing import Final

from jusha.management.simulation.say import Say
from jusha.settlement.estimate_figures import Figures, Row

GROUP_WORDS: Final = {
    "honest": ("普通捐赠人", "People"),
    "splitter": ("拆单刷捐", "Splitters"),
    "reimbursed": ("先捐后报销", "Reimbursed"),
    "sniper": ("开场脚本", "Snipers"),
}


def pool_told(all_: Sequence[Figures], say: Say, *, days: int) -> list[str]:
    """When money fell short, and how much was used."""
    return [_named(each, _short(each, say, days=days), say) for each in all_]


def _named(each: Figures, told: str, say: Say) -> str:
    return say(f"{each.name}：{told}", f"{each.name}: {told}")


def _short(each: Figures, say: Say, *, days: int) -> str:
    used = say(f"共用去 {say.percent(each.spent)}", f"{say.percent(each.spent)} used in all")
    if each.dry_s >= 0:
        clock = say.clock(each.dry_s, days=days)
        told = gone(each.dry_by, say)
        return say(f"{clock} {told}，{used}", f"{told} at {clock}, {used}")
    if each.closings == 1:
        told = say("收官时一起分", "shared out at the close")
    elif each.closings:
        told = say(
            f"{each.closings} 个时段中 {each.short} 个不够，按比例分",
            f"{each.short} of {each.closings} slices fell short and were shared out",
        )
    else:
        told = say("始终够用", "never short")
    return say(f"{told}，{used}", f"{told}, {used}")


def gone(by: str, say: Say) -> str:
    """What ran out: the pool, or what a window or slice may give of it."""
    if by == "pool":
        return say("配捐池用完", "pool gone")
    return (
        say("时段额度用完", "slice gone") if by == "slice" else say("当天额度用完", "budget gone")
    )


def when_told(all_: Sequence[Figures], say: Say) -> list[str]:
    """What early and late gifts got."""
    return [
        _named(
            each,
            say(
                f"每捐 100 元，第一分钟得 {_rate(each.first_minute, say)}，"
                f"一小时之后得 {_rate(each.when[-1], say)}",
                f"100 yuan brought {_rate(each.first_minute, say)} in the first minute,"
                f" {_rate(each.when[-1], say)} after the first hour",
            ),
            say,
        )
        for each in all_
    ]


def minute_told(all_: Sequence[Figures], say: Say) -> list[str]:
    """How much of what was given in the first hour was matched."""
    found = []
    for each in all_:
        rows = [row for row in each.when if row.name in {"second", "minute", "hour"}]
        given, matched = sum(row.given for row in rows), sum(row.matched for row in rows)
        told = say(
            f"第一小时普通人捐 {say.money(given)}，配 {say.money(matched)}",
            f"in the first hour people gave {say.money(given)}, {say.money(matched)} matched",
        )
        found.append(_named(each, told, say))
    return found


def tenths_told(all_: Sequence[Figures], say: Say) -> list[str]:
    """Who gains."""
    return [
        _named(
            each,
            say(
                f"给得最多的十分之一捐赠人，捐了 {say.percent(each.donors.top_given)}，"
                f"分走配捐的 {say.percent(each.donors.top)}",
                f"the tenth of donors who gave most gave {say.percent(each.donors.top_given)}"
                f" and got {say.percent(each.donors.top)} of the match",
            ),
            say,
        )
        for each in all_
    ]


def bots_told(all_: Sequence[Figures], say: Say) -> list[str]:
    """How bots fare."""
    return [
        _named(
            each,
            say(
                f"每捐 100 元，普通人得 {_rate(each.groups[0], say)}，"
                f"刷捐者得 {_rate(each.bots, say)}",
                f"100 yuan brought people {_rate(each.groups[0], say)} and bots"
                f" {_rate(each.bots, say)}",
            ),
            say,
        )
        for each in all_
    ]


def _rate(row: Row, say: Say) -> str:
    return say.money(row.rate * 10)
