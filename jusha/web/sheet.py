"""The parts of a deed's page, written in Python and not by templates.

A gift's sentences, sums and hashes are its own, so no drawing of them can be held, and a template
costs some twenty times what the same text costs here (docs/performance.md). What is the same on
every sheet is looked up once a language; what is a gift's own is escaped here, piece by piece.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from jusha.money.assets import decimal_text
from jusha.web import line, outcome
from jusha.web.derivation import Row, Told
from jusha.web.language import stamped
from jusha.web.proof import Standing
from jusha.web.rule_words import local_minute
from jusha.web.words import kind_name, money

SIGNS: Final = {"CNY": "¥", "USD": "US$", "HKD": "HK$"}
LANGUAGES_MAX: Final = 8
ADDRESSES_MAX: Final = 1_024
HASH_GROUP: Final = 8
"""Digits of a hash that an eye compares at once."""


class Said(NamedTuple):
    """What sheets say in one language; `%(name)s` is a hole."""

    number: str
    match: str
    written: str
    waiting: str
    waiting_more: str
    signed: str
    why_matched: str
    why_claimed: str
    why_not: str
    rule: str
    bounds: str
    decides: str
    add_up: str
    shares: str
    differs: str
    programme: str
    running: str
    mine: str
    spent: str
    copied: str
    copy_address: str
    this_one: str
    how_to_join: str


def said() -> Said:
    """The sentences in the reader's language."""
    return _said(get_language() or "")


@lru_cache(maxsize=LANGUAGES_MAX)
def _said(_language: str) -> Said:
    return Said(
        number=_("第 %(n)s 条"),
        match=_("配捐"),
        written=_("已写入公示账本 第 %(n)s 条"),
        waiting=_("第 %(n)s 条，等待下一次签名"),
        waiting_more=_("已经记账，通常几秒内公示。"),
        signed=_("在 %(at)s 签名的 %(size)s 条之中"),
        why_matched=_("为什么配捐 %(amount)s？"),
        why_claimed=_("配捐多少，什么时候知道？"),
        why_not=_("为什么没有配捐？"),
        rule=_("规则 %(rule)s"),
        bounds=_("当时每一项还能配多少，最小的一项决定结果；一样小时取排在前面的一项。"),
        decides=_("由它决定"),
        add_up=_("算出当时每一项还剩多少"),
        shares=_("从应配到分到"),
        differs=_("重算的结果和账本不一致，请报告给我们。"),
        programme=_("用于项目"),
        running=_("执行成本"),
        mine=_("这一笔是第 %(from)s到第 %(to)s"),
        spent=_("已经用了 %(sum)s"),
        copied=_("已复制"),
        copy_address=_("复制这一条的地址"),
        this_one=_("这一条"),
        how_to_join=_(
            "把这一条的散列依次和下面每一个合并，得到的就是签名里的根。算法见 RFC 6962。"
        ),
    )


@lru_cache(maxsize=ADDRESSES_MAX)
def address(view: str, name: str) -> str:
    """The address of a page by its one name, which is the same for ever."""
    return escape(reverse(view, args=(name,)))


def heading(number: int) -> str:
    """What an entry is called."""
    return said().number % {"n": f"{number:,}"}


def amount(value: int, cur: str = "CNY", *, short: bool = False) -> SafeString:
    """An amount in fen: sign small, yuan large, fen small. `short` leaves .00 away."""
    whole, _dot, part = decimal_text(value, cur).partition(".")
    cents = "" if short and not int(part) else f".{part}"
    return SafeString(
        f'<span class="amount"><span class="amount-sign">{SIGNS[cur]}</span>{int(whole):,}'
        f'<span class="amount-part">{cents}</span></span>'
    )


