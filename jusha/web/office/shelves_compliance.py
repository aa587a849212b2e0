"""What the law asks of charities and of the platform: plans, reports, complaints, figures.

Who reported and what they wrote, contacts of applicants and suppliers are on none of these.
"""

from typing import ClassVar, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jusha.charities.models import Application, Partner
from jusha.law.models import LawRule
from jusha.oversight.models import Complaint, RegisterEntry, RegulatorExport
from jusha.projects.disclosure_models import Disclosure, DisclosurePaper
from jusha.projects.models import Expense, ExpensePaper, ProjectHold
from jusha.projects.plan_models import Filing, ProjectEnd, ProjectPlan
from jusha.uploads.models import Upload
from jusha.web.office.shelf import ALL, EXAMINES, Shelf, money


class Applications(Shelf):
    """Who wishes to come."""

    title, offices = _("入驻申请"), EXAMINES
    columns: ClassVar = {
        "code": _("代码"), "name_zh": _("名称"), "kind": _("种类"),
        "uscc": _("统一社会信用代码"), "number": _("证书号"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {
        "raises": _("公开募捐"), "issuer": _("发证机关"), "valid_from": _("生效"),
        "valid_until": _("到期"), "registration": _("登记证书的哈希"),
        "evidence": _("证据文件的哈希"),
    }  # fmt: skip
    search_fields = ("code__exact", "uscc__exact")


class Partners(Shelf):
    """Who raises money under another's certificate, and is never paid."""

    title, offices = _("合作方"), EXAMINES
    columns: ClassVar = {
        "charity": _("慈善组织"), "name": _("名称"), "uscc": _("统一社会信用代码"),
        "valid_from": _("生效"), "valid_until": _("到期"),
    }  # fmt: skip
    wide: ClassVar = {
        "evaluation": _("评估的哈希"), "agreement": _("协议的哈希"), "decision": _("决定"),
    }  # fmt: skip
    search_fields = ("charity__exact", "uscc__exact")


class Filings(Shelf):
    """By which number a project is filed."""

    title, offices = _("备案"), ALL
    columns: ClassVar = {
        "charity": _("慈善组织"), "project": _("项目"), "number": _("备案编号"),
        "filed_on": _("备案日期"), "starts_on": _("开始"), "ends_on": _("结束"),
    }  # fmt: skip
    wide: ClassVar = {
        "emergency": _("应急"), "evidence": _("证据文件的哈希"), "decision": _("决定"),
        "set_by": _("登记人"), "second": _("第二人"), "set_at": _("登记时间"),
    }  # fmt: skip
    search_fields = ("project__exact", "number__exact")


class Plans(Shelf):
    """Plans as two persons published them, version by version."""

    title, offices = _("募捐方案"), ALL
    columns: ClassVar = {
        "charity": _("慈善组织"), "project": _("项目"), "version": _("版本"),
        "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"content": _("内容")}
    search_fields = ("project__exact",)


class Ends(Shelf):
    """Projects that were ended."""

    title, offices = _("结束的项目"), ALL
    columns: ClassVar = {
        "charity": _("慈善组织"), "project": _("项目"), "leftover": _("余款去向"),
        "words": _("说明"), "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("project__exact",)


class Holds(Shelf):
    """Projects that were stopped, and let go again."""

    title, offices = _("暂停和恢复"), EXAMINES
    columns: ClassVar = {
        "project": _("项目"), "charity": _("慈善组织"), "what": _("作用"), "cause": _("原因"),
        "words": _("写给公众"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {
        "reason": _("理由"), "complaint": _("举报"), "lifts": _("解除哪一次"), "by": _("谁"),
        "decision": _("决定"),
    }  # fmt: skip
    search_fields = ("project__exact", "charity__exact")


class Dues(Shelf):
    """What has to be published by which day."""

    title, offices = _("该公开的"), EXAMINES
    columns: ClassVar = {
        "key": _("编号"), "charity": _("慈善组织"), "kind": _("种类"), "from_on": _("从"),
        "until_on": _("到"), "due_on": _("最晚"), "at": _("记下"),
    }  # fmt: skip
    search_fields = ("project__exact", "charity__exact", "key__exact")


class Papers(Shelf):
    """What was published, version by version."""

    title, offices = _("公开的报告"), EXAMINES
    columns: ClassVar = {
        "key": _("编号"), "version": _("版本"), "charity": _("慈善组织"), "kind": _("种类"),
        "title": _("标题"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {
        "words": _("内容"), "files": _("文件的哈希"), "figures": _("数字"),
        "correction": _("更正说明"), "by": _("谁"), "decision": _("决定"),
    }  # fmt: skip
    search_fields = ("project__exact", "charity__exact", "key__exact")


class Expenses(Shelf):
    """What money was used for, as settled."""

    title, offices = _("支出"), EXAMINES
    columns: ClassVar = {
        "number": _("账本条目"), "project": _("项目号"), "line": _("哪一条"),
        money("amount"): _("金额（元）"), "what": _("类别"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {
        money("start"): _("从第几元"), money("upto"): _("到第几元"), "ref": _("凭据号"),
        "words": _("说明的哈希"), "evidence": _("证据文件的哈希"),
    }  # fmt: skip
    search_fields = ("number__exact",)


class Complaints(Shelf):
    """Complaints with their clock; the words and the reporter are not here."""

    title, offices = pgettext_lazy("many", "举报"), EXAMINES
    columns: ClassVar = {
        "id": _("编号"), "kind": _("种类"), "project": _("项目"), "charity": _("慈善组织"),
        "received_on": _("收到"), "due_on": _("最晚答复"),
    }  # fmt: skip
    wide: ClassVar = {"about": _("哪一页"), "answer_days": _("工作日")}
    search_fields = ("id__exact", "project__exact", "charity__exact")


class Registers(Shelf):
    """Incidents and assessments of impact."""

    title, offices = _("登记簿"), EXAMINES
    columns: ClassVar = {
        "register": _("登记簿"), "number": _("编号"), "version": _("版本"), "title": _("标题"),
        "happened_on": _("哪天"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"text": _("内容"), "keep_until": _("保存到"), "by": _("谁")}


class Exports(Shelf):
    """What authorities asked for."""

    title, offices = _("监管导出"), EXAMINES
    columns: ClassVar = {
        "case_id": _("案号"), "authority": _("主管部门"), "project": _("项目"),
        "complaint": _("举报"), "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("case_id__exact",)


class Figures(Shelf):
    """Figures of the law by date."""

    title, offices = _("法律的数"), ALL
    columns: ClassVar = {
        "rule": _("代码"), "article": _("条目"), "name_zh": _("名称"), "value": _("数"),
        "unit": _("单位"), "begins": _("生效"), "ends": _("到期"),
    }  # fmt: skip
    wide: ClassVar = {"source": _("出处"), "sure": _("把握"), "decision": _("决定")}
    search_fields = ("rule__exact", "article__exact")


class Uploads(Shelf):
    """Files that were handed in, by their contents."""

    title, offices = _("上传的文件"), EXAMINES
    columns: ClassVar = {
        "sha256": _("哈希"), "kind": _("种类"), "bytes": _("字节"), "charity": _("慈善组织"),
        "at": _("时间"),
    }  # fmt: skip
    search_fields = ("sha256__exact", "charity__exact")


class ShownPapers(Shelf):
    """Papers of expenses that charities let everybody see, and took back."""

    title, offices = _("给大家看的凭证"), EXAMINES
    columns: ClassVar = {
        "number": _("编号"), "charity": _("慈善组织"), "sha256": _("哈希"), "original": _("原件"),
        "shown": _("公开"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("number__exact", "charity__exact", "sha256__exact")


COMPLIANCE: Final = {
    Application: Applications, Partner: Partners, Filing: Filings, ProjectPlan: Plans,
    ProjectEnd: Ends, ProjectHold: Holds, Disclosure: Dues, DisclosurePaper: Papers,
    Expense: Expenses, Complaint: Complaints, RegisterEntry: Registers,
    RegulatorExport: Exports, LawRule: Figures, Upload: Uploads,
    ExpensePaper: ShownPapers,
}  # fmt: skip
