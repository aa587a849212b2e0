"""Signing in and out, and what an account can change about itself."""

from typing import Any, Final

import structlog
from allauth.account import views as sign
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jusha.giving.erase_donor import StaffError, Whose, erase_donor
from jusha.people.accounts import address_of, end_sessions
from jusha.people.change_address import AddressTakenError
from jusha.people.mailbox import NotAnAddressError, address_behind
from jusha.people.models import UserAccount
from jusha.web.accounts import new_address
from jusha.web.accounts.sign_in import NOT_AN_ADDRESS
from jusha.web.browser import forget
from jusha.web.desk.guard import prove_first
from jusha.web.desk.staff import has_factor, is_staff, needs_factor

UNAVAILABLE: Final = 503

log = structlog.get_logger("accounts")


class Ours:
    """The library's words for a page, without the one that our pages have another meaning for."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the library tells the template; `site` stays the installation (web/context.py)."""
        found: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        found.pop("site", None)
        return found


class SignIn(Ours, sign.RequestLoginCodeView):
    """The address is asked for, and a code goes there."""

    template_name = "web/sign_in.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Send the code; a mail server that does not answer is said, not thrown."""
        try:
            return super().form_valid(form)
        except OSError as error:
            log.warning("letter_not_sent", error=type(error).__name__)
            form.add_error(
                None, _("信没有寄出去：邮件服务没有回答。请过几分钟再试，您没有少什么。")
            )
            return self.render_to_response(self.get_context_data(form=form), status=UNAVAILABLE)


class EnterCode(Ours, sign.ConfirmLoginCodeView):
    """The code comes back."""

    template_name = "web/sign_in_code.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the letter went; in the sandbox, where it lies."""
        user = self._process.user
        shown = settings.JUSHA_SIMULATOR and isinstance(user, UserAccount) and user.demo
        return super().get_context_data(**kwargs) | {
            "address": address_behind(self._process.state["email"]),
            "demo_code": self._process.code if shown else "",
            "in_folder": bool(settings.MAIL.folder),
        }


class SetUpFactor(Ours, totp.ActivateTOTPView):
    """An authenticator is connected; every other session of the account ends with it."""

    template_name = "web/factor_set_up.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Connect it, and let only this session live on."""
        answer = super().form_valid(form)
        end_other_sessions(self.request)
        proven = {"type": "totp", "reauthenticated": True}  # its code was right a moment ago
        record_authentication(self.request, form.user, "mfa", **proven)
        return answer


class Codes(Ours, recovery.ViewRecoveryCodesView):
    """Recovery codes, shown once."""

    template_name = "web/factor_codes.html"


class NewCodes(Ours, recovery.GenerateRecoveryCodesView):
    """New recovery codes, which end the old ones."""

    template_name = "web/factor_new_codes.html"


class EnterFactor(Ours, factor.AuthenticateView):
    """The second step of a sign-in."""

    template_name = "web/factor_enter.html"


class ProveAgain(Ours, factor.ReauthenticateView):
    """The second factor once more, before something that cannot be taken back."""

    template_name = "web/factor_enter.html"


class TakeOff(Ours, totp.DeactivateTOTPView):
    """A second factor is taken off, which staff may not."""

    template_name = "web/factor_take_off.html"


def end_other_sessions(request: HttpRequest) -> None:
    """End all sessions of this account but the one that asks, which gets a new name."""
    account = request.user
    assert isinstance(account, UserAccount)
    end_sessions(account)
    update_session_auth_hash(request, account)


@never_cache
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for a mail address and send a one-time code there."""
    if not settings.MAIL.leaves:
        return render(request, "web/sign_in_closed.html", status=UNAVAILABLE)
    return SignIn.as_view()(request)


@never_cache
def sign_in_code(request: HttpRequest) -> HttpResponseBase:
    """Take the code, once, within ten minutes; three wrong ones end the attempt."""
    return EnterCode.as_view()(request)


@require_POST
def sign_in_anew(request: HttpRequest) -> HttpResponse:
    """Forget an attempt to sign in, to write another address."""
    clear_login(request)
    return HttpResponseRedirect(reverse("account_login"))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out here, or (`everywhere`) on every device."""
    account = request.user
    if isinstance(account, UserAccount) and "everywhere" in request.POST:
        end_sessions(account)
        log.info("signed_out_everywhere", account=str(account.pk))
    logout(request)
    return HttpResponseRedirect(reverse("home"))


@never_cache
def inactive(request: HttpRequest) -> HttpResponse:
    """Say that an account was closed, and whom to ask."""
    return render(request, "web/account_inactive.html", status=403)