def head(
    entry: dict[str, Any], about: str, titles: dict[str, str], *, number: int, matched: int
) -> SafeString:
    """What, when, for whom and how much: the top of a sheet. `titles`: see titles.titles_of."""
    kind, told = escape(entry["k"]), escape(about)
    name = escape(kind_name(entry["k"]))
    has_page = settings.JUSHA_MODE != "beside"
    if has_page and f"prj/{entry.get('prj')}" in titles:
        told = f'<a href="{address("project", entry["prj"])}">{told}</a>'
    parts = [
        f'<p class="deed-kind"><span class="tag tag-{kind}">{name}</span>',
        f' <time datetime="{escape(entry["t"])}">{local_minute(entry["t"])}</time></p>',
        f'\n    <h1>{heading(number)}</h1>\n    <p class="lead">{told}</p>',
    ]
    if entry.get("amt"):
        match = (
            f' <span class="deed-match">+ {amount(matched)} <small>{said().match}</small></span>'
            if matched
            else ""
        )
        parts.append(
            f'\n    <p class="deed-sum">{amount(entry["amt"], entry.get("cur", "CNY"))}{match}</p>'
        )
    facts = settings.JUSHA_MODE_FACTS
    if not has_page and facts and entry["k"] == "don":
        charity = titles.get(f"org/{facts.charity}", facts.charity)
        parts.append(
            f'\n    <p class="quiet"><a href="{reverse("beside")}">{escape(charity)}</a></p>'
        )
    campaign = titles.get(f"rd/{entry.get('rd')}")
    if campaign and entry["k"] == "don":
        way = address("campaign", entry["rd"])
        parts.append(f'\n    <p class="quiet"><a href="{way}">{escape(campaign)}</a></p>')
    return SafeString("".join(parts))


def stamp(*, proven: bool) -> SafeString:
    """The seal's stamp: Chinese in every language, and never read aloud."""
    characters, language = stamped("已证" if proven else "待证")
    return SafeString(
        f'<span class="seal-stamp" aria-hidden="true" lang="{language}">{characters}</span>'
    )


def seal(proof: Standing) -> SafeString:
    """Whether the entry is in the published log, as a seal."""
    words, number = said(), {"n": f"{proof.number:,}"}
    state, told = "pending", words.waiting % number
    more = words.waiting_more
    if proof.published and proof.at is not None:
        state, told = "proven", words.written % number
        more = _signed(proof.size, proof.at, words.signed)
    return SafeString(
        f'<div class="seal seal-{state}">{stamp(proven=state == "proven")}<div>'
        f'<p class="seal-words">{told}</p>'
        f'<p class="quiet">{more}</p></div></div>'
    )


@lru_cache(maxsize=LANGUAGES_MAX)
def _signed(size: int, at: datetime, words: str) -> str:
    at_text = timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")
    return words % {"size": f"{size:,}", "at": at_text}


def whys(told: Iterable[Told], *, whole: bool) -> SafeString:
    """What each rule made of a gift, one line that opens; `whole`: its bounds were added up."""
    words = said()
    return SafeString("".join(_why(each, words, whole=whole) for each in told))


def _why(each: Told, words: Said, *, whole: bool) -> str:
    if each.amount:
        question = words.why_matched % {"amount": escape(money(each.amount))}
    else:
        question = words.why_claimed if each.claim else words.why_not
    rule = escape(each.rule.name)
    title = f" <strong>{escape(each.title)}</strong>" if each.title else ""
    parts = [
        f'<details class="why"><summary><span class="why-question">{question}</span>',
        f' <span class="why-answer">{escape(each.why)}</span></summary>\n<div class="why-body">',
        f'<p><a class="why-rule" href="{address("rule", each.rule.name)}">',
        f"{words.rule % {'rule': rule}}</a>{title} {escape(each.sentence)}</p>\n",
    ]
    if each.steps:
        parts.append(_steps(each.steps))
    if each.rows:
        rows = "".join(_bound(row, words) for row in each.rows)
        parts.append(f"<table><caption>{words.bounds}</caption><tbody>{rows}</tbody></table>")
    elif not whole:
        parts.append(f'<p class="quiet"><a href="?all">{words.add_up}</a></p>')
    if each.shares:
        parts.append(f"<h3>{words.shares}</h3>{_steps(each.shares)}")
    if not each.agrees:
        parts.append(f'<p class="note">{words.differs}</p>')
    return "".join([*parts, "</div></details>"])


def _steps(steps: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(step)}</li>" for step in steps)
    return f'<ol class="why-steps">{items}</ol>\n'


def _bound(row: Row, words: Said) -> str:
    how = f"<small>{escape(row.how)}</small>" if row.how else ""
    allowed = amount(row.allowed) if row.allowed is not None else ""
    decides = f"<small>{words.decides}</small>" if row.decided else ""
    mark = ' class="decided"' if row.decided else ""
    return f'<tr{mark}><th scope="row">{escape(row.name)}{how}</th><td>{allowed}{decides}</td></tr>'


