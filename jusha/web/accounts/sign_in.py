"""Sign-in by a one-time code: the library's form and adapter, fed with aliases of addresses."""

from typing import Any, Final

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import RequestLoginCodeForm
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jusha.people import mailbox
from jusha.people.accounts import open_account
from jusha.web.desk.staff import is_staff

STAFF_SESSION_SECONDS: Final = 12 * 3600
"""Staff sign in each working day; donors stay for SESSION_COOKIE_AGE."""

NOT_AN_ADDRESS: Final = _("请写一个邮箱地址，例如 lin@example.org。")

log = structlog.get_logger("accounts")


class RequestCodeForm(RequestLoginCodeForm):
    """Asks for an address. The first code for a new address opens its account, so that nobody
    learns from the page who has one; what is never signed in to is swept after a day.
    """  # noqa: D205 - one thought

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say what is wrong with an address in our words."""
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.error_messages |= {"required": NOT_AN_ADDRESS}
        email.validators = []  # clean_email judges, by the same rule as everywhere

    def clean_email(self) -> str:
        """Turn the address into its alias before the library looks at it."""
        try:
            self.cleaned_data["email"] = alias = mailbox.alias_of(self.cleaned_data["email"])
        except mailbox.NotAnAddressError as error:
            raise ValidationError(NOT_AN_ADDRESS) from error
        super().clean_email()
        if self._user is None:
            opened = open_account(self.data["email"])
            self._user = opened if opened.is_active else None  # then the letter says: closed
        return alias


class Adapter(DefaultAccountAdapter):
    """What the library asks this site."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": _("这个码不对。请照信里的写，大小写和空格都不要紧。"),
        "too_many_login_attempts": _("试得太多了。为了您的账户安全，请过五分钟再来。"),
        "rate_limited": _("试得太多了。为了您的账户安全，请过五分钟再来。"),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter to the address behind an alias."""
        address = mailbox.address_behind(email)
        super().send_mail(template_prefix, address, context | {"email": address})

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign in, for a working day where it is staff; the session gets a new name either way."""
        super().login(request, user)
        if is_staff(user):
            request.session.set_expiry(STAFF_SESSION_SECONDS)
        log.info("signed_in", account=str(user.pk))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff begin at their desk, donors at their gifts."""
        return reverse("desk") if is_staff(request.user) else reverse("mine")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - its contract
        """Back to home."""
        return reverse("home")
