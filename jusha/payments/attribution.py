"""What a gift is counted for beside its project: a team, a company's people, a scene, a province.

Told by the page that the donor came by, or chosen; kept with the order and never in the log. It
moves no money and changes no match: totals and rankings read it, once the order is paid.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from jusha.inbox.envelopes import CODE
from jusha.payments.models import AttributedOrder

PROVINCES: Final = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江",
    "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川",
    "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆", "台湾", "香港", "澳门",
)  # fmt: skip
"""In the order of GB/T 2260, by their short names."""


class Attribution(NamedTuple):
    """Codes of a team, a company and a scene, and a province of PROVINCES; "" where there is none.

    A scene is the place that led to the gift: a map, a shop, a document, a stream.
    """

    team: str = ""
    company: str = ""
    scene: str = ""
    province: str = ""


NOWHERE: Final = Attribution()


def is_sound(told: Attribution) -> bool:
    """Whether every code has a code's shape and the province is one. Says nothing of existence."""
    codes = (told.team, told.company, told.scene)
    are_codes = all(not code or CODE.fullmatch(code) for code in codes)
    return are_codes and told.province in {"", *PROVINCES}


def cleaned(team: str = "", company: str = "", scene: str = "", province: str = "") -> Attribution:
    """What of a visitor's address can be kept: a code of another shape is left out."""
    team, company, scene = (code if CODE.fullmatch(code) else "" for code in (team, company, scene))
    return Attribution(team, company, scene, province if province in PROVINCES else "")


def keep(rows: Iterable[tuple[int, Attribution]]) -> None:
    """Keep the attributions of orders, in the orders' own transaction: one statement, or none.

    Raises IntegrityError where an order has one. Writes: jusha_attribution.
    """
    AttributedOrder.objects.bulk_create(
        AttributedOrder(order_no=number, **told._asdict())
        for number, told in rows
        if told != NOWHERE
    )