@never_cache
@login_required
def again(request: HttpRequest) -> HttpResponse:
    """Ask a person to prove again who they are: by their second factor, else by a new code."""
    way = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(way, allowed_hosts={request.get_host()}):
        way = reverse("account")
    assert isinstance(request.user, UserAccount)
    query = urlencode({"next": way})
    if has_factor(request.user):
        return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{query}")
    if request.method == "POST":
        logout(request)
        return HttpResponseRedirect(f"{reverse('account_login')}?{query}")
    return render(request, "web/sign_in_again.html", {"way": way})


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The account itself: its address, second factor, devices; what it may change."""
    person = request.user
    assert isinstance(person, UserAccount)
    context = {
        "address": address_of(person),
        "has_factor": has_factor(person),
        "is_staff": is_staff(person),
        "needs_factor": needs_factor(person),
    }
    return render(request, "web/account.html", context)


@never_cache
@login_required
def address(request: HttpRequest) -> HttpResponse:
    """Ask for a new mail address, shortly after signing in, and send a code there."""
    if (led := prove_first(request)) is not None:
        return led
    error = ""
    if request.method == "POST":
        try:
            new_address.send_code(request, request.POST.get("email", ""))
        except NotAnAddressError:
            error = str(NOT_AN_ADDRESS)
        except new_address.TooManyError:
            error = _("试得太多了。为了您的账户安全，请过五分钟再来。")
        except OSError:
            error = _("信没有寄出去：邮件服务没有回答。请过几分钟再试，您没有少什么。")
        else:
            return HttpResponseRedirect(reverse("account_address_code"))
    context = {"error": error, "wanted": request.POST.get("email", "")}
    return render(request, "web/account_address.html", context)


@never_cache
@login_required
def address_code(request: HttpRequest) -> HttpResponse:
    """Take the code from the new address; every other device is signed out."""
    person = request.user
    assert isinstance(person, UserAccount)
    waiting = new_address.pending(request)
    if not waiting:
        return HttpResponseRedirect(reverse("account_address"))
    error = ""
    if request.method == "POST":
        try:
            if new_address.take_code(request, person, request.POST.get("code", "")):
                end_other_sessions(request)
                log.info("address_changed", account=str(person.pk))
                return HttpResponseRedirect(reverse("account"))
            error = _("这个码不对。请照信里的写，大小写和空格都不要紧。")
        except AddressTakenError:
            error = _("这个邮箱已经有一个账户。没有改动任何东西。")
    shown = {"address": waiting, "error": error, "in_folder": bool(settings.MAIL.folder)}
    return render(request, "web/account_address_code.html", shown)


@never_cache
@login_required
def close(request: HttpRequest) -> HttpResponse:
    """Erase the person behind the account, shortly after signing in; refused to staff."""
    person = request.user
    assert isinstance(person, UserAccount)
    if (led := prove_first(request)) is not None:
        return led
    if request.method == "POST" and not is_staff(person):
        log.info("account_closed", account=str(person.pk))
        try:
            line = erase_donor(Whose(account=person.pk), now=timezone.now())
        except StaffError:  # became staff a moment ago
            return HttpResponseRedirect(reverse("account_close"))
        answer = HttpResponseRedirect(reverse("home"))
        logout(request)
        forget(request, answer, *line.orders)
        return answer
    context = {"address": address_of(person), "is_staff": is_staff(person)}
    return render(request, "web/account_close.html", context)


@never_cache
@login_required
def factor_set_up(request: HttpRequest) -> HttpResponseBase:
    """Connect an authenticator, shortly after signing in."""
    if (led := prove_first(request)) is not None:
        return led
    return SetUpFactor.as_view()(request)


@never_cache
def factor_take_off(request: HttpRequest) -> HttpResponseBase:
    """Take an authenticator off; refused to staff."""
    return TakeOff.as_view()(request)


@never_cache
def factor_enter(request: HttpRequest) -> HttpResponseBase:
    """Take the authenticator's code, or a recovery code, at sign-in."""
    return EnterFactor.as_view()(request)


@never_cache
def factor_again(request: HttpRequest) -> HttpResponseBase:
    """Take the authenticator's code once more, before what cannot be taken back."""
    return ProveAgain.as_view()(request)


@never_cache
def factor_codes(request: HttpRequest) -> HttpResponseBase:
    """Show the recovery codes, the first time only."""
    return Codes.as_view()(request)


@never_cache
def factor_new_codes(request: HttpRequest) -> HttpResponseBase:
    """Make new recovery codes; the old ones are void."""
    return NewCodes.as_view()(request)
