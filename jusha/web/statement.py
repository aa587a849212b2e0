"""A year of gifts as the paper states it: by charity, with what of it is receipted."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from jusha.charities import queries as charities
from jusha.giving.queries import OrderedGift
from jusha.giving.receipt_queries import standing_of_orders
from jusha.giving.receipt_rules import E_RECEIPT, LETTER
from jusha.projects import queries as projects
from jusha.web.mine import Sum, sums_of
from jusha.web.statement_paper import EReceipt, OfCharity, OfProject, Statement

YUAN: Final = "CNY"


def statement_of(
    gifts: Sequence[OrderedGift], *, year: int, who: str, at: datetime, page: str
) -> Statement:
    """What a donor's paid gifts of a year come to, names in Chinese as they were filed.

    Reads: charities, projects, jusha_receipt, jusha_receiptpaper.
    """
    every = sums_of(list(gifts))
    sums = [each for each in every if each.asset == YUAN]
    parts: defaultdict[str, list[Sum]] = defaultdict(list)
    for each in sums:
        parts[each.charity].append(each)
    papers = _papers(gifts)
    names = charities.named(parts)
    titles = projects.named(each.project for each in sums)
    told = []
    for code, some in parts.items():
        charity = names.get(code)
        e_receipts, letters = papers.get(code, ([], 0))
        lines = tuple(
            OfProject(
                titles[each.project].title_zh if each.project in titles else each.project,
                each.gifts,
                each.given,
                each.refunded,
            )
            for each in some
        )
        name, uscc = (charity.name_zh, charity.uscc) if charity else (code, "")
        told.append(OfCharity(name, uscc, lines, tuple(e_receipts), letters))
    return Statement(
        year=year,
        who=who,
        at=at,
        charities=tuple(told),
        gifts=sum(each.gifts for each in sums),
        matched=sum(each.matched for each in sums),
        others=len(sums) < len(every),
        page=page,
        sandbox=settings.JUSHA_MODE == "sandbox",
    )


def _papers(gifts: Sequence[OrderedGift]) -> dict[str, tuple[list[EReceipt], int]]:
    """By charity: e-receipts that stand, and fen that stand in letters alone."""
    charity_of = {each.order_no: each.charity for each in gifts}
    found: dict[str, tuple[list[EReceipt], int]] = {}
    for order_no, papers in sorted(standing_of_orders(list(charity_of)).items()):
        e_receipts, letters = found.get(charity_of[order_no], ([], 0))
        kinds = {each.kind: each for each in papers}
        if (paper := kinds.get(E_RECEIPT)) is not None:
            e_receipts.append(
                EReceipt(paper.issuer_code, paper.issuer_number, paper.issuer_check, paper.amount)
            )
        elif (paper := kinds.get(LETTER)) is not None:
            letters += paper.amount
        found[charity_of[order_no]] = (e_receipts, letters)
    return found
