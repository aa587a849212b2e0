"""Shelves of teams and companies: what was opened, promised and funded; nobody's contact."""

from typing import ClassVar, Final

from django.utils.translation import gettext_lazy as _

from jusha.teams.company_models import Company, CompanyApplication, CompanyPledge, CompanyPool
from jusha.teams.models import Team, TeamStep
from jusha.web.office.shelf import EXAMINES, MONEY, Shelf, money


class TeamPages(Shelf):
    """Pages on which people give together."""

    title, offices = _("一起捐的队伍"), EXAMINES
    columns: ClassVar = {
        "code": _("代码"), "title": _("标题"), "kind": _("种类"), "project": _("项目"),
        money("target"): _("目标（元）"), "state": _("状态"), "ends_on": _("到期"),
    }  # fmt: skip
    wide: ClassVar = {"story": _("内容"), "figure": _("谁的粉丝"), "company": _("企业")}
    search_fields = ("code__exact", "project__exact", "company__exact")


class TeamSteps(Shelf):
    """What was done with teams."""

    title, offices = _("队伍的经过"), EXAMINES
    columns: ClassVar = {
        "team": _("代码"), "did": _("做了什么"), "words": _("内容"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("team__exact",)


class Applications(Shelf):
    """Companies that asked for a page."""

    title, offices = _("企业的申请"), EXAMINES
    columns: ClassVar = {
        "code": _("代码"), "name_zh": _("名称"), "uscc": _("统一社会信用代码"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"intro": _("内容"), "domain": _("邮箱域名"), "registration": _("哈希")}
    search_fields = ("code__exact", "uscc__exact")


class Companies(Shelf):
    """Companies with a page."""

    title, offices = _("企业"), EXAMINES
    columns: ClassVar = {
        "code": _("代码"), "name_zh": _("名称"), "uscc": _("统一社会信用代码"),
        "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("code__exact", "uscc__exact")


class Pledges(Shelf):
    """What companies promised in public."""

    title, offices = _("企业的承诺"), MONEY
    columns: ClassVar = {
        "company": _("企业"), money("amount"): _("金额（元）"), "due_on": _("到期"),
        "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"text": _("内容"), "signed_on": _("签署"), "file": _("哈希")}
    search_fields = ("company__exact",)


class CompanyPools(Shelf):
    """What companies put behind pools."""

    title, offices = _("企业的配捐池"), MONEY
    columns: ClassVar = {
        "company": _("企业"), "pool": _("配捐池"), "campaign": _("活动"),
        money("amount"): _("金额（元）"), "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"purpose": _("为了什么"), "about": _("关于"), "declared": _("公开的说明")}
    search_fields = ("company__exact", "pool__exact")


TEAMS: Final = {
    Team: TeamPages, TeamStep: TeamSteps, CompanyApplication: Applications, Company: Companies,
    CompanyPledge: Pledges, CompanyPool: CompanyPools,
}  # fmt: skip
