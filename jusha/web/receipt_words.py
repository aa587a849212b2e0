"""A receipt in words, and the letter's facts, for pages."""

from datetime import date
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jusha.giving import receipt_queries as queries
from jusha.giving import receipt_rules as rules
from jusha.giving import tax_rules
from jusha.giving.models import Deed, Receipt, ReceiptPaper
from jusha.giving.receipt_payer import locked_until, read_payer
from jusha.projects.models import Fund, Project
from jusha.web import reference
from jusha.web.receipt_letter import Charity, Letter

STATES: Final = {
    rules.REQUESTED: gettext_lazy("已申请，还没有开出"),
    rules.ISSUED: gettext_lazy("已开出"),
    rules.WAIVED: gettext_lazy("没有要票据"),
    rules.ANONYMOUS: gettext_lazy("匿名捐赠，没有票据"),
}


class Told(NamedTuple):
    """A gift's receipt for its page: state in words, papers newest first, the standing ones.

    `locked`: the last day of a payer that was erased and the law has kept; None for none.
    """

    state: str
    words: str
    receipt: Receipt | None
    letter: ReceiptPaper | None
    e_receipt: ReceiptPaper | None
    papers: list[ReceiptPaper]
    has_payer: bool
    under_way: bool
    locked: date | None = None


def told(order_no: int) -> Told:
    """How the receipt of an order's gift stands. Reads: jusha_receipt and its papers, payer."""
    receipt = queries.find(order_no)
    if receipt is None:
        state = queries.state_of_order(order_no)
        return Told(state, str(STATES[state]), None, None, None, [], has_payer=False,
                    under_way=False)  # fmt: skip
    papers = queries.papers_of([receipt.pk])[receipt.pk]
    seen = queries.as_rules_see(papers)
    by_id = {paper.pk: paper for paper in papers}
    letter, e_receipt = (rules.standing(seen, kind) for kind in rules.KINDS)
    return Told(
        receipt.state,
        str(STATES[receipt.state]),
        receipt,
        by_id[letter.id] if letter else None,
        by_id[e_receipt.id] if e_receipt else None,
        papers[::-1],
        has_payer=read_payer(receipt.pk) is not None,
        under_way=bool(receipt.tries and receipt.next_at),
        locked=locked_until(receipt.pk),
    )


def letter_of(paper: ReceiptPaper, *, address: str) -> Letter | None:
    """All that a letter says; None where the project has no page. `address` is the record's."""
    receipt = Receipt.objects.get(pk=paper.receipt)
    assert receipt.deed is not None, "a paper is written for a gift"
    deed = Deed.objects.get(number=receipt.deed)
    fund = Fund.objects.filter(project=deed.project).first()
    project = reference.project(fund.code) if fund else None
    if project is None:
        return None
    reversal = ReceiptPaper.objects.filter(reverses=paper.pk).first()
    return Letter(
        number=str(paper),
        charity=box_of(project),
        payer=read_payer(receipt.pk),
        amount=paper.amount,
        given_at=deed.effective_at,
        issued_at=paper.at,
        deed=deed.number,
        address=address,
        reversed_by=str(reversal) if reversal else "",
        sandbox=settings.JUSHA_MODE == "sandbox",
    )


def box_of(project: Project) -> Charity:
    """The statutory box of a project, in Chinese as it was filed (Charity Law section 25)."""
    of = project.charity
    return Charity(
        name=of.name_zh,
        uscc=of.uscc,
        certificate=of.certificate_no,
        phone=of.phone,
        address=of.address_zh,
        project=project.title_zh,
        filing=project.filing_no,
    )


def hints(deed: int | None) -> list[dict[str, Any]]:
    """What a gift may take off its donor's tax by the table of its day; [] if it says nothing."""
    if deed is None:
        return []
    found = Deed.objects.filter(number=deed).values_list("effective_at", flat=True).first()
    if found is None:
        return []
    day = timezone.localtime(found).date()
    rows = []
    for payer, base in (
        (rules.PERSON, _("个人：不超过应纳税所得额")),
        (rules.ORGANISATION, _("企业：不超过年度利润总额")),
    ):
        rule = tax_rules.tax_rule(payer, day)
        if rule is not None:
            rows.append({"base": base, "rule": rule})
    return rows
