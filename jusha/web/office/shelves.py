"""Which tables officers can look through, who may, and which fields: never a sealed one."""

from typing import Any, ClassVar, Final

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jusha.campaigns.models import Terms
from jusha.charities.models import Certificate, Charity, Member
from jusha.giving.models import (
    Case,
    Deed,
    HandPaid,
    Import,
    RailBill,
    RailDifference,
    Receipt,
    ReceiptPaper,
    Refund,
    RefundCase,
    RefundRun,
    Repaid,
)
from jusha.giving.residue_models import ResidueGift, ResidueOrder
from jusha.ledger.models import Account, Transfer
from jusha.matching.block_models import SponsorBlock
from jusha.matching.models import ClawBack, Pool, Release, Rule
from jusha.notices.models import Broadcast
from jusha.oversight.platform_models import PlatformReport
from jusha.oversight.year_models import YearFigures
from jusha.payments.models import (
    Attempt,
    BankAccount,
    Channel,
    Merchant,
    PayeeStop,
    Sending,
)
from jusha.people.models import Decision, DecisionEnd, DecisionKind, Officer
from jusha.projects.models import Fund, Project
from jusha.settlement.models import Batch, Outcome
from jusha.stories.models import OfficialAccount, Post
from jusha.web.bill_words import KINDS as DIFFERENCES
from jusha.web.office.shelf import ALL, EXAMINES, MONEY, RUNS, AnyAdmin, Shelf, Words, money
from jusha.web.office.shelves_compliance import COMPLIANCE
from jusha.web.office.shelves_teams import TEAMS
from jusha.web.office.site import site
from jusha.web.receipt_words import STATES as RECEIPT_STATES
from jusha.web.refund_words import STATES as CASE_STATES

TWO: Final[dict[str, Words]] = {
    "set_by": _("登记人"),
    "second": _("第二人"),
    "set_at": _("登记时间"),
}


def one_of(field: str, words: dict[str, Words], title: Words) -> type[SimpleListFilter]:
    """A filter over codes that are known beforehand: no question for what there is."""

    class Known(SimpleListFilter):
        parameter_name = field

        def lookups(
            self,
            request: HttpRequest,  # noqa: ARG002 - as the admin calls it
            model_admin: AnyAdmin,  # noqa: ARG002
        ) -> list[tuple[str, str]]:
            return [(code, str(told)) for code, told in words.items()]

        def queryset(
            self,
            request: HttpRequest,  # noqa: ARG002
            queryset: QuerySet[Any],
        ) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() in words else queryset

    Known.title = title  # type: ignore[assignment] # lazy, as everywhere in the admin
    return Known


class Charities(Shelf):
    """Who raises money."""

    title, offices = _("慈善组织"), ALL
    columns: ClassVar = {
        "code": _("代码"), "name_zh": _("名称"), "uscc": _("统一社会信用代码"),
        "certificate_no": _("公募资格证书"), "phone": _("电话"),
    }  # fmt: skip
    wide: ClassVar = {"name_en": _("英文名称"), "address_zh": _("地址")}
    search_fields = ("code", "name_zh", "uscc__exact")
    ordering = ("code",)


class Certificates(Shelf):
    """By which they may."""

    title, offices = _("公募资格证书"), EXAMINES
    columns: ClassVar = {
        "charity": _("慈善组织"), "number": _("证书号"), "issuer": _("发证机关"),
        "valid_from": _("生效"), "valid_until": _("到期"),
    }  # fmt: skip
    wide: ClassVar = {"evidence": _("证据文件的哈希"), **TWO}
    search_fields = ("charity__exact", "number__exact")


class Members(Shelf):
    """Who works for a charity."""

    title, offices = _("机构的工作人员"), EXAMINES
    columns: ClassVar = {
        "charity": _("慈善组织"), "role": _("职位"), "account_id": _("账户"),
        "set_at": _("登记时间"),
    }  # fmt: skip
    search_fields = ("charity__exact",)


class Officers(Shelf):
    """Who works for the platform."""

    title, offices = _("平台的工作人员"), EXAMINES
    columns: ClassVar = {
        "office": _("职位"), "account_id": _("账户"), "set_at": _("登记时间"),
    }  # fmt: skip


