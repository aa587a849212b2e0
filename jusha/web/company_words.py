"""Companies in words: what they can do, how a pledge stands, and why nothing was changed."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.teams.company_rules import CAPABILITIES as CAPABILITY_CODES
from jusha.teams.company_rules import PURPOSES as PURPOSE_CODES
from jusha.teams.company_rules import REFUSALS as CODES

CAPABILITIES: Final[dict[str, Promise]] = {
    "funds": _("出资"),
    "goods": _("物资"),
    "volunteers": _("员工志愿者"),
    "skills": _("专业服务"),
    "logistics": _("运输和仓储"),
    "technology": _("技术"),
    "places": _("场地"),
    "media": _("传播"),
}
assert tuple(CAPABILITIES) == CAPABILITY_CODES
PURPOSES: Final[dict[str, Promise]] = {
    "project": _("为一个项目"),
    "people": _("为一群人"),
    "place": _("为一个地方"),
}
assert tuple(PURPOSES) == PURPOSE_CODES
PLEDGES: Final[dict[str, Promise]] = {
    "pledged": _("已承诺"),
    "part": _("付了一部分"),
    "paid": _("已付清"),
    "overdue": _("过期没有付清"),
}
REFUSALS: Final[dict[str, Promise]] = {
    "unknown": _("没有这家企业。什么都没有改变。"),
    "code": _("网址简称只能用小写英文字母、数字和中间的连字符，最多 30 个字符。"),
    "code-taken": _("这个网址简称已经有人用了。请换一个。"),
    "uscc": _("统一社会信用代码不对：应该是 18 位，最后一位是校验码。请照营业执照再核对一遍。"),
    "uscc-taken": _("这家企业已经在平台上了。请让代表给您员工码。"),
    "name": _("请照营业执照写下企业的全称。"),
    "intro": _("请写一段介绍，最多 300 个字。"),
    "capabilities": _("请至少选一样企业能做的事。"),
    "domain": _("请写企业自己的邮箱域名，例如 example.com；公共邮箱的域名不行。没有就空着。"),
    "contact": _("请写联系人和电话，最多 80 个字。"),
    "registration": _("请上传营业执照的照片或 PDF。"),
    "waits": _("您的申请正在审核，不用再交一次。"),
    "not-yours": _("您不能做这一步。什么都没有改变。"),
    "no-words": _("请写下要改什么。"),
    "words": _("请写下承诺的内容，最多 400 个字。"),
    "amount": _("请写成 20 或 20.50 这样的金额（元）。"),
    "due": _("签署日不晚于今天，到期日不早于今天。"),
    "file": _("请上传签了字或盖了章的承诺书。"),
    "pledge": _("没有这份承诺。什么都没有改变。"),
    "campaign": _("请写活动的代码。"),
    "pool": _("请写配捐池的代码。它不能是别家企业的，也不能已经结束。"),
    "purpose": _("请选这笔钱为了什么，和怎样到位。"),
    "about": _("请写下项目的代码，或者哪群人、哪个地方，最多 80 个字。"),
    "self-match": _("这是企业自己的项目，或者企业和机构是一家。要先写下公开的说明，才能配捐。"),
    "project": _("没有这个项目，或者没有人提过它。"),
    "blocked": _("平台不接受这家出资方。什么都没有改变。"),
    "code-wrong": _("员工码不对，或者已经换了。请向企业的代表要新的。"),
    "mail": _("您登录用的邮箱不是这家企业的。请用工作邮箱登录，或者填员工码。"),
    "stale": _("情况变了，没有办成，什么都没有改变。"),
}
"""By code of teams.company_rules.CompanyRefusedError."""
assert tuple(REFUSALS) == CODES