def quiet_rules(quiet: Sequence[Told]) -> SafeString:
    """The rules that did not concern a gift, behind one line; nothing where there are none."""
    if not quiet:
        return SafeString("")
    count = len(quiet)
    summary = ngettext("另有 %(n)s 条规则和这一笔无关", "另有 %(n)s 条规则和这一笔无关", count) % {
        "n": count
    }
    items = "".join(
        f'<li><a href="{address("rule", each.rule.name)}">{escape(each.rule.name)}</a>'
        f" {escape(each.title)} <span>{escape(each.why)}</span></li>"
        for each in quiet
    )
    return SafeString(
        f'<details class="plain quiet-rules">\n<summary>{summary}</summary>\n'
        f"<ul>{items}</ul>\n</details>"
    )


def money_line(shown: line.Bands, permille_running: int | None = None) -> SafeString:
    """The two bands of a money line, a gift's part of them in cinnabar."""
    words, share = said(), ""
    if permille_running is not None:
        share = f" <small>{outcome.cut_text(permille_running)}%</small>"
    programme = _band(shown.programme, words.programme, "line-sum", words)
    running = _band(shown.running, words.running + share, "line-sum line-sum-running", words)
    return SafeString(f'<dl class="line">\n{programme}\n{running}\n</dl>')


def _band(band: line.Band, name: str, tone: str, words: Said) -> str:
    mine = told = ""
    if band.mine_length:
        mine = (
            f'<rect class="line-mine" x="{band.mine_from}" width="{band.mine_length}" height="24"/>'
        )
        holes = {"from": money(band.mine_start_fen), "to": money(band.mine_end_fen)}
        told = f'<span class="quiet">{words.mine % holes}</span>'
    spent = ""
    if band.spent:
        low = 'y="16" height="8"' if mine else 'height="24"'  # a gift's part stays to be seen
        spent = f'<rect class="line-spent" width="{band.spent_length}" {low}/>'
        told += f'<span class="quiet">{words.spent % {"sum": money(band.spent)}}</span>'
    return (
        f'<div class="line-band"><dt>{name} <span>{amount(band.amount)}</span></dt>'
        f'<dd><svg viewBox="0 0 {line.WIDTH} 24" preserveAspectRatio="none" aria-hidden="true"'
        f' focusable="false"><rect class="line-ground" width="{line.WIDTH}" height="24"/>'
        f'<rect class="{tone}" width="{band.length}" height="24"/>{mine}{spent}</svg>{told}</dd>'
        f"</div>"
    )


def path(proof: Standing) -> SafeString:
    """The hashes from a published entry to the log's root, behind one line."""
    words, steps = said(), len(proof.path)
    summary = ngettext("从这一条到账本的根：%(n)s 步", "从这一条到账本的根：%(n)s 步", steps) % {
        "n": steps
    }
    return SafeString(
        f'<details class="plain path">\n<summary>{summary}</summary>\n<ol>\n'
        f'<li><span class="quiet">{words.this_one}</span>'
        f" <code>{grouped(proof.leaf)}</code></li>\n{hash_items(proof.path)}\n</ol>\n"
        f'<p class="quiet">{words.how_to_join}</p>\n</details>'
    )


def hash_items(hashes: Iterable[str]) -> SafeString:
    """Hashes as items of a list, each in groups."""
    return SafeString("".join(f"<li><code>{grouped(each)}</code></li>" for each in hashes))


def grouped(text: str) -> str:
    """A hash in groups of eight digits, so that eyes can compare it."""
    return " ".join([text[at : at + HASH_GROUP] for at in range(0, len(text), HASH_GROUP)])


def copy(text: str, words: str | None = None) -> SafeString:
    """A button that copies `text`, named by `words`; it appears where scripts run.

    `text` is escaped, `words` are our own; by default they speak of an entry's address.
    """
    words = said().copy_address if words is None else words
    return SafeString(
        f'<div class="copy" data-copy="{escape(text)}" data-done="{said().copied}" hidden>'
        f'<button type="button">{words}</button><p class="toast" role="status"></p></div>'
    )
