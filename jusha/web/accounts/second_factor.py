"""The second factor of staff: its secrets sealed, and not to be taken off by who needs it."""

import base64
from typing import Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _

from jusha.people.accounts import address_of
from jusha.people.mailbox import masked
from jusha.people.models import UserAccount
from jusha.people.vault import load, seal, unseal
from jusha.web.desk.staff import is_staff

SECRET: Final = "second-factor"  # noqa: S105 - the name of a file
ABOUT: Final = b"second factor"
ISSUER: Final = "Jusha 聚沙"


class Adapter(DefaultMFAAdapter):
    """What the library asks about second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("这个码不对。请看验证器上现在的六位数字再写一次。"),
        "cannot_delete_authenticator": _("工作人员的账户必须有第二重验证，不能取下。"),
    }

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return base64.b64encode(seal(load(settings.HOME, SECRET), text.encode(), ABOUT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed. Raises SealBrokenError."""
        raw = base64.b64decode(encrypted_text)
        return unseal(load(settings.HOME, SECRET), raw, ABOUT).decode()

    def get_totp_issuer(self) -> str:
        """Our name in people's authenticators."""
        return ISSUER

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """The account's address there, masked: authenticators are shown around."""
        assert isinstance(user, UserAccount)
        return masked(address_of(user))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether a factor may be taken off: never that of staff."""
        return not is_staff(authenticator.user)
