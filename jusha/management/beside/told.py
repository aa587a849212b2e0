"""What a round of beside mode says to the accountant, line by line.

File names and cells are shown without characters that could move a terminal's cursor.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from django.utils.translation import override

from jusha.giving.accounts_table import PLACE_BITS, FileSeen, PairSeen, SourceSeen
from jusha.giving.beside import Read
from jusha.giving.reconcile import CAUSES, CLASSES
from jusha.giving.refund_lines import DONE, SENT, Standing
from jusha.giving.unread_files import NO_SUBFOLDER, OTHER_NAME, TOO_DEEP
from jusha.money.assets import decimal_text
from jusha.money.clock import day_text
from jusha.web.beside_words import cause_name, reason_name

SHOWN_MAX: Final = 20
CLASS_WORDS: Final = dict(
    zip(CLASSES, ("两边一致", "日期不同", "金额不同", "只在名单上", "只在账单上"), strict=True)
)
STATE_WORDS: Final = {
    "taken-back": "已退回",
    "sent": "等待结算",
    "no-gift": "找不到原捐赠",
    "over-gift": "退款超过捐赠余额",
    "other-amount": "与先前退款金额不同",
    "repeated": "同一退款单号重复",
    "several-gifts": "单号对应多笔捐赠",
    "refused": "结算未接受",
}

UNREAD_WORDS: Final = {
    NO_SUBFOLDER: "不在设置列出的子文件夹里 it lies in no subfolder of the settings",
    TOO_DEEP: "在更深一层的文件夹里，请往上移一层 it lies one folder too deep",
    OTHER_NAME: "名字不合设置里的 files its name does not fit `files` in the settings",
}

Say = Callable[[str], object]


def clean(text: str) -> str:
    """Show a text with nothing in it that is not printed."""
    return "".join(char if char.isprintable() else "�" for char in text)


def tell(say: Say, read: Read, refunds: Sequence[Standing], folder: Path) -> None:
    """Say what was read, how the lists stand to the bills, and what was not taken."""
    for source in read.sources:
        tell_source(say, source, read, folder)
    for pair in read.pairs:
        tell_pair(say, pair)
    tell_refunds(say, refunds)
    if read.replaced:
        say(
            f"{read.replaced:,} 行在较新的文件里也有，以较新的为准"
            " lines stand in a newer file too: the newer counts"
        )
    for name, (digest, lines) in read.goods.items():
        say(
            f"物资 goods {clean(name)}: {lines:,} 行（含标题行）lines with the header,"
            f" {digest[:16]}…, 只登记，还不逐项追踪 not yet tracked"
        )
    for name, why in read.refused.items():
        say(f"未采用 NOT TAKEN {clean(name)}: {clean(why)}")
    tell_unread(say, read)
    for name in read.waiting:
        say(f"等待 waiting {clean(name)}: 可能还没传完，稍后再读 it may still be on its way")


def tell_unread(say: Say, read: Read) -> None:
    """Say which files no setting reads, and why; those that were not taken are told apart."""
    nowhere = [file for file in read.unread if file.why in UNREAD_WORDS]
    for file in nowhere[:SHOWN_MAX]:
        say(f"没有读 NOT READ {clean(file.name)}: {UNREAD_WORDS[file.why]}")
    if more := len(nowhere[SHOWN_MAX:]) + read.unread_more:
        say(f"没有读 NOT READ: {more:,} 份更多 more files")


def tell_nothing_new(say: Say, read: Read, known: Sequence[str]) -> None:
    """Say that a round found nothing to import and nothing to publish."""
    files = sum(len(source.files) for source in read.sources)
    say(
        f"没有新的：{files:,} 份文件都读过，{len(known):,} 天已公示。"
        f" Nothing is new: {files:,} files read before, {len(known):,} days published."
    )


def tell_not_due(say: Say, days: Sequence[str], hour: int) -> None:
    """Say which days are read and will be published later."""
    if days:
        named = days[0] if len(days) == 1 else f"{days[0]} … {days[-1]} ({len(days):,})"
        say(
            f"还没到公示时间 not due yet: {named}；次日 {hour} 点以后公示"
            f" published from {hour}:00 in Shanghai on the next day"
        )


def tell_done(
    say: Say, imported: Mapping[str, int], sent: Mapping[str, str], gone: Sequence[str]
) -> None:
    """Say what was imported and published, and which days have no file any more."""
    for name, gifts in imported.items():
        say(f"  已导入 imported {clean(name)}: {gifts:,} gifts")
    for day, corrected in sent.items():
        word = f"更正 corrects {corrected[:16]}…" if corrected else "首次 first"
        say(f"  已公示 published {day} ({word})")
    if gone:
        say(
            f"已公示的 {len(gone):,} 天在文件夹里没有文件了（{gone[0]} 至 {gone[-1]}），"
            "公示保持不变"
            " they were published, have no file any more, and stay as they were"
        )


def money(amount: int, currency: str) -> str:
    """An amount as a person reads it; in the smallest unit for other money than yuan."""
    return decimal_text(amount, "CNY") if currency == "CNY" else f"{amount:,}"


def called(source: SourceSeen) -> str:
    """What a source is called: its title, and its name where that is another word."""
    title = clean(source.title)
    return f"{title}（{source.name}）" if title and title != source.name else source.name


def tell_source(say: Say, source: SourceSeen, read: Read, folder: Path) -> None:
    """Say what every file of a source gave, of which days, and the first lines not taken."""
    lines = sum(lines for lines, _ in source.days.values())
    total = sum(total for _, total in source.days.values())
    if not source.files:
        say(
            f"{called(source)}: 没有可读的文件"
            " no file that can be read in its subfolder (see `files` in the settings)"
        )
        return
    say(f"{called(source)}: {len(source.files)} 份文件 files")
    say(f"  笔数 lines {lines:,}, 合计 sum {money(total, source.currency)} {source.currency}")
    if days := sorted(day for day, (gifts, _) in source.days.items() if gifts):
        span = f"{day_text(days[0])} 至 to {day_text(days[-1])}"
        say(f"  日期 days {span}, 有捐赠的 with gifts: {len(days):,} 天 days")
    for file, (path, _) in zip(source.files, read.files[source.name], strict=True):
        name = str(path.relative_to(folder))
        say(f"  {clean(name)} {file.sha256[:16]}… {', '.join(said_of(file))}")
        if file.laid:
            say(
                "    没有捐赠也没有退款，列在放入的那天"
                f" no gift and no refund in it: it stands under {file.laid}, when it was laid in"
            )
        for wrong in read.complaints.get(name, [])[:SHOWN_MAX]:
            why = f"{reason_zh(wrong.reason)} {wrong.reason} {clean(wrong.detail)}"
            say(f"    第 {wrong.line:,} 行 line: {why}".rstrip())
        for before, line, missing in file.breaks[:SHOWN_MAX]:
            lost = money(missing, source.currency)
            say(
                f"    第 {before:,} 行和第 {line:,} 行之间余额差 {lost} missing between these lines"
            )


def said_of(file: FileSeen) -> list[str]:
    """What a file's lines are, with how many of each."""
    said = [f"读 read {file.read:,}", f"捐赠 gifts {file.gifts:,}"]
    said.append(f"不是捐赠 left out {file.left_out:,}")
    said += [f"退款 refunds {file.refunds:,}"] if file.refunds else []
    said += [f"{reason_zh(code)} {code} {count:,}" for code, count in file.rejected.items()]
    if file.steps:
        said.append(f"余额相接 balance steps {file.steps:,}，不接 breaks {len(file.breaks):,}")
    return said


