"""The tables of an estimate: for the terminal, and beside every picture of the page."""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from jusha.campaigns.days import GROUPS
from jusha.management.simulation.say import Say
from jusha.management.simulation.told import GROUP_WORDS
from jusha.settlement.estimate_figures import BANDS, Figures, Row

REASONS: Final = {
    "rule": ("按规则足额", "in full, by the rule"),
    "gift": ("单笔上限", "cap of one gift"),
    "person-day": ("每人每天上限", "a person's cap of the day"),
    "person-campaign": ("每人全程上限", "a person's cap of the campaign"),
    "project": ("项目上限", "a project's cap"),
    "charity": ("机构上限", "a charity's cap"),
    "channel": ("渠道额度", "the channel's limit"),
    "window": ("当天额度用完", "the day's money ran out"),
    "slice": ("本时段额度用完", "the slice's money ran out"),
    "pool": ("配捐池用完", "the pool ran out"),
    "outside-window": ("不在配捐时间内", "outside the window"),
    "too-small": ("金额低于起配额", "too small"),
    "no-person": ("匿名，不知是谁", "anonymous"),
    "closed": ("活动未开放", "campaign not open"),
    "not-admitted": ("渠道未获准", "channel not admitted"),
    "not-reconciled": ("渠道未对账", "channel not reconciled"),
    "slice-closed": ("时段已结束", "slice was closed"),
    "coupon-used": ("券已用过", "coupon used before"),
    "refunded": ("已退款", "refunded"),
}
WHEN_WORDS: Final = {
    "before": ("开场之前", "before the opening"),
    "second": ("第 1 秒", "first second"),
    "minute": ("第 1 分钟的其余", "rest of the first minute"),
    "hour": ("第 1 小时的其余", "rest of the first hour"),
    "later": ("之后", "later"),
}


class Table(NamedTuple):
    """A caption, column heads, and rows of which the first cell names the row."""

    caption: str
    head: list[str]
    rows: list[list[str]]


def summary(all_: Sequence[Figures], say: Say, *, days: int) -> Table:
    """The candidates beside one another, by what a program officer asks first."""
    lines: list[tuple[str, Callable[[Figures], str]]] = [
        (say("配捐总额", "Matched"), lambda f: say.money(f.all.matched)),
        (say("占配捐池", "Of the pool"), lambda f: say.percent(f.spent)),
        (say("钱何时不够", "Money falls short"), lambda f: short_text(f, say, days=days)),
        (say("每捐 100 元配", "For 100 yuan given"), lambda f: rate(f.groups[0], say)),
        (say("得到配捐的捐赠", "Gifts matched"), lambda f: gifts_text(f, say)),
        (say("得到配捐的捐赠人", "Donors matched"), lambda f: donors_text(f, say)),
        (
            say("第 1 分钟每 100 元配", "First minute, for 100 yuan"),
            lambda f: rate(f.first_minute, say),
        ),
        (
            say("1 小时后每 100 元配", "After an hour, for 100 yuan"),
            lambda f: rate(f.when[-1], say),
        ),
        (
            say("给得最多的 1/10 捐赠人分走", "Tenth of donors who gave most got"),
            lambda f: say.percent(f.donors.top),
        ),
        (
            say("给得最多的 1/10 项目分走", "Tenth of projects given most got"),
            lambda f: say.percent(f.projects.top),
        ),
        (
            say("捐赠人间基尼系数", "Gini over donors"),
            lambda f: say.coefficient(f.donors.gini_matched),
        ),
        (
            say("项目间基尼系数", "Gini over projects"),
            lambda f: say.coefficient(f.projects.gini_matched),
        ),
    ]
    if all_[0].bots.gifts:
        lines += [
            (say("刷捐者分走", "Bots got"), lambda f: bots_share(f, say)),
            (say("刷捐者每 100 元得", "Bots, for 100 yuan"), lambda f: rate(f.bots, say)),
        ]
    return Table(
        say("几种规则并排比较", "The rules side by side"),
        ["", *(each.name for each in all_)],
        [[word, *(tell(each) for each in all_)] for word, tell in lines],
    )


def rate(row: Row, say: Say) -> str:
    """What 100 yuan brought."""
    return say.money(row.rate * 10)


