"""What a round of beside mode says to the accountant, line by line.

File names and cells are shown without characters that could move a terminal's cursor.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from jusha.giving.accounts_table import PLACE_BITS, PairSeen, SourceSeen
from jusha.giving.beside import Read
from jusha.giving.reconcile import CAUSES, CLASSES
from jusha.giving.refund_lines import DONE, SENT, Standing
from jusha.money.assets import decimal_text
from jusha.money.clock import day_text

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
        say(f"{read.replaced:,} lines stand in a newer file too: the newer counts")
    for name, (digest, lines) in read.goods.items():
        say(f"goods {clean(name)}: {lines:,} lines, {digest[:16]}…, not yet tracked")
    for name, why in read.refused.items():
        say(f"未采用 NOT TAKEN {clean(name)}: {clean(why)}")
    for name in read.waiting:
        say(f"等待 waiting {clean(name)}: it may still be on its way")


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
            f"{len(gone):,} published days have no file in the folder any more"
            f" ({gone[0]} to {gone[-1]}): they stay as they were published"
        )


def money(amount: int, currency: str) -> str:
    """An amount as a person reads it; in the smallest unit for other money than yuan."""
    return decimal_text(amount, "CNY") if currency == "CNY" else f"{amount:,}"


def tell_source(say: Say, source: SourceSeen, read: Read, folder: Path) -> None:
    """Say what every file of a source gave, and the first lines that were not taken."""
    lines = sum(lines for lines, _ in source.days.values())
    total = sum(total for _, total in source.days.values())
    if not source.files:
        say(f"{source.name}: 没有文件 no file yet in its subfolder (see `files` in the settings)")
        return
    say(f"{source.name}: {len(source.files)} files")
    say(f"  笔数 lines {lines:,}, 合计 sum {money(total, source.currency)} {source.currency}")
    for file, (path, _) in zip(source.files, read.files[source.name], strict=True):
        said = [f"read {file.read:,}", f"gifts {file.gifts:,}", f"left out {file.left_out:,}"]
        said += [f"refunds {file.refunds:,}"] if file.refunds else []
        said += [f"{reason} {count:,}" for reason, count in file.rejected.items()]
        if file.steps:
            said.append(f"balance steps {file.steps:,}, breaks {len(file.breaks):,}")
        name = str(path.relative_to(folder))
        say(f"  {clean(name)} {file.sha256[:16]}… {', '.join(said)}")
        if file.laid:
            say(
                f"    no gift and no refund in it: it stands under {file.laid}, when it was laid in"
            )
        for wrong in read.complaints.get(name, [])[:SHOWN_MAX]:
            say(f"    第 {wrong.line:,} 行 line: {wrong.reason} {clean(wrong.detail)}".rstrip())
        for before, line, missing in file.breaks[:SHOWN_MAX]:
            lost = money(missing, source.currency)
            say(f"    between line {before:,} and {line:,}: {lost} missing")


def tell_pair(say: Say, pair: PairSeen) -> None:
    """Say how a list stands to its bill, day by day, with every cause."""
    say(f"{pair.here.name} beside {pair.there.name}:")
    for day, classes in pair.found.days.items():
        said = [
            f"{CLASS_WORDS[CLASSES[kind]]} {CLASSES[kind]} {tally.lines:,}"
            for kind, tally in sorted(classes.items())
        ]
        say(f"  {day_text(day)}  {', '.join(said)}")
    causes = [CAUSES[d.cause] or "no cause shown" for d in pair.found.differences]
    for cause in sorted(set(causes)):
        say(f"  {causes.count(cause):,} x {cause}")


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
