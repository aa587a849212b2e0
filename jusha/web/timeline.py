"""A project's times in a line: what was filed, what the log says, where we are. Pure."""

from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from jusha.projects.models import Fund, Project


class Step(NamedTuple):
    """A step: when, what, the log's entry for it if there is one; done, now or ahead."""

    when: str
    what: str
    state: str
    number: int | None = None


def timeline(project: Project, fund: Fund | None, *, today: date) -> list[Step]:
    """The project's steps in order of time, today among them."""
    starts, ends = project.starts_on, project.ends_on
    steps = [
        Step(starts.isoformat(), _("募捐方案备案的募捐期开始"), _state(starts, today)),
        Step(ends.isoformat(), _("募捐期结束，之后不再接受捐赠"), _state(ends, today)),
    ]
    place = sum(each.state == "done" for each in steps)
    steps.insert(place, _now(fund, today))
    return steps


def _now(fund: Fund | None, today: date) -> Step:
    if fund is None:
        return Step(today.isoformat(), _("还没有在账本上开放"), "now")
    if fund.state == "open":
        what = _("正在接受捐赠。账本最近一次登记项目状态：")
    else:
        what = _("现在不接受捐赠。账本最近一次登记项目状态：")
    return Step(today.isoformat(), what, "now", fund.number)


def _state(day: date, today: date) -> str:
    return "done" if day <= today else "ahead"
