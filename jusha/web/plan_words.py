"""A plan's fields, faults and states in words: for who writes one, and for who reads it."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: Final[dict[str, str | Promise]] = {
    "title": _("项目名称"),
    "place": _("在哪里"),
    "summary": _("一句话说明"),
    "story": _("项目故事"),
    "purpose": _("募捐目的"),
    "region": _("募捐地域"),
    "responsible": _("负责人姓名"),
    "office_address": _("办公地址"),
    "ways": _("接受捐赠方式"),
    "bank_account": _("银行账户"),
    "beneficiaries_range": _("受益人范围"),
    "beneficiaries_number": _("受益人数量"),
    "beneficiaries_how": _("受益人怎样确认"),
    "use": _("募得款物用途"),
    "costs": _("募捐成本怎样控制"),
    "leftover": _("剩余财产怎样处理"),
    "partners": _("合作方"),
    "interests": _("利害关系申报"),
    "related": _("利害关系方的名称（没有就不写）"),
    "target": _("目标金额（元）"),
    "number": _("备案编号"),
    "filed_on": _("备案日期"),
    "starts_on": _("募捐开始日期"),
    "ends_on": _("募捐结束日期"),
    "title_en": _("英文名称（可以不写）"),
    "summary_en": _("英文的一句话说明（可以不写）"),
    "story_en": _("英文故事（可以不写）"),
    "change": _("改了什么，为什么"),
    "evidence": _("证明文件"),
    "lines": _("预算"),
    "parent": _("母计划"),
    "theme": _("领域"),
    "hard_target": _("到了目标"),
    "basis": _("凭什么改"),
}
HELP: Final[dict[str, str | Promise]] = {
    "place": _("例如：演示省云岭县"),
    "summary": _("捐赠人最先看到的一句话。"),
    "region": _("备案表上写的地域，例如：全国（互联网）"),
    "ways": _("例如：本平台在线捐赠；银行转账"),
    "bank_account": _("机构自己的账户：户名、开户行和账号"),
    "beneficiaries_number": _("例如：约 2600 人"),
    "costs": _("写明募捐成本有哪些，最多多少。"),
    "leftover": _("项目结束时没有用完的钱用到哪里。法律要求写明，并向社会公开。"),
    "partners": _("写合作方的名称和类型；没有请写“无”。合作方不能收款。"),
    "interests": _(
        "受益人和机构的管理人员、主要捐赠人有没有利害关系；没有请写“无”。赞助方不能是烟草企业。"
    ),
    "related": _(
        "一行写一个：和机构负责人、发起人、主要捐赠人有关系，又可能出资、收款或受益的单位和个人。"
        "会公开；他们出资或收款时，项目页会标明。"
    ),
    "target": _("下面各行预算加起来要正好等于它。"),
    "number": _("前 18 位是机构的统一社会信用代码。"),
    "story": _("写真实的情况。不写受益人的姓名、住址，除非本人同意。"),
}
KINDS: Final[dict[str, str | Promise]] = {
    "aid": _("直接或委托资助款物"),
    "pay": _("人员报酬"),
    "admin": _("管理费用"),
    "raise": _("募捐成本"),
}
FAULTS: Final[dict[str, str | Promise]] = {
    "missing": _("这里还没有写。"),
    "too-long": _("太长了，请写短一些。"),
    "not-money": _("请写成金额，例如 35 或 35.50。"),
    "not-number": _("请写成整数，例如 2600。"),
    "not-day": _("请写成日期，例如 2026-12-01。"),
    "not-sum": _("各行预算加起来和目标金额不相等。"),
    "no-aid": _("至少要有一行“直接或委托资助款物”，并写明一份是什么。"),
    "split-changed": _("项目用款和执行成本的比例变了。已经开放的项目不能改这个比例，请调整预算。"),
    "below-children": _("目标不能低于子计划的目标之和。"),
    "above-parent": _("母计划的目标已经分完：子计划的目标之和不能超过它。"),
    "no-theme": _("请从列出的领域里选一个。"),
    "no-parent": _("只能选本机构的、自己不是子计划的项目。"),
    "number-missing": _("还没有备案编号。只有重大突发事件的应急项目可以先开始、后备案。"),
    "number-shape": _("这不像备案编号：应当是 18 位信用代码后面接字母和数字。"),
    "number-borrowed": _("这个编号不是本机构的：前 18 位和机构的统一社会信用代码不同。"),
    "number-reused": _("这个编号已经用在另一个项目上。一个备案编号只能用于一个项目。"),
    "number-expired": _("备案的募捐时间已经过了。"),
    "uscc": _("机构登记的统一社会信用代码本身不对，请先请平台更正。"),
    "filed-on-missing": _("有备案编号，就要写备案日期。"),
    "filed-in-future": _("备案日期不能晚于今天。"),
    "filed-too-late": _("应急项目没有在法律规定的期限里备案。"),
    "starts-too-early": _("开始得太早：备案以后要隔法律规定的天数才能开始募捐。"),
    "ends-before-start": _("结束日期早于开始日期。"),
}
REFUSALS: Final[dict[str, str | Promise]] = {
    "incomplete": _("还不能提交：下面标出的地方要先补好。已经写的都存着。"),
    "handed-in": _("已经提交了，审核期间不能改。要改请先撤回。"),
    "too-long": _("写得太多了，没有存下。"),
    "no-plan": _("这个项目的方案不在本系统里，请联系平台。"),
    "unknown": _("没有这一项，可能已经办完了。"),
    "ended": _("这一项已经办完了。"),
    "same-person": _("提交的人不能自己审核。"),
    "not-yours": _("这一项要由别的岗位来办。"),
    "no-words": _("请写明原因。"),
    "stale": _("情况已经变了，请退回重新提交。"),
    "stale-filing": _("备案的日期或编号现在已经不符合规定，请退回重新提交。"),
    "charity-unknown": _("这家机构还没有登记在账本上，项目不能开放。请先完成机构登记。"),
    "reports-overdue": _("这家机构还有到期没有公开的报告，公开以前不能发布新项目。"),
    "no-parent": _("母计划已经变了，请退回重新提交。"),
    "above-parent": _("子计划的目标之和超过了母计划，请退回重新提交。"),
    "leftover": _("请选择剩余财产用到哪里。"),
    "not-open": _("这个项目没有开放。"),
    "waiting": _("已经提交过了，正在等第二个人。"),
    "children": _("还有没结束的子计划，请先结束它们。"),
    "no-filing": _("请写明备案编号、备案日期，并附上证明。"),
}
LEFTOVERS: Final[dict[str, str | Promise]] = {
    "by-plan": _("按募捐方案处理"),
    "similar": _("用于本机构目的相近的项目"),
    "none": _("没有剩余"),
}
BASES: Final[dict[str, str | Promise]] = {
    "refile": _("已经向民政部门变更备案"),
    "consent": _("捐赠人同意"),
}
STATES: Final[dict[str, str | Promise]] = {
    "draft": _("草稿"),
    "handed-in": _("等待审核"),
    "handed-back": _("退回修改"),
    "published": _("已发布"),
    "ending": _("等待确认结束"),
    "ended": _("已结束"),
}
STEPS: Final[dict[str, str | Promise]] = {
    "begun": _("开始起草"),
    "saved": _("最近一次保存"),
    "publish": _("提交审核"),
    "publish-confirmed": _("审核通过，发布"),
    "publish-declined": _("退回修改"),
    "publish-withdrawn": _("撤回"),
    "filing": _("提交备案编号"),
    "filing-confirmed": _("备案编号审核通过"),
    "filing-declined": _("备案编号退回"),
    "filing-withdrawn": _("撤回备案编号"),
    "project-end": _("提出结束项目"),
    "project-end-confirmed": _("确认结束"),
    "project-end-declined": _("不同意结束"),
    "project-end-withdrawn": _("撤回结束"),
}


def word(words: Mapping[str, str | Promise], code: str) -> str:
    """The word of a code; the code itself where it has none."""
    return str(words.get(code, code))
