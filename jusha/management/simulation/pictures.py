"""The pictures of an estimate: when the pool runs dry, what was matched, who gains, bots.

Each answers a question that stands above it as a sentence. Candidates are small pictures
below one another on one scale, because that is what they are to be compared by.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from jusha.management.simulation.say import Say
from jusha.management.simulation.sheet import Sheet
from jusha.management.simulation.told import (
    GROUP_WORDS,
    bots_told,
    gone,
    minute_told,
    pool_told,
    tenths_told,
    when_told,
)
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS
from jusha.settlement.estimate_figures import Figures

WIDE: Final = 720
NARROW: Final = 358
"""A phone of 390 without its margins."""
HOUR: Final = 3600
TICKS: Final = 4
LABEL: Final = 16
HEADROOM: Final = 44
NAME_PERMILLE: Final = 120
"""How far from the right end a name reaches, of the width."""
LEADS: Final = 5
RATE_BINS: Final = 48


class Frame(NamedTuple):
    """Where the picture proper lies on its sheet, and what its edges stand for."""

    left: int
    top: int
    right: int
    foot: int
    from_s: int
    to_s: int
    most: int

    def x(self, second: int) -> int:
        """Where a second lies."""
        whole = self.to_s - self.from_s
        return self.left + (second - self.from_s) * (self.right - self.left) // whole

    def high(self, value: int) -> int:
        """How high a value stands above the foot."""
        return value * (self.foot - self.top) // self.most


def nice(most: int) -> int:
    """Return a round number of at most TICKS steps that reaches `most`: 1, 2, 2.5 or 5 x 10^n."""
    size = 1
    while True:
        for part in (4, 8, 10, 20):
            if part * size * TICKS >= most * 4:
                return part * size // 4 or 1
        size *= 10


def time_step(span_s: int, most: int) -> int:
    """Return how many seconds lie between two marks of a time axis with at most so many parts."""
    for step in (600, 1200, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY_SECONDS):
        if span_s <= most * step:
            return step
    return -(-span_s // (most * DAY_SECONDS)) * DAY_SECONDS


def pool_left(
    all_: Sequence[Figures], say: Say, *, width: int, days: int, from_s: int, to_s: int, name: str
) -> Sheet:
    """How much is left in the pool, a line for each candidate, named at its end."""
    height, pool = 300, max(each.pool for each in all_)
    sheet = Sheet(
        name,
        width,
        height,
        title=say("配捐池余额随时间的变化", "What is left in the pool over time"),
        told="; ".join(pool_told(all_, say, days=days)),
    )
    step = nice(pool)
    frame = Frame(56, 24, width - 20, height - 34, from_s, to_s, max(pool, 1))
    for value in range(0, pool + 1, step):
        y = frame.foot - frame.high(value)
        sheet.line(frame.left, y, frame.right, y, "axis" if value else "base")
        sheet.text(frame.left - 8, y + 4, say.short(value), at="end")
    sheet.text(frame.left - 8, 12, say("元", "yuan"), at="end")
    time_axis(sheet, frame, say, days=days)
    for place in reversed(range(len(all_))):
        _pool_line(sheet, frame, all_[place], place)
    _line_names(sheet, frame, all_)
    _dry_times(sheet, frame, all_, say, days=days)
    return sheet


def _pool_line(sheet: Sheet, frame: Frame, each: Figures, place: int) -> None:
    points: list[tuple[int, int]] = []
    for number, left in enumerate(each.left[:-1]):
        at_s = number * each.bin_s
        if frame.from_s <= at_s <= frame.to_s:
            points.append((frame.x(at_s), frame.foot - frame.high(left)))
    if points:
        sheet.steps([*points, (frame.right, points[-1][1])], f"lead lead-{place % LEADS}")


def _line_names(sheet: Sheet, frame: Frame, all_: Sequence[Figures]) -> None:
    """Name every line at its right end: below one that falls there, above one that rests."""
    ends: list[tuple[int, str, str]] = []
    for place, each in enumerate(all_):
        last = min(frame.to_s // each.bin_s, len(each.left) - 2)
        earlier = last - (frame.to_s - frame.from_s) * NAME_PERMILLE // 1000 // each.bin_s
        end, before = (frame.foot - frame.high(each.left[max(n, 0)]) for n in (last, earlier))
        y = end + LABEL if end - before > 4 and end + LABEL < frame.foot else end - 8  # noqa: PLR2004
        ends.append((y, each.name, "strong jade" if place == 0 else "strong"))
    ends.sort(reverse=True)
    placed, heights = frame.foot + LABEL, []
    for y, _, _ in ends:
        placed = min(y, placed - LABEL)
        heights.append(placed)
    top = 12
    for place in reversed(range(len(ends))):  # names pushed off the sheet push the rest down
        heights[place] = max(heights[place], top)
        top = heights[place] + LABEL
    for y, (_, text, classes) in zip(heights, ends, strict=True):
        sheet.text(frame.right - 2, y, text, at="end", classes=f"halo {classes}")


def _dry_times(sheet: Sheet, frame: Frame, all_: Sequence[Figures], say: Say, *, days: int) -> None:
    """Mark when money first fell short, with the time."""
    found = sorted(
        (each.dry_s, each.left[min(each.dry_s // each.bin_s + 1, len(each.left) - 2)], each.dry_by)
        for each in all_
        if frame.from_s <= each.dry_s < frame.to_s
    )
    for place, (dry_s, left, by) in enumerate(found):
        x, y = frame.x(dry_s), frame.foot - frame.high(left)
        right = x < (frame.left + frame.right) // 2
        sheet.dot(x, y, "cinnabar")
        sheet.text(
            x + (10 if right else -10),
            (y if y > frame.top + HEADROOM else y + HEADROOM) - 10 - place * LABEL,
            f"{say.clock(dry_s, days=days)} {gone(by, say)}",
            at="start" if right else "end",
            classes="halo cinnabar",
        )


def time_axis(sheet: Sheet, frame: Frame, say: Say, *, days: int) -> None:
    """Write hours, or days where there are many, below a frame."""
    step = time_step(frame.to_s - frame.from_s, 6 if sheet.width > NARROW else 4)
    first = -(-frame.from_s // step) * step
    for second in range(first, frame.to_s + 1, step):
        x = frame.x(second)
        sheet.line(x, frame.foot, x, frame.foot + 4, "base")
        if days > 1 and step >= DAY_SECONDS:
            told = say(f"第{second // DAY_SECONDS + 1}天", f"day {second // DAY_SECONDS + 1}")
        else:
            clock = second if second == days * DAY_SECONDS else second % DAY_SECONDS
            told = say.clock(clock, seconds=False)
        at = "end" if x > frame.right - 12 else "middle"
        sheet.text(x, frame.foot + 18, told, at=at)


def matched_by_time(
    all_: Sequence[Figures], say: Say, *, width: int, days: int, from_s: int, to_s: int
) -> Sheet:
    """What was given and what of it was matched, by the time of the gift."""
    each_height, top = 128, 30
    sheet = Sheet(
        "matched",
        width,
        top + each_height * len(all_) + 30,
        title=say("各分钟的捐赠额与其中得到的配捐", "Given by the minute, and what was matched"),
        told="; ".join(minute_told(all_, say)),
    )
    size = all_[0].bin_s
    first, last = from_s // size, max(to_s // size, from_s // size + 1)
    series = [
        (_regroup(f.given_bins[first:last]), _regroup(f.matched_bins[first:last])) for f in all_
    ]
    most = max(max(*given, *matched) for given, matched in series) or 1
    sheet.box(56, 6, 12, 12, "sand")
    sheet.text(74, 17, say("捐赠", "given"))
    sheet.box(130, 6, 12, 12, "jade")
    sheet.text(148, 17, say("配捐", "matched"))
    minutes = max((to_s - from_s) // len(series[0][0]) // MINUTE_SECONDS, 1)
    per = say(f"每 {minutes} 分钟，元", f"yuan in {minutes} min")
    per = say("每分钟，元", "yuan a minute") if minutes == 1 else per
    sheet.text(width - 20, 17, per, at="end")
    for place, (each, (given, matched)) in enumerate(zip(all_, series, strict=True)):
        foot = top + each_height * (place + 1) - 8
        frame = Frame(56, foot - 84, width - 20, foot, from_s, to_s, most)
        _value_lines(sheet, frame, say, nice(most) * 2)
        sheet.columns(_columns(frame, given), foot, "sand")
        sheet.columns(_columns(frame, matched), foot, "jade")
        sheet.text(frame.left, foot - 94, each.name, classes="head")
    frame = Frame(56, 0, width - 20, sheet.height - 38, from_s, to_s, 1)
    time_axis(sheet, frame, say, days=days)
    return sheet


def _value_lines(sheet: Sheet, frame: Frame, say: Say, step: int) -> None:
    for value in range(0, frame.most + 1, step):
        y = frame.foot - frame.high(value)
        sheet.line(frame.left, y, frame.right, y, "axis" if value else "base")
        sheet.text(frame.left - 8, y + 4, say.short(value), at="end")


def rate_by_time(all_: Sequence[Figures], say: Say, *, width: int, days: int) -> Sheet:
    """What 100 yuan brought, by the time at which they were given."""
    each_height, top = 112, 24
    sheet = Sheet(
        "rate",
        width,
        top + each_height * len(all_) + 30,
        title=say("不同时间捐 100 元得到的配捐", "Match for 100 yuan, by time"),
        told="; ".join(when_told(all_, say)),
    )
    ends_s = days * DAY_SECONDS
    series = [
        [
            matched * 1000 // given if given else 0
            for given, matched in zip(
                _regroup(f.given_bins, RATE_BINS), _regroup(f.matched_bins, RATE_BINS), strict=True
            )
        ]
        for f in all_
    ]
    highest = max(*(max(rates) for rates in series), 1)
    step = nice(highest) * 2
    most = -(-highest // step) * step
    sheet.text(48, 12, say("元", "yuan"), at="end")
    for place, (each, rates) in enumerate(zip(all_, series, strict=True)):
        foot = top + each_height * (place + 1) - 8
        frame = Frame(56, foot - 72, width - 20, foot, 0, ends_s, most)
        for value in range(0, most + 1, step):
            y = foot - frame.high(value)
            sheet.line(frame.left, y, frame.right, y, "axis" if value else "base")
            sheet.text(frame.left - 8, y + 4, say.short(value * 10), at="end")
        sheet.columns(_columns(frame, rates), foot, "jade")
        sheet.text(frame.left, foot - 80, each.name, classes="head")
    frame = Frame(56, 0, width - 20, sheet.height - 38, 0, ends_s, 1)
    time_axis(sheet, frame, say, days=days)
    return sheet


def _regroup(values: Sequence[int], bins: int = 96) -> list[int]:
    """Sum values up so that there are at most so many."""
    found = [0] * min(bins, len(values))
    for place, value in enumerate(values):
        found[place * len(found) // len(values)] += value
    return found


def _columns(frame: Frame, values: Sequence[int]) -> list[tuple[int, int, int]]:
    edges = [
        frame.left + (frame.right - frame.left) * place // len(values)
        for place in range(len(values) + 1)
    ]
    return [
        (begin, max(end - begin - 1, 1), max(frame.high(value), value > 0))
        for (begin, end), value in zip(pairwise(edges), values, strict=True)
    ]


def shares_by_tenth(all_: Sequence[Figures], say: Say, *, width: int) -> Sheet:
    """Each tenth of donors' share of the match, beside its share of the giving."""
    each_height, top = 140, 30
    height = top + each_height * len(all_) + 26
    sheet = Sheet(
        "tenths",
        width,
        height,
        title=say("各十分之一捐赠人所得配捐的份额", "Each tenth of donors' share of the match"),
        told="; ".join(tenths_told(all_, say)),
    )
    sheet.box(56, 6, 12, 12, "jade")
    sheet.text(74, 17, say("占配捐", "of the match"))
    x = 150 if say.language == "en" else 130
    sheet.line(x, 12, x + 14, 12, "mark")
    sheet.text(x + 20, 17, say("占捐赠", "of the giving"))
    shares = [(_shares(f.donors.given), _shares(f.donors.matched)) for f in all_]
    most = max(max(*given, *matched) for given, matched in shares) or 1
    for place, (each, (given, matched)) in enumerate(zip(all_, shares, strict=True)):
        foot = top + each_height * (place + 1) - 12
        frame = Frame(56, foot - 84, width - 20, foot, 0, 10, most)
        sheet.line(frame.left, foot, frame.right, foot, "base")
        sheet.text(frame.left, foot - 106, each.name, classes="head")
        for tenth, (gave, got) in enumerate(zip(given, matched, strict=True)):
            x, wide = frame.x(tenth), frame.x(tenth + 1) - frame.x(tenth)
            sheet.box(x + 3, foot - frame.high(got), wide - 6, frame.high(got), "jade")
            y = foot - frame.high(gave)
            sheet.line(x + 1, y, x + wide - 1, y, "mark")
            text = f"{got // 10}%" if got >= 10 or not got else "<1%"  # noqa: PLR2004
            top_ = foot - frame.high(got)
            sheet.text(
                x + wide // 2,
                (y if top_ - LABEL < y <= top_ else top_) - 5,
                text,
                at="middle",
                classes="halo strong" if tenth == 9 else "halo quiet",  # noqa: PLR2004
            )
    sheet.text(56, height - 14, say("← 给得最少的十分之一", "← tenth that gave least"))
    sheet.text(width - 20, height - 14, say("给得最多的十分之一 →", "gave most →"), at="end")
    return sheet


