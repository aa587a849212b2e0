"""How a charity comes here: its application, what became of it, and mending it."""

from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from jusha.charities import queries as charities
from jusha.charities.join import NotAppliedError, apply
from jusha.charities.models import Application
from jusha.people.models import UserAccount
from jusha.uploads import queries as uploads
from jusha.web.desk.staff import is_staff
from jusha.web.join_form import FILES, REFUSALS, JoinForm, before
from jusha.web.tier_words import KINDS

SEE_OTHER: Final = 303
REFUSED: Final = 422
BESIDE: Final = "beside"


@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Tell what is needed; take an application; show how it stands, and let it be mended."""
    if settings.JUSHA_MODE == BESIDE:
        raise Http404
    account = request.user
    if not isinstance(account, UserAccount):
        return render(request, "web/join.html", {"stage": "stranger"})
    last = charities.application_of(account.pk)
    if last is not None and charities.is_open(last):
        return _show(request, "waits", last=last)
    if is_staff(account):
        admitted = last is not None and charities.find(last.code) is not None
        return _show(request, "admitted" if admitted else "staff", last=last)
    returned = charities.return_of(last) if last else None
    if request.method == "POST":
        form = JoinForm(request.POST, request.FILES, account=account)
        if form.is_valid() and _applied(form, account):
            return HttpResponseRedirect(reverse("join"), status=SEE_OTHER)
        return _show(request, "form", form=form, returned=returned, status=REFUSED)
    form = JoinForm(initial=before(last) if last else None, account=account)
    return _show(request, "form", form=form, returned=returned)


def _applied(form: JoinForm, account: UserAccount) -> bool:
    """Hand in what a valid form says; False with an error in the form."""
    try:
        apply(form.asked(), account=account)
    except NotAppliedError as error:
        form.add_error(error.field or None, str(REFUSALS[error.code]))
        return False
    return True


def _show(
    request: HttpRequest,
    stage: str,
    *,
    form: JoinForm | None = None,
    last: Application | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context: dict[str, Any] = {"stage": stage, "form": form, "last": last, "kinds": KINDS.items()}
    if form is not None:
        context["kept"] = _kept(form)
    return render(request, "web/join.html", context | more, status=status)


def _kept(form: JoinForm) -> dict[str, Any]:
    """The files that a form holds already, by field: kept just now, or before."""
    hashes = {
        name: form.kept[name].sha256 if name in form.kept else str(form[f"{name}_kept"].value())
        for name in FILES
    }
    own = uploads.named(hashes.values(), by=form.account.pk)
    return {name: own[each] for name, each in hashes.items() if each in own}
