"""Where a charity's money arrives, in words: ways, states, and the form that changes it."""

from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.payments.payee_rules import BANK, BANK_MAX, is_address, squeezed
from jusha.web.charity_forms import FilesForm, file
from jusha.web.join_form import NEEDED

WAYS: Final[dict[str, Promise]] = {
    "wechat": _("微信支付"),
    "alipay": _("支付宝"),
    BANK: _("银行转账"),
}
ADDRESSES: Final[dict[str, Promise]] = {
    "wechat": _("特约商户号"),
    "alipay": _("商家账号（2088 开头的 16 位数字）"),
    BANK: _("银行账号"),
}
STATES: Final[dict[str, Promise]] = {
    "now": _("正在使用"),
    "coming": _("已经决定，还没有开始"),
    "waits-token": _("等平台录入支付宝授权，还没有开始"),
    "stopped": _("被叫停，没有使用"),
    "before": _("以前的订单还付到这里，新订单不再使用"),
}
BAD_ADDRESS: Final = _("号码的样子不对。请照支付方或银行的证明再核对一遍。")
NO_WAY: Final = _("请选一种收款方式。")


def way_name(rail: str) -> str:
    """What a rail or the bank is called."""
    return str(WAYS.get(rail, rail))


class PayeeForm(FilesForm):
    """Another account: which way, its number, its holder as the paper has it, the paper."""

    papers = ("evidence",)
    days = ("", "")
    """It has none to compare."""
    rail = forms.ChoiceField(
        choices=[*WAYS.items()], error_messages={"required": NO_WAY, "invalid_choice": NO_WAY}
    )
    address = forms.CharField(max_length=64, error_messages={"required": NEEDED})
    holder = forms.CharField(max_length=120, error_messages={"required": NEEDED})
    bank = forms.CharField(max_length=BANK_MAX, required=False)
    evidence = file()

    def clean(self) -> dict[str, Any]:
        """Check the number by its way before the file is kept."""
        said = self.cleaned_data
        rail, address = said.get("rail", ""), squeezed(said.get("address", ""))
        if rail and address and not is_address(rail, address):
            self.add_error("address", str(BAD_ADDRESS))
        if rail == BANK and "bank" in said and not said["bank"].strip():
            self.add_error("bank", str(NEEDED))
        return super().clean()
