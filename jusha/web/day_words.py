"""Giving days in words: what was refused, what is to be decided, what settlement said."""

from typing import Any, Final

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jusha.campaigns.day_rules import COLOURS, DayRefusedError, anchors
from jusha.campaigns.day_rules import REFUSALS as CODES
from jusha.campaigns.queries import named
from jusha.campaigns.scenes import KINDS as SCENE_KINDS
from jusha.matching.rules import RuleTerms
from jusha.people.models import Decision
from jusha.projects import queries as projects
from jusha.web import reference
from jusha.web.rule_words import local_minute, rule_lines
from jusha.web.titles import told
from jusha.web.words import money

REFUSALS: Final[dict[str, Promise]] = {
    "code": _("代码用字母、数字、点、横线，最多 40 个，例如 99day-2027。"),
    "code-taken": _("这个代码已经用过了，请换一个。"),
    "title": _("请写下名称，中文和英文都要，最多 80 个字。"),
    "theme": _("请写下主题，中文和英文都要，最多 120 个字。"),
    "story": _("请写下介绍，中文和英文都要。"),
    "window": _("请写下开始和结束，整分钟，结束晚于开始。"),
    "too-long": _("一个活动最长 62 天。"),
    "colour": _("请选一种颜色。"),
    "anchor": _("请从日历里选一个日子，或者不选。"),
    "parent": _("分会场要属于一个公益日，公益日自己不能是分会场；彩排的只能放进彩排的。"),
    "predecessor": _("没有这个代码的活动。上一届要先在这里有自己的一页。"),
    "rehearsal": _("彩排只在沙盒里能开：那里没有真的钱。"),
    "opened": _("已经开放了。名称和介绍可以改，时间和位置不能再改。"),
    "no-window": _("还没有写开始和结束的时间。"),
    "no-projects": _("请至少写一个项目。"),
    "project": _("没有这个代码的项目，或者它还没有开始接受捐赠。"),
    "venues": _("分会场太多了，一个公益日最多 40 个。"),
    "waits": _("已经有一个同样的提议在等确认。什么都没有改变。"),
    "stale": _("情况变了，没有办成，什么都没有改变。请重新核对，再提出一次。"),
    "pool": _("请写下配捐池的代码；它要属于这个活动，而且公示还没有开始。"),
    "pool-other": _("这个代码的配捐池是别的活动、别的出资方的，或者已经进入公示。"),
    "sponsor": _("请写下出资方的全称；在不接受的名单上的不行。"),
    "amount": _("请写成 20000 或 20000.50 这样的金额。"),
    "due": _("请写下最晚付款的那天，不早于今天。"),
    "evidence": _("请上传签过字的承诺书，照片或 PDF。"),
    "rule-code": _("请写下规则的代码，例如 R1。同一个代码就是它的新版本。"),
    "from": _("生效的时间要是整分钟，至少在一分钟之后。可以不写：确认之后最快生效。"),
    "step": _("这一步现在不能做。请看页面上现在的情况。"),
    "no-pact": _("平台还没有公布自律公约，暂时不能报名。"),
    "not-signed": _("要先由机构的项目或财务人员签署自律公约的现行版本。"),
    "excluded": _("机构暂停参加的期限和活动的时间重叠，不能参加。"),
    "over": _("活动已经结束。"),
    "not-opened": _("活动还没有开放。先由两个人开放，再办这一步。"),
    "own-project": _("只能用自己机构的项目报名。"),
    "words": _("请写下内容。"),
    "days": _("开始不早于今天，最长一年。"),
    "nobody": _("没有这个代码的机构。"),
    "not-over": _("要等活动和全部分会场都结束，才能出总结报告。"),
    "scene": _("有一行不对：每行是 代码,中文名,英文名,种类,属于谁。"),
}
"""By the codes of campaigns/day_rules.py."""
assert tuple(REFUSALS) == CODES

COLOUR_WORDS: Final = dict(zip(COLOURS, (_("朱砂"), _("青玉"), _("琥珀"), _("沙色")), strict=True))
PHASES: Final = {"soon": _("还没开始"), "now": _("进行中"), "over": _("已结束")}
STEP_WORDS: Final = {
    "begin-notice": _("开始公示"),
    "close-pool": _("公示结束，关闭配捐池"),
    "release": _("拨付给项目"),
    "sponsor-paid": _("登记出资方付款"),
}
KIND_WORDS: Final = {
    "campaign-open": _("开放活动"),
    "pool-fund": _("给配捐池注资"),
    "rule-publish": _("发布规则"),
    "pool-step": _("配捐池的下一步"),
    "pact": _("公布自律公约"),
    "day-join": _("机构报名"),
    "day-exclude": _("暂停一家机构参加"),
    "day-report": _("公布总结报告"),
}
HOW_WORDS: Final = {"secured": _("已到位"), "trusted": _("信用额度内承诺")}
RETURN_WORDS: Final = {"sponsor": _("退回出资方"), "spread": _("按比例分给各项目")}
SCENE_WORDS: Final = dict(
    zip(
        SCENE_KINDS,
        (
            _("地图"), _("聊天"), _("支付"), _("直播"), _("文档"), _("游戏"), _("商店"), _("资讯"),
            _("设备"), _("线下"), _("其他"),
        ),
        strict=True,
    )
)  # fmt: skip
SETTLED: Final[dict[str, Promise]] = {
    "claims-waiting": _("还有等着分的配捐没有分完，请稍后再提出。"),
    "campaign-still-open": _("活动还没有结束。"),
    "notice-runs": _("公示还没有结束。"),
    "nothing-to-change": _("已经是这样了。"),
    "more-than-is-due": _("比应付的多，或者比承诺的多。"),
    "project-frozen": _("项目的配捐正暂停，查清之前不拨付。"),
    "nothing-to-release": _("没有可以拨付的。"),
    "code-taken": _("这个代码已经用过了。"),
    "bad-rule": _("规则和别的规则合不到一起。"),
    "secret-not-kept": _("惊喜时段的时间没有封存在这台机器上。"),
}
"""Refusals of settlement that operators can meet; others are shown by their codes."""


