"""What rails are called, for those who ask for no more: a page needs no client of a rail."""

from typing import Final

WECHAT: Final = "wechat"
ALIPAY: Final = "alipay"
STRIPE: Final = "stripe"
NAMES: Final = (WECHAT, ALIPAY, STRIPE)