def reason_zh(code: str) -> str:
    """Why a line was not taken, in Chinese, whatever language is active."""
    with override("zh-hans"):
        return reason_name(code)


def tell_pair(say: Say, pair: PairSeen) -> None:
    """Say how a list stands to its bill, day by day, with every cause."""
    both = f"{called(pair.here)} 对 beside {called(pair.there)}"
    say(f"{both}:")
    tell_classes(say, pair)
    if pair.refunds and pair.refunds.found.days:
        say(f"退款 refunds, {both}:")
        tell_classes(say, pair.refunds)
    elif pair.refunds is None and any(file.refunds for file in pair.there.files):
        say(
            f"  退款没有和名单相对：{called(pair.here)} 的对照表没有 [refund]"
            " its map has no [refund], so refunds are not compared"
        )


def tell_classes(say: Say, pair: PairSeen) -> None:
    """Say how many lines stand in which class, by day, and every cause."""
    for day, classes in pair.found.days.items():
        said = [
            f"{CLASS_WORDS[CLASSES[kind]]} {CLASSES[kind]} {tally.lines:,}"
            for kind, tally in sorted(classes.items())
        ]
        say(f"  {day_text(day)}  {', '.join(said)}")
    causes = [CAUSES[difference.cause] for difference in pair.found.differences]
    for cause in sorted(set(causes)):
        with override("zh-hans"):
            zh = cause_name(cause)
        say(f"  {causes.count(cause):,} 行 lines: {zh} {cause or 'no cause shown'}")


def tell_refunds(say: Say, refunds: Sequence[Standing]) -> None:
    """Say how refund lines stand; those that a person must look at, one by one."""
    states = [each.state for each in refunds]
    for state in sorted(set(states)):
        say(f"退款 refunds {STATE_WORDS[state]} {state}: {states.count(state):,}")
    open_ = [each for each in refunds if each.state not in {DONE, SENT}]
    for each in open_[:SHOWN_MAX]:
        line = each.back.place & ((1 << PLACE_BITS) - 1)
        amount = money(each.back.amount, "CNY")
        say(f"  {each.back.source} 第 {line:,} 行 line: {amount} {STATE_WORDS[each.state]}")