def refused(error: DayRefusedError) -> str:
    """What to say of a refusal, with what it is about."""
    words = str(REFUSALS[error.code])
    return f"{words}（{error.at}）" if error.at else words


def outcome_words(code: str, detail: dict[str, Any]) -> str:
    """What settlement said: "" for done."""
    if code == "done":
        return ""
    words = str(SETTLED.get(code, code))
    more = detail.get("why") or detail.get("given") or ""
    return f"{words}（{more}）" if more else words


def anchor_name(code: str) -> str:
    """A day of the calendar by its name; "" for none."""
    found = anchors().get(code)
    return told(found, "name") if found else ""


def facts(found: Decision) -> list[tuple[str, str]]:
    """What a decision would do, as rows that the second person compares."""
    rows: dict[str, Any] = {
        "campaign-open": _open_facts,
        "pool-fund": _fund_facts,
        "rule-publish": _rule_facts,
        "pool-step": _step_facts,
        "pact": _pact_facts,
        "day-join": _join_facts,
        "day-exclude": _exclude_facts,
        "day-report": _report_facts,
    }
    return list(rows[found.kind](found.body))


def _open_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    pages = named(each["code"] for each in body["campaigns"])
    codes = {code for each in body["campaigns"] for code in each.get("projects", ())}
    found = projects.named_with_charity(codes)
    rows = []
    for each in body["campaigns"]:
        title = told(pages[each["code"]], "title") if each["code"] in pages else each["code"]
        rows.append((title, f"{local_minute(each['opens'])} – {local_minute(each['closes'])}"))
        for code in each.get("projects", ()):
            one = found.get(code)
            words = f"{told(one, 'title')} · {told(one.charity, 'name')}" if one else code
            rows.append((gettext("项目"), words))
    return rows


def _fund_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    said, pool = body["promise"], body["pool"]
    return [
        (gettext("配捐池"), said["pool"]),
        (gettext("出资方"), said["sponsor"]),
        (gettext("金额"), money(said["amount"])),
        (gettext("资金"), str(HOW_WORDS[said["how"]])),
        (gettext("最晚付款"), said["due_on"]),
        (gettext("剩下的钱"), str(RETURN_WORDS[pool["on_return"]])),
        (gettext("公示"), gettext("%(n)s 天") % {"n": pool["notice_days"]}),
    ]


def _rule_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    terms = msgspec.convert(body["terms"], RuleTerms)
    begins = local_minute(body["from"]) if body["from"] else gettext("确认之后最快")
    return [
        (gettext("规则"), body["code"]),
        (gettext("配捐池"), body["pool"]),
        (gettext("生效"), begins),
        *((str(line.heading), line.sentence) for line in rule_lines(terms)),
    ]


def _step_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [(gettext("哪一步"), str(STEP_WORDS[body["step"]]))]
    for each in body["bodies"]:
        to = each.get("project") or each.get("charity") or ""
        sum_ = f" · {money(each['amount'])}" if "amount" in each else ""
        rows.append((each["pool"], f"{to}{sum_}"))
    return rows


def _pact_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (gettext("第几版"), str(body["version"])),
        (gettext("中文"), body["words_zh"]),
        (gettext("英文"), body["words_en"]),
    ]


def _join_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (gettext("机构"), _charity(body["charity"])),
        (gettext("项目"), "\n".join(_titles(body["projects"]))),
        (gettext("签署的公约"), gettext("第 %(n)s 版") % {"n": body["version"]}),
    ]


def _exclude_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (gettext("机构"), _charity(body["charity"])),
        (gettext("从"), body["begins"]),
        (gettext("到这天为止"), body["ends"]),
        (gettext("原因"), body["words"]),
    ]


def _charity(code: str) -> str:
    found = reference.charity(code)
    return told(found, "name") if found else code


def _titles(codes: list[str]) -> list[str]:
    pages = projects.named(codes)
    return [told(pages[code], "title") if code in pages else code for code in codes]


def _report_facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    sums = body["figures"]["sums"]
    return [
        (gettext("笔数"), f"{sums['gifts']:,}"),
        (gettext("捐款"), money(sums["donated"])),
        (gettext("配捐"), money(sums["matched"])),
        (gettext("退款"), money(sums["refunded"])),
        (gettext("退回的配捐"), money(sums["returned"])),
        (gettext("账本条数"), f"{body['figures']['entries']:,}"),
    ]
