"""What Alipay's codes mean for who asked: did it happen, will it not, or is nobody sure.

`code` is the gateway's word, `sub_code` the business's. Whatever is not known here as unsure is a
refusal: it stands signed in the answer, and the caller sees Alipay's own code.
Source: Alipay open platform, public error codes, and the lists of each method.
"""

from typing import Final

DONE: Final = "10000"
UNSURE: Final = frozenset({"20000", "10003", "40005"})
"""Service unavailable, a user still paying, and too many calls at once."""
SUB_UNSURE: Final = frozenset(
    {
        "ACQ.SYSTEM_ERROR",
        "ACQ.REFUND_CHARGE_ERROR",
        "ACQ.TRADE_SETTLE_ERROR",
        "aop.unknow-error",
        "aop.ACQ.SYSTEM_ERROR",
        "isp.unknow-error",  # codespell:ignore unknow
        "isp.service-unavailable",
        "isv.app-call-limited",
        "isv.method-call-limited",
        "isv.invalid-signature",
        "aop.invalid-app-auth-token",
        "aop.app-auth-token-time-out",
        "aop.app-auth-token-no-api",
    }
)
"""Alipay leaves a letter out of one. The last are keys and tokens that an operator renews: nothing
was decided about the payment."""
NO_SUCH_TRADE: Final = "ACQ.TRADE_NOT_EXIST"
"""Also the answer for an order whose page was signed and never opened."""
WRONG_STATE: Final = frozenset(
    {
        "ACQ.TRADE_STATUS_ERROR",
        "ACQ.REASON_TRADE_STATUS_INVALID",
        "ACQ.REASON_ILLEGAL_STATUS",
        "ACQ.TRADE_HAS_SUCCESS",
        "ACQ.TRADE_HAS_CLOSE",
        "ACQ.TRADE_HAS_FINISHED",
    }
)
"""The trade is not waiting for its payer; which state it is in has to be asked."""
NO_BILL: Final = "isp.bill_not_exist"
"""The day's bill is not written yet (it comes about 09:00 of the next day)."""


def is_unsure(code: str, sub_code: str) -> bool:
    """Say whether what was asked for may have happened all the same."""
    return code in UNSURE or sub_code in SUB_UNSURE
