"""Every address of an account. Names that begin with account_ and mfa_ are the library's words.

It knows three ways in where we have one, so that one has three names.
"""

from django.urls import path

from jusha.web.views import account

urlpatterns = [
    path("account", account.account, name="account"),
    path("account/sign-in", account.sign_in, name="account_login"),
    path("account/sign-in", account.sign_in, name="account_request_login_code"),
    path("account/sign-in", account.sign_in, name="account_signup"),
    path("account/code", account.sign_in_code, name="account_confirm_login_code"),
    path("account/anew", account.sign_in_anew, name="account_anew"),
    path("account/again", account.again, name="account_again"),
    path("account/sign-out", account.sign_out, name="account_logout"),
    path("account/address", account.address, name="account_address"),
    path("account/address/code", account.address_code, name="account_address_code"),
    path("account/close", account.close, name="account_close"),
    path("account/closed", account.inactive, name="account_inactive"),
    path("account/factor", account.factor_enter, name="mfa_authenticate"),
    path("account/factor/again", account.factor_again, name="mfa_reauthenticate"),
    path("account/factor/new", account.factor_set_up, name="mfa_activate_totp"),
    path("account/factor/off", account.factor_take_off, name="mfa_deactivate_totp"),
    path("account/factor/codes", account.factor_codes, name="mfa_view_recovery_codes"),
    path("account/factor/codes/new", account.factor_new_codes, name="mfa_generate_recovery_codes"),
    path("account/factors", account.account, name="mfa_index"),
]
