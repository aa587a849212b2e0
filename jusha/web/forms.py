"""The one form that a donor fills in."""

import re
import unicodedata
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from jusha.money.assets import decimal_text
from jusha.payments.order import DEDICATION_MAX, NAME_MAX, NOTE_MAX

OWN_AMOUNT: Final = re.compile(r"(\d{1,8})(?:\.(\d{1,2}))?", re.ASCII)
"""Yuan, with at most two decimals."""
AMOUNT_MIN_FEN: Final = 1
CONFIRM_FEN: Final = 500_000
"""Above five thousand yuan the amount is written twice (R-MC-3: an extra zero is easily typed)."""
INVITE_MAX: Final = 10**15 - 1
AMOUNT_MAX_FEN: Final = 5_000_000
"""Fifty thousand yuan: larger gifts are made with the charity, by agreement and bank transfer."""
CHIPS: Final = (1, 2, 5, 10)
"""Offered amounts, as multiples of what one unit of outcome costs."""


class DonateForm(forms.Form):
    """Amount by outcome or own amount, a note, and what may be shown.

    Nothing is preselected but anonymity, the most private choice.
    """

    chip = forms.ChoiceField(required=False)
    own = forms.CharField(required=False, max_length=16)
    note = forms.CharField(
        required=False,
        max_length=NOTE_MAX,
        error_messages={"max_length": _("留言最多 60 个字。")},
    )
    dedication = forms.CharField(
        required=False,
        max_length=DEDICATION_MAX,
        error_messages={"max_length": _("献给谁，最多写 30 个字。")},
    )
    invite = forms.IntegerField(required=False, min_value=1, max_value=INVITE_MAX)
    """Number of the gift whose shared page led here."""
    display = forms.ChoiceField(choices=(("anonymous", ""), ("name", "")), initial="anonymous")
    shown_name = forms.CharField(
        required=False,
        max_length=NAME_MAX,
        error_messages={"max_length": _("名字最多 20 个字。")},
    )

    def __init__(self, *args: Any, unit_fen: int, **kwargs: Any) -> None:
        """Offer multiples of `unit_fen`, what one unit of outcome costs."""
        super().__init__(*args, **kwargs)
        self.offers = [(times, times * unit_fen) for times in CHIPS]
        self.fields["chip"].choices = [  # type: ignore[attr-defined]
            (str(fen), str(times)) for times, fen in self.offers
        ]

    wall = forms.BooleanField(required=False)
    """Whether the name may hang on the campaign's wall of names, for everybody to see."""
    again = forms.CharField(required=False, max_length=16)
    answer = forms.CharField(required=False, max_length=8)

    def clean(self) -> dict[str, Any]:
        """Find the one amount: what was typed goes before a chip."""
        cleaned = super().clean() or {}
        typed = unicodedata.normalize("NFKC", cleaned.get("own", "")).strip(" ¥元,")
        amount = parse_yuan(typed) if typed else int(cleaned.get("chip") or 0)
        if typed and amount is None:
            self.add_error("own", _("请写成 20 或 20.50 这样的金额。"))
        elif not amount or amount < AMOUNT_MIN_FEN:
            self.add_error("own", _("请选一个金额，或写下您想捐的金额。"))
        elif amount > AMOUNT_MAX_FEN:
            self.add_error("own", _("这里一次最多捐 50,000 元。更大的捐赠请直接联系机构。"))
        elif amount > CONFIRM_FEN and parse_yuan(cleaned.get("again", "").strip(" ¥元")) != amount:
            self.add_error("again", _("金额比较大，请再写一次同样的金额。"))
        if cleaned.get("display") == "name" and not cleaned.get("shown_name", "").strip():
            self.add_error("shown_name", _("请写下要显示的名字，或选择匿名。"))
        return cleaned | {"amount_fen": amount}

    def add_refusal(self) -> None:
        """Say that the order was refused, and what is safe."""
        self.add_error(None, _("订单没有建立，款项没有扣。请检查留言和名字里的字符后再试。"))

    def needs_answer(self) -> None:
        """Say that a question has to be answered before the order is placed."""
        self.add_error("answer", _("请先回答下面的问题，我们要确认您不是程序。"))

    def lacks_room(self, left_fen: int) -> None:
        """Say that the project stops at its target before this amount, and what fits."""
        if left_fen:
            words = _("这个项目筹满即止，只差 %(yuan)s 元了。请把金额改成不超过它。")
            self.add_error("own", words % {"yuan": decimal_text(left_fen, "CNY")})
        else:
            words = _("这个项目筹满即止，剩下的部分都有人在付款。请过几分钟再来看看。")
            self.add_error(None, words)

    def facts_changed(self) -> None:
        """Say that what was shown of the project has changed meanwhile."""
        self.add_error(None, _("项目情况刚刚有了变化。请看一眼上面的新情况，再按一次付款。"))

    def must_wait(self) -> None:
        """Say that too many orders are open, and what to do."""
        self.add_error(None, _("短时间内订单太多了。已有的订单还可以付；新的请过十分钟再来。"))

    def shown(self) -> str:
        """The name to keep with the gift; "" for an anonymous one."""
        name: str = self.cleaned_data["shown_name"].strip()
        return name if self.cleaned_data["display"] == "name" else ""


def parse_yuan(text: str) -> int | None:
    """Read "20" or "20.50" as fen; None for anything else."""
    found = OWN_AMOUNT.fullmatch(text.replace(",", ""))
    if found is None:
        return None
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