class Projects(Shelf):
    """What money is raised for."""

    title, offices = pgettext_lazy("many", "项目"), ALL
    columns: ClassVar = {
        "code": _("代码"), "title_zh": _("名称"), "charity": _("慈善组织"),
        money("target_amount"): _("目标（元）"), "filing_no": _("备案编号"), "starts_on": _("开始"),
        "ends_on": _("结束"),
    }  # fmt: skip
    wide: ClassVar = {"summary_zh": _("简介"), "running_permille": _("执行成本（千分之）")}
    list_select_related = ("charity",)
    search_fields = ("code", "title_zh", "filing_no__exact")
    ordering = ("code",)


class Funds(Shelf):
    """What settlement keeps of a project."""

    title, offices = _("专款"), ALL
    columns: ClassVar = {
        "code": _("项目"), "state": _("状态"), "frozen": _("冻结"), "number": _("账本条目"),
        money("programme_head"): _("项目款累计（元）"),
        money("running_head"): _("成本款累计（元）"),
    }  # fmt: skip
    search_fields = ("code__exact",)


class Deeds(Shelf):
    """Gifts as settled. Who gave is a key that names nobody, and is left out all the same."""

    title, offices = _("善行"), RUNS
    columns: ClassVar = {
        "number": _("编号"), "order_no": _("订单"),
        money("amount"): _("金额（元或单位的百分之一）"),
        "effective_at": _("时间"), "received_at": _("收到"),
    }  # fmt: skip
    wide: ClassVar = {"project": _("项目号"), "channel": _("渠道号"), "held": _("待核")}
    search_fields = ("number__exact", "order_no__exact")