def bots_share(each: Figures, say: Say) -> str:
    """How much of the match went to bots."""
    return say.percent(each.bots.matched * 1000 // each.all.matched if each.all.matched else 0)


def gifts_text(each: Figures, say: Say) -> str:
    """How many gifts had a match, of all."""
    return say.percent(each.gifts_matched * 1000 // each.all.gifts if each.all.gifts else 0)


def donors_text(each: Figures, say: Say) -> str:
    """How many donors had a match, of all who can be told apart."""
    donors = each.donors
    return say.percent(donors.with_match * 1000 // donors.size if donors.size else 0)


def short_text(each: Figures, say: Say, *, days: int) -> str:
    """When money first fell short, and how many slices could not pay all that was claimed."""
    if each.dry_s >= 0:
        return say.clock(each.dry_s, days=days)
    if each.short and each.closings == 1:
        return say("按比例分", "shared out")
    if each.short:
        return say(
            f"{each.short}/{each.closings} 个时段", f"{each.short} of {each.closings} slices"
        )
    return say("没有不够", "never")


def by_time(all_: Sequence[Figures], say: Say) -> Table:
    """Gifts by the time since the opening."""
    words = [say(*WHEN_WORDS[row.name]) for row in all_[0].when]
    return _by_part(
        all_, say, say("捐赠的时间", "When"), words, lambda f: f.when, say("按捐赠时间", "By time")
    )


def by_amount(all_: Sequence[Figures], say: Say) -> Table:
    """Gifts by their amount."""
    edges = [*(band // 100 for band in BANDS), 0]
    words = [
        say(f"不到 {edges[1]} 元", f"under {edges[1]} yuan"),
        *(f"{a:,}–{b:,}" for a, b in pairwise(edges[1:-1])),
        say(f"{edges[-2]:,} 元以上", f"{edges[-2]:,} yuan and more"),
    ]
    return _by_part(
        all_,
        say,
        say("单笔金额(元)", "Gift (yuan)"),
        words,
        lambda f: f.bands,
        say("按单笔金额", "By amount"),
    )


def _by_part(
    all_: Sequence[Figures],
    say: Say,
    first: str,
    words: list[str],
    rows_of: Callable[[Figures], list[Row]],
    caption: str,
) -> Table:
    """Rows of parts: how many gifts, how much, and what 100 yuan brought by each candidate."""
    rows = []
    for place, row in enumerate(rows_of(all_[0])):
        rates = [rate(rows_of(each)[place], say) if row.given else "–" for each in all_]
        rows.append([words[place], say.number(row.gifts), say.money(row.given), *rates])
    head = [first, say("笔数", "Gifts"), say("捐赠额", "Given")]
    per = [say(f"{each.name}：每 100 元配", f"{each.name}: for 100 yuan") for each in all_]
    return Table(caption, head + per, rows)


def by_group(all_: Sequence[Figures], say: Say) -> Table:
    """People and bots: accounts, sums, and what each account got."""
    rows = []
    for place, name in enumerate(GROUPS):
        row = all_[0].groups[place]
        gains = [
            f"{rate(each.groups[place], say)} · {say.money(each.groups[place].each)}"
            for each in all_
        ]
        rows.append(
            [say(*GROUP_WORDS[name]), say.number(row.accounts), say.money(row.given), *gains]
        )
    head = [say("是谁", "Who"), say("账号", "Accounts"), say("捐赠额", "Given")]
    per = [
        say(f"{each.name}：每 100 元 · 每账号", f"{each.name}: for 100 yuan · each")
        for each in all_
    ]
    return Table(say("普通人与刷捐者", "People and bots"), head + per, rows)


def by_tenth(all_: Sequence[Figures], say: Say) -> Table:
    """Each tenth of donors: share of the giving and of the match."""
    rows = []
    for place in range(10):
        whole = sum(all_[0].donors.given) or 1
        gave = all_[0].donors.given[place] * 1000 // whole
        got = [f.donors.matched[place] * 1000 // (sum(f.donors.matched) or 1) for f in all_]
        rows.append([str(place + 1), say.percent(gave), *map(say.percent, got)])
    return Table(
        say("捐赠人按给出的金额分为十份", "Donors in tenths by what they gave"),
        [
            say("第几份", "Tenth"),
            say("占捐赠", "Of the giving"),
            *(say(f"{f.name}：占配捐", f"{f.name}: of the match") for f in all_),
        ],
        rows,
    )


def left_by_time(
    all_: Sequence[Figures], say: Say, *, days: int, from_s: int, to_s: int, step_s: int
) -> Table:
    """The pool's balance, step by step."""
    rows = []
    for second in range(from_s, to_s + 1, step_s):
        left = [each.left[min(second // each.bin_s, len(each.left) - 2)] for each in all_]
        rows.append([say.clock(second, days=days, seconds=False), *map(say.money, left)])
    rows.append([say("结束并分配后", "after the close"), *(say.money(f.left[-1]) for f in all_)])
    return Table(
        say("配捐池余额", "Left in the pool"), [say("时间", "At"), *(f.name for f in all_)], rows
    )


def matched_by_bin(
    all_: Sequence[Figures], say: Say, *, days: int, from_s: int, to_s: int
) -> Table:
    """What was given and matched, as finely as the estimate counts."""
    size = all_[0].bin_s
    rows = []
    for place in range(from_s // size, to_s // size):
        if given := all_[0].given_bins[place]:
            cells = [given, *(each.matched_bins[place] for each in all_)]
            clock = say.clock(place * size, days=days, seconds=False)
            rows.append([clock, *map(say.money, cells)])
    head = [say(f"{each.name}：配捐", f"{each.name}: matched") for each in all_]
    return Table(
        say("各时间的捐赠与配捐", "Given and matched by time"),
        [say("时间", "From"), say("捐赠额", "Given"), *head],
        rows,
    )


def by_reason(all_: Sequence[Figures], say: Say) -> Table:
    """How often which bound or reason decided."""
    counts = [dict(each.by) for each in all_]
    names = sorted(
        {name for count in counts for name in count},
        key=lambda name: -max(count.get(name, 0) for count in counts),
    )
    rows = [
        [
            say(*REASONS.get(name, (name, name))),
            *(say.number(count.get(name, 0)) for count in counts),
        ]
        for name in names
    ]
    return Table(
        say("每一次判定的理由(笔)", "Why, decision by decision"),
        [say("理由", "Reason"), *(f.name for f in all_)],
        rows,
    )


def text(table: Table) -> str:
    """Write a table for a terminal, where a Chinese character is two columns wide."""
    lines = [table.head, *table.rows]
    widths = [max(_columns(line[place]) for line in lines) for place in range(len(table.head))]
    written = [
        "  ".join(
            _pad(cell, width, left=place == 0)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([written[0], "─" * (sum(widths) + 2 * len(widths) - 2), *written[1:]])


def _columns(text_: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text_)


def _pad(cell: str, width: int, *, left: bool) -> str:
    blanks = " " * (width - _columns(cell))
    return cell + blanks if left else blanks + cell
