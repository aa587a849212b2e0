"""The page /api: what the API is for, in words; its table is read off the document itself."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from jusha.api.endpoints import ENDPOINTS, PREFIX
from jusha.api.rates import BY_ADDRESS, BY_KEY, BY_KEY_WRITES
from jusha.api.rules import KINDS

WORDS = {
    "list_projects": _("所有项目，按代码排序，带已筹到的数"),
    "read_project": _("一个项目"),
    "list_charities": _("所有慈善组织"),
    "read_charity": _("一个慈善组织"),
    "list_campaigns": _("所有活动和总数"),
    "read_campaign": _("一个活动，按项目列出总数"),
    "read_deed": _("账本里的一条：原文、配捐和理由、退款、凭证"),
    "read_proof": _("下载一条的凭证文件"),
    "read_checkpoint": _("最近一次签名"),
    "create_order": _("下一个订单，可以同时请求付款码"),
    "read_order": _("订单现在怎样"),
    "create_refund_request": _("替捐赠人申请退款，由机构财务决定"),
    "erase_order": _("替捐赠人删除写下的名字和留言，不能恢复"),
    "create_room": _("为筹满即止的项目先留出一部分额度"),
    "end_room": _("提前退回没有用完的额度"),
    "list_webhooks": _("列出通知地址"),
    "create_webhook": _("登记一个通知地址"),
    "read_webhook": _("通知地址的状况"),
    "delete_webhook": _("取消一个通知地址"),
    "resume_webhook": _("重新开启，补发没送到的"),
    "rotate_secret": _("更换签名密钥，新旧并用一天"),
}
KIND_WORDS = {
    "gift.settled": _("一笔捐款入账并公示"),
    "gift.held": _("一笔款项对不上，挂账等人核实"),
    "gift.refunded": _("一笔捐款确认退款"),
    "gift.repaid": _("退款已到捐赠人账户"),
    "match.decided": _("事后才定的配捐定了"),
    "match.returned": _("配捐被收回"),
    "checkpoint.published": _("账本有了新的签名，每分钟至多一次"),
}


class Row(NamedTuple):
    """One line of the table."""

    method: str
    path: str
    scope: str
    words: str


def page(request: HttpRequest) -> HttpResponse:
    """Show what the API is, how to ask, and what it promises."""
    rows = [
        Row(each.method, PREFIX + each.path, str(each.scope), str(WORDS[each.name]))
        for each in ENDPOINTS
    ]
    return render(
        request,
        "web/api.html",
        {
            "open_rows": [row for row in rows if not row.scope],
            "key_rows": [row for row in rows if row.scope],
            "kinds": [(kind, str(KIND_WORDS[kind])) for kind in KINDS],
            "document": f"{PREFIX}openapi.json",
            "first": request.build_absolute_uri(f"{PREFIX}deeds/0"),
            "by_address": BY_ADDRESS.quota,
            "by_key": BY_KEY.quota,
            "writes": BY_KEY_WRITES.quota,
        },
    )