def _shares(sums: Sequence[int]) -> list[int]:
    whole = sum(sums)
    return [each * 1000 // whole if whole else 0 for each in sums]


def bots_beside_people(all_: Sequence[Figures], say: Say, *, width: int) -> Sheet:
    """What 100 yuan brought people, and each group of bots."""
    row, head = 26, 34
    groups = len(all_[0].groups)
    height = (head + row * groups + 10) * len(all_) + 8
    sheet = Sheet(
        "bots",
        width,
        height,
        title=say("每捐 100 元得到的配捐：普通人与刷捐者", "Match for 100 yuan: people and bots"),
        told="; ".join(bots_told(all_, say)),
    )
    left = 96
    room = width - left - (190 if width > NARROW else 108)
    most = max(max((r.rate for r in f.groups), default=0) for f in all_) or 1
    y = 4
    for each in all_:
        sheet.text(0, y + 16, each.name, classes="head")
        y += head - 6
        for group in each.groups:
            word = say(*GROUP_WORDS[group.name])
            sheet.text(left - 10, y + 15, word, at="end", classes="quiet")
            long = group.rate * room // most
            honest = group.name == "honest"
            sheet.box(left, y + 3, max(long, 1), row - 9, "jade" if honest else "cinnabar")
            told = say.money(group.rate * 10)
            sheet.text(left + long + 8, y + 15, told, classes="strong")
            if width > NARROW:
                account = say(f"每账号 {say.money(group.each)}", f"{say.money(group.each)} each")
                sheet.text(width - 4, y + 15, account, at="end")
            y += row
        y += 16
    return sheet
