"""A donor's receipt: asked for, shown, downloaded, forgotten. Only for who placed the order."""

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jusha.giving.erase_payer import erase_payer
from jusha.giving.models import Receipt
from jusha.giving.receipt_ask import ask_receipt, withdraw_receipt
from jusha.giving.receipt_config import issuer_name
from jusha.giving.receipt_rules import ISSUED, PERSON, ReceiptRefusedError
from jusha.payments import queries as payments
from jusha.payments.order import read_opening
from jusha.web.mine import is_mine
from jusha.web.receipt_form import NONE, WORDS, ReceiptForm
from jusha.web.receipt_letter import draw_letter
from jusha.web.receipt_words import hints, letter_of, told

SEE_OTHER: Final = 303
REFUSED: Final = 422
ON_A_WISH: Final = {"withdraw": withdraw_receipt, "erase": erase_payer}


@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Show how the receipt stands; take a wish, take it back, or forget whom it is for.

    For the browser that placed the order, or the account that keeps it; 404 for all others.
    """
    no = _mine(request, number)
    issuer = issuer_name(settings.HOME)
    refusal, form = "", ReceiptForm(initial={"receipt": PERSON}, issuer=issuer)
    if request.method == "POST":
        if (act := ON_A_WISH.get(request.POST.get("do", ""))) is not None:
            try:
                act(no, now=timezone.now())
            except ReceiptRefusedError as error:
                refusal = str(WORDS[error.code])
        else:
            form = ReceiptForm(request.POST, issuer=issuer)
            if form.is_valid() and form["receipt"].value() == NONE:
                form.refuse("bad-name")
            if form.is_valid():
                keep_wish(request, no, form)
        if not refusal and not form.errors:
            return HttpResponseRedirect(reverse("receipt", args=(no,)), status=SEE_OTHER)
    now = told(no)
    response = render(
        request,
        "web/receipt.html",
        {
            "no": no,
            "form": form,
            "issuer": issuer,
            "refusal": refusal,
            "now": now,
            "can_ask": not now.e_receipt and not now.under_way,
            "can_withdraw": now.state == "requested" and not now.letter and not now.under_way,
            "is_issued": now.state == ISSUED,
            "hints": hints(payments.deed_of_order(no)),
        },
        status=REFUSED if refusal or form.errors else 200,
    )
    response["Cache-Control"] = "private, no-store"
    return response


def letter(request: HttpRequest, number: str) -> HttpResponse:
    """The confirmation letter as PDF: the one that stands, or the newest, marked as reversed."""
    no = _mine(request, number)
    now = told(no)
    paper = now.letter or next((each for each in now.papers if each.kind == "letter"
                                and each.does == "issue"), None)  # fmt: skip
    deed = Receipt.objects.filter(order_no=no).values_list("deed", flat=True).first()
    if paper is None or deed is None:
        raise Http404(number)
    found = letter_of(paper, address=request.build_absolute_uri(reverse("deed", args=(deed,))))
    if found is None:
        raise Http404(number)
    answer = HttpResponse(draw_letter(found), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{paper}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def keep_wish(request: HttpRequest, order_no: int, form: ReceiptForm) -> None:
    """Keep what a valid form asks for; a refusal is said in the form. Nothing wanted: nothing."""
    if form.payer is None:
        return
    account = str(request.user.pk) if request.user.is_authenticated else ""
    try:
        ask_receipt(
            order_no=order_no,
            kind=form.kind,
            payer=form.payer,
            consent=form.cleaned_data["receipt_consent"],
            now=timezone.now(),
            asked_by=account,
        )
    except ReceiptRefusedError as error:
        form.refuse(error.code)


def _mine(request: HttpRequest, number: str) -> int:
    """The order, if it is the visitor's and there. Raises Http404."""
    no = int(number)
    if not is_mine(request, no) or (payments.order(no) is None and read_opening(no) is None):
        raise Http404(number)
    return no
