"""What may wait for somebody at the desk. A piece adds its panel to PANELS, its pages to urls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.charities.rules import Role
from jusha.people.rules import Office
from jusha.web.desk import (
    abuse,
    accounts,
    applications,
    bills,
    broadcasts,
    charity,
    companies,
    complaints,
    day_people,
    days,
    disclosures,
    failed,
    files,
    help_seeking,
    holds,
    law,
    load,
    network,
    payees,
    platform_reports,
    projects,
    refunds,
    registers,
    residue,
    spending,
    sponsors,
    teams,
    wall,
    year_figures,
)
from jusha.web.desk.staff import Staff, Wanted


@dataclass(frozen=True, slots=True)
class Panel:
    """One kind of work, for who holds one of `wanted`.

    `count` says how many things of this kind wait for this very person, so a second approver
    does not see what they asked for themselves. `url` is the name of the page that lists them.
    """

    name: str
    title: str | Promise
    count: Callable[[Staff], int]
    url: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A panel as today shows it to one person."""

    name: str
    title: str | Promise
    count: int
    address: str


PANELS: Final[tuple[Panel, ...]] = (
    Panel(
        "days",
        gettext_lazy("公益日"),
        days.waiting,
        "desk-days",
        (Office.OPERATOR, Office.FINANCE, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "join",
        gettext_lazy("报名公益日"),
        day_people.nothing,
        "desk-join",
        (Role.VIEWER,),
    ),
    Panel(
        "complaints",
        pgettext_lazy("many", "举报"),
        complaints.waiting,
        "desk-complaints",
        (Role.VIEWER, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "abuse",
        gettext_lazy("套取配捐"),
        abuse.waiting,
        "desk-abuse",
        (Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "help",
        gettext_lazy("转来的求助"),
        help_seeking.waiting,
        "desk-help",
        (Role.PROGRAMME,),
    ),
    Panel(
        "holds",
        gettext_lazy("暂停和下线"),
        holds.waiting,
        "desk-holds",
        (Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "exports",
        gettext_lazy("交给主管部门"),
        registers.waiting,
        "desk-exports",
        (Office.OPERATOR, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "registers",
        gettext_lazy("事件和评估登记"),
        registers.nothing,
        "desk-registers",
        (Office.OPERATOR, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "wall",
        gettext_lazy("名字墙"),
        wall.waiting,
        "desk-wall",
        (Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "load",
        gettext_lazy("负荷"),
        load.waiting,
        "desk-load",
        (Office.OPERATOR, Office.AUDITOR),
    ),
    Panel(
        "refunds",
        gettext_lazy("退款和争议"),
        refunds.waiting,
        "desk-refunds",
        (Role.VIEWER, Office.FINANCE, Office.AUDITOR),
    ),
    Panel(
        "platform-reports",
        gettext_lazy("平台的运行报告"),
        platform_reports.waiting,
        "desk-platform-reports",
        (Office.OPERATOR, Office.FINANCE, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "year-figures",
        gettext_lazy("年度支出和管理费用"),
        year_figures.waiting,
        "desk-year-figures",
        (Role.FINANCE,),
    ),
    Panel(
        "companies",
        gettext_lazy("企业"),
        companies.waiting,
        "desk-companies",
        (Office.REVIEWER, Office.FINANCE, Office.AUDITOR),
    ),
    Panel(
        "teams",
        gettext_lazy("一起捐的队伍"),
        teams.waiting,
        "desk-teams",
        (Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "residue",
        gettext_lazy("退不回去的余款"),
        residue.waiting,
        "desk-residue",
        (Office.FINANCE, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "spending",
        gettext_lazy("支出"),
        spending.waiting,
        "desk-spending",
        (Role.VIEWER, Office.AUDITOR),
    ),
    Panel(
        "failed",
        gettext_lazy("没有办成的"),
        failed.waiting,
        "desk-failed",
        (Role.VIEWER, Office.FINANCE, Office.AUDITOR),
    ),
    Panel(
        "bills",
        gettext_lazy("渠道对账"),
        bills.waiting,
        "desk-bills",
        (Role.VIEWER, Office.FINANCE, Office.AUDITOR),
    ),
    Panel(
        "files",
        gettext_lazy("转账和汇款文件"),
        files.waiting,
        "desk-files",
        (Role.VIEWER, Office.FINANCE, Office.AUDITOR),
    ),
    Panel(
        "projects",
        pgettext_lazy("many", "项目"),
        projects.waiting,
        "desk-projects",
        (Role.VIEWER, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "disclosures",
        gettext_lazy("信息公开"),
        disclosures.waiting,
        "desk-disclosures",
        (Role.VIEWER, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "broadcasts",
        gettext_lazy("告诉捐赠人"),
        broadcasts.waiting,
        "desk-broadcasts",
        (Role.VIEWER,),
    ),
    Panel(
        "network",
        gettext_lazy("机构分级和网络"),
        network.waiting,
        "desk-network",
        (Office.REVIEWER, Office.OPERATOR, Office.AUDITOR),
    ),
    Panel(
        "sponsors",
        gettext_lazy("不接受的出资方"),
        sponsors.waiting,
        "desk-sponsors",
        (Office.REVIEWER, Office.OPERATOR, Office.AUDITOR),
    ),
    Panel(
        "accounts",
        gettext_lazy("官方账号"),
        accounts.waiting,
        "desk-accounts",
        (Role.VIEWER, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "payees",
        gettext_lazy("收款账户"),
        payees.waiting,
        "desk-payees",
        (Role.VIEWER, Office.OPERATOR, Office.AUDITOR),
    ),
    Panel(
        "applications",
        gettext_lazy("入驻申请"),
        applications.waiting,
        "desk-applications",
        (Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "charities",
        gettext_lazy("机构、同事和合作方"),
        charity.waiting,
        "desk-charities",
        (Role.VIEWER, Office.REVIEWER, Office.AUDITOR),
    ),
    Panel(
        "law",
        gettext_lazy("法律的数"),
        law.waiting,
        "desk-law",
        (Office.REVIEWER, Office.OPERATOR, Office.AUDITOR),
    ),
)
"""In the order in which today lists them: what has a clock first, then what is about money."""


def waiting(staff: Staff) -> list[Waiting]:
    """Each panel of this person with what waits in it, in the order of PANELS."""
    return [
        Waiting(panel.name, panel.title, panel.count(staff), reverse(panel.url))
        for panel in PANELS
        if any(staff.holds(each) for each in panel.wanted)
    ]