class Cases(Shelf):
    """Money in suspense."""

    title, offices = _("待核的款项"), RUNS
    columns: ClassVar = {
        "id": _("编号"), "number": _("善行"), "reason": _("原因"), "opened_at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"channel": _("渠道号")}
    search_fields = ("number__exact",)


class Refunds(Shelf):
    """Refunds as settled."""

    title, offices = _("退款（账本）"), MONEY
    columns: ClassVar = {
        "number": _("账本条目"), "deed": _("善行"), money("amount"): _("退款（元）"),
        money("matched"): _("退回的配捐（元）"), "reason": _("原因"),
    }  # fmt: skip
    search_fields = ("deed__exact",)


class Repayments(Shelf):
    """Refunds that arrived."""

    title, offices = _("退款（到账）"), MONEY
    columns: ClassVar = {
        "number": _("账本条目"), "deed": _("善行"), money("amount"): _("金额（元）"),
        "reference": _("渠道单号"), "residue": _("余款归（机构编号，0 是退给了捐赠人）"),
    }  # fmt: skip
    search_fields = ("deed__exact", "reference__exact")


class RefundCases(Shelf):
    """Wishes for money back; the verbs are at the desk."""

    title, offices = _("退款申请"), MONEY
    columns: ClassVar = {
        "id": _("编号"), "charity": _("慈善组织"), "deed": _("善行"),
        money("amount"): _("金额（元）"),
        "reason": _("原因"), "state": _("状态"), "asked_at": _("提出"),
    }  # fmt: skip
    wide: ClassVar = {
        "approved_by": _("审核人"),
        "confirmed_by": _("第二人"),
        "entry": _("账本条目"),
    }
    list_filter = (one_of("state", dict(CASE_STATES), _("状态")),)
    search_fields = ("deed__exact", "charity__exact")


class RefundRuns(Shelf):
    """Whole campaigns sent back."""

    title, offices = _("整个活动的退款"), MONEY
    columns: ClassVar = {
        "campaign": _("活动"), "reason": _("原因"), "residue_to": _("余款归"), "by": _("提出人"),
        "second": _("第二人"), "at": _("时间"),
    }  # fmt: skip


class ResidueOrders(Shelf):
    """Money that could not go back, given to a named charity."""

    title, offices = _("退不回去的余款"), MONEY
    columns: ClassVar = {
        "decision": _("决定"), "campaign": _("活动"), "charity": _("慈善组织"),
        "receiver": _("余款归"), money("amount"): _("金额（元）"), "authority": _("主管部门"),
        "document": _("文号"), "document_on": _("文书的日期"), "paid_on": _("转账的那天"),
    }  # fmt: skip


class ResidueGifts(Shelf):
    """What of each gift such an order covers."""

    title, offices = _("余款里的捐赠"), MONEY
    columns: ClassVar = {
        "deed": _("善行"), "order_id": _("决定"), money("amount"): _("金额（元）"),
    }  # fmt: skip


class PaidByHand(Shelf):
    """Refunds paid from the bank."""

    title, offices = _("人工退款"), MONEY
    columns: ClassVar = {
        "refund": _("退款"), "reference": _("银行流水号"), "paid_on": _("日期"),
        "proposed_by": _("提出人"), "confirmed_by": _("第二人"), "confirmed_at": _("确认时间"),
    }  # fmt: skip
    search_fields = ("refund__exact", "reference__exact")


class Receipts(Shelf):
    """Receipts that donors asked for; their names are sealed elsewhere."""

    title, offices = _("票据申请"), MONEY
    columns: ClassVar = {
        "id": _("编号"), "deed": _("善行"), "kind": _("种类"), "state": _("状态"),
        "told": _("对方说"),
        "asked_at": _("提出"),
    }  # fmt: skip
    list_filter = (one_of("state", dict(RECEIPT_STATES), _("状态")),)
    search_fields = ("deed__exact", "order_no__exact")


class ReceiptPapers(Shelf):
    """Receipts as issued and reversed."""

    title, offices = _("开出的票据"), MONEY
    columns: ClassVar = {
        "charity": _("慈善组织"), "kind": _("种类"), "does": _("作用"), "year": _("年"),
        "number": _("号码"), money("amount"): _("金额（元）"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("charity__exact", "issuer_number__exact")


class Bills(Shelf):
    """Bills of rails."""

    title, offices = _("渠道账单"), RUNS
    columns: ClassVar = {
        "rail": _("渠道"), "day": _("日期"), "payee": _("收款号"), "state": _("状态"),
        "lines": _("行数"), "read_at": _("读入"), "laid_at": _("对完"),
    }  # fmt: skip


class Differences(Shelf):
    """What bills and books do not agree about; the verbs are at the desk."""

    title, offices = _("对账差异"), MONEY
    columns: ClassVar = {
        "id": _("编号"), "rail": _("渠道"), "day": _("日期"), "kind": _("种类"), "state": _("状态"),
        "charity": _("慈善组织"), "found_at": _("发现"), "closed_at": _("了结"),
    }  # fmt: skip
    wide: ClassVar = {"reason": _("理由"), "note": _("说明"), "proposed_by": _("提出人"),
                      "confirmed_by": _("第二人")}  # fmt: skip
    list_filter = (one_of("kind", dict(DIFFERENCES), _("种类")),)


class Imports(Shelf):
    """Files of gifts that were read."""

    title, offices = _("导入的文件"), RUNS
    columns: ClassVar = {
        "name": _("文件"), "rows_appended": _("行数"), "started_at": _("开始"),
        "finished_at": _("结束"),
    }  # fmt: skip
    wide: ClassVar = {"file_hash": _("文件的哈希"), "map_hash": _("字段对照的哈希")}


class Channels(Shelf):
    """Who may report deeds."""

    title, offices = _("渠道"), RUNS
    columns: ClassVar = {"code": _("代码"), "number": _("账本条目"), "terms": _("条款")}
    ordering = ("id",)


class Merchants(Shelf):
    """Where a rail pays."""

    title, offices = _("收款商户号"), MONEY
    columns: ClassVar = {
        "rail": _("渠道"), "charity": _("慈善组织"), "merchant": _("商户号"), **TWO,
    }  # fmt: skip
    search_fields = ("charity__exact", "merchant__exact")


class BankAccounts(Shelf):
    """Where a transfer goes."""

    title, offices = _("收款银行账户"), MONEY
    columns: ClassVar = {
        "charity": _("慈善组织"), "holder": _("户名"), "bank": _("开户行"),
        "ended_at": _("停用"), **TWO,
    }  # fmt: skip
    wide: ClassVar = {"number": _("账号")}
    search_fields = ("charity__exact",)


class PayeeStops(Shelf):
    """Changes of an account that were stopped before they began."""

    title, offices = _("叫停的账户更换"), MONEY
    columns: ClassVar = {"decision": _("决定"), "by": _("谁"), "words": _("说明"), "at": _("时间")}
    search_fields = ("decision__exact",)


class SponsorBlocks(Shelf):
    """Sponsors that are not taken."""

    title, offices = _("不接受的出资方"), ALL
    columns: ClassVar = {
        "text": _("名称或词"), "how": _("比对"), "category": _("类别"), "begins": _("开始"),
        "ends": _("结束"), "decision": _("决定"),
    }  # fmt: skip
    wide: ClassVar = {"words": _("说明")}
    search_fields = ("text__exact",)


class OfficialAccounts(Shelf):
    """Official accounts as a reviewer checked them."""

    title, offices = _("官方账号"), EXAMINES
    columns: ClassVar = {
        "charity": _("慈善组织"), "uscc": _("统一社会信用代码"), "certificate": _("证书编号"),
        "decision": _("决定"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"intro": _("介绍")}
    search_fields = ("charity__exact", "uscc__exact")


class Posts(Shelf):
    """What official accounts published, version by version."""

    title, offices = _("官方账号的动态"), EXAMINES
    columns: ClassVar = {
        "charity": _("慈善组织"), "number": _("编号"), "version": _("版本"), "title": _("标题"),
        "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"words": _("内容"), "correction": _("更正说明")}
    search_fields = ("charity__exact",)


class Attempts(Shelf):
    """Orders on their way to a rail; who pays and from where is not shown."""

    title, offices = _("付款单"), RUNS
    columns: ClassVar = {
        "order_no": _("订单"), "rail": _("渠道"), "way": _("方式"), "state": _("状态"),
        "told": _("渠道说"), "created_at": _("建立"),
    }  # fmt: skip
    search_fields = ("order_no__exact",)


class Sendings(Shelf):
    """Refunds on their way through a rail."""

    title, offices = _("退款单"), MONEY
    columns: ClassVar = {
        "refund": _("退款"), "order_no": _("订单"), "rail": _("渠道"), "state": _("状态"),
        "told": _("渠道说"), "changed_at": _("变更"),
    }  # fmt: skip
    search_fields = ("order_no__exact", "refund__exact")


class Campaigns(Shelf):
    """Campaigns as settlement keeps them."""

    title, offices = _("活动"), ALL
    columns: ClassVar = {"code": _("代码"), "number": _("账本条目"), "terms": _("条款")}


class Pools(Shelf):
    """Sponsors' pools."""

    title, offices = _("配捐池"), RUNS
    columns: ClassVar = {
        "code": _("代码"), "sponsor": _("出资方"), "number": _("账本条目"), "on_return": _("余款"),
        "notice_days": _("公示天数"), "notice_until": _("公示到"), "closed": _("已关"),
    }  # fmt: skip
    search_fields = ("code__exact",)


class Rules(Shelf):
    """Versions of rules."""

    title, offices = _("配捐规则"), RUNS
    columns: ClassVar = {
        "code": _("代码"), "version": _("版本"), "from_at": _("生效"), "number": _("账本条目"),
    }  # fmt: skip
    wide: ClassVar = {"terms": _("条款")}
    search_fields = ("code__exact",)


class Releases(Shelf):
    """Matches released to charities."""

    title, offices = _("释放的配捐"), RUNS
    columns: ClassVar = {
        "number": _("账本条目"), "pool": _("池号"), "project": _("项目号"),
        money("amount"): _("金额（元）"),
    }  # fmt: skip


class ClawBacks(Shelf):
    """Matches taken back."""

    title, offices = _("追回的配捐"), RUNS
    columns: ClassVar = {
        "number": _("账本条目"), "deed": _("善行"), money("amount"): _("金额（元）"),
        "reason": _("原因"),
    }  # fmt: skip
    search_fields = ("deed__exact",)


class Accounts(Shelf):
    """Accounts of the ledger with their sums."""

    title, offices = _("账户"), MONEY
    columns: ClassVar = {
        "book": _("账套"), "kind": _("种类"), "owner": _("归属"), "asset": _("单位"),
        money("debits"): _("借方累计"), money("credits"): _("贷方累计"),
    }  # fmt: skip
    search_fields = ("book__exact",)


class Transfers(Shelf):
    """Transfers of the ledger."""

    title, offices = _("分录"), MONEY
    columns: ClassVar = {
        "id": _("编号"), "debit": _("借方账户"), "credit": _("贷方账户"),
        money("amount"): _("金额"),
    }  # fmt: skip
    search_fields = ("id__exact",)


class Decisions(Shelf):
    """What two persons decide."""

    title, offices = _("两人决定"), EXAMINES
    columns: ClassVar = {
        "id": _("编号"), "kind": _("种类"), "charity": _("慈善组织"), "subject": _("对象"),
        "proposed_by": _("提出人"), "at": _("时间"),
    }  # fmt: skip
    wide: ClassVar = {"body": _("内容"), "evidence": _("证据文件的哈希")}
    search_fields = ("subject__exact", "charity__exact")


class DecisionEnds(Shelf):
    """How those ended."""

    title, offices = _("两人决定的结果"), EXAMINES
    columns: ClassVar = {
        "decision_id": _("决定"), "verdict": _("结果"), "ended_by": _("第二人"), "words": _("说明"),
        "at": _("时间"),
    }  # fmt: skip
    search_fields = ("decision_id__exact",)


class DecisionKinds(Shelf):
    """Who may decide what."""

    title, offices = _("谁可以决定什么"), EXAMINES
    columns: ClassVar = {
        "kind": _("种类"), "proposes": _("谁提出"), "confirms": _("谁确认"),
    }  # fmt: skip
    ordering = ("kind",)


class Broadcasts(Shelf):
    """What was told to a project's donors."""

    title, offices = _("告诉捐赠人"), EXAMINES
    columns: ClassVar = {
        "charity": _("慈善组织"), "project": _("项目"), "text": _("内容"), "count": _("人数"),
        "sent_at": _("发出"),
    }  # fmt: skip


class PlatformReports(Shelf):
    """What the platform reported on its own running."""

    title, offices = _("平台的运行报告"), EXAMINES
    columns: ClassVar = {
        "decision": _("决定"), "period": _("时期"), "version": _("第几版"),
        money("income"): _("收入（元）"), money("cost"): _("成本（元）"), "at": _("时间"),
    }  # fmt: skip


class Years(Shelf):
    """What charities said of their whole years."""

    title, offices = _("年度支出和管理费用"), EXAMINES
    columns: ClassVar = {
        "decision": _("决定"), "charity": _("慈善组织"), "year": _("年份"),
        "version": _("第几版"), "as_of": _("截止"), money("spent"): _("支出（元）"),
        money("admin"): _("管理费用（元）"), "at": _("时间"),
    }  # fmt: skip
    search_fields = ("charity__exact",)


class Batches(Shelf):
    """Settlement's batches."""

    title, offices = _("结算批次"), RUNS
    columns: ClassVar = {
        "id": _("批次"), "first": _("第一条"), "next": _("下一条"), "settled_at": _("时间"),
    }  # fmt: skip


class Outcomes(Shelf):
    """What became of instructions."""

    title, offices = _("指令的结果"), RUNS
    columns: ClassVar = {
        "id": _("指令"), "number": _("账本条目"), "code": _("结果"), "detail": _("细节"),
    }  # fmt: skip
    ordering = ("-number",)


SHELVES: Final = {
    Charity: Charities, Certificate: Certificates, Member: Members, Officer: Officers,
    Project: Projects, Fund: Funds, Deed: Deeds, Case: Cases, Refund: Refunds,
    Repaid: Repayments, RefundCase: RefundCases, RefundRun: RefundRuns, HandPaid: PaidByHand,
    ResidueOrder: ResidueOrders, ResidueGift: ResidueGifts,
    Receipt: Receipts, ReceiptPaper: ReceiptPapers, RailBill: Bills, RailDifference: Differences,
    Import: Imports, Channel: Channels, Merchant: Merchants, BankAccount: BankAccounts,
    PayeeStop: PayeeStops, Attempt: Attempts, Sending: Sendings, Terms: Campaigns, Pool: Pools,
    Rule: Rules,
    Release: Releases, ClawBack: ClawBacks, Account: Accounts, Transfer: Transfers,
    Decision: Decisions, DecisionEnd: DecisionEnds, DecisionKind: DecisionKinds,
    Broadcast: Broadcasts, PlatformReport: PlatformReports, YearFigures: Years,
    Batch: Batches, Outcome: Outcomes,
    OfficialAccount: OfficialAccounts, Post: Posts, SponsorBlock: SponsorBlocks,
    **COMPLIANCE, **TEAMS,
}  # fmt: skip

registered: Final = site
"""The site with every shelf in it."""
for model, shelf in SHELVES.items():
    registered.register(model, shelf)
