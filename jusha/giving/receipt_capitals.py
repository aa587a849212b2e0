"""Amounts in the capital figures of Chinese vouchers (大写金额), which nobody alters with a stroke.

Source: 《支付结算办法》附一, 正确填写票据和结算凭证的基本规定. Where it leaves a choice, this
writes 零 wherever a place was left out before a figure that follows, and 整 only after 元.
"""

from typing import Final

DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
PLACES: Final = ((10**8, "亿"), (10**4, "万"), (1_000, "仟"), (100, "佰"), (10, "拾"))
FEN_MAX: Final = 10**18 - 1
"""Below one hundred million times one hundred million yuan: above it 亿 would stand twice."""


class NoCapitalsError(ValueError):
    """The amount is not one that a voucher can state: nothing, less, or beyond FEN_MAX."""


def capital(amount_fen: int) -> str:
    """Write an amount in capitals: 140950 is 壹仟肆佰零玖元伍角. Raises NoCapitalsError."""
    if not 0 < amount_fen <= FEN_MAX:
        raise NoCapitalsError(str(amount_fen))
    yuan, rest = divmod(amount_fen, 100)
    jiao, fen = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{whole}整"
    gap = "零" if yuan and (not jiao or not yuan % 10) else ""
    tenths = f"{DIGITS[jiao]}角" if jiao else ""
    return whole + gap + tenths + (f"{DIGITS[fen]}分" if fen else "")


def _whole(number: int) -> str:
    for size, name in PLACES:
        if number >= size:
            high, rest = divmod(number, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return f"{_whole(high)}{name}{gap}{_whole(rest) if rest else ''}"
    return DIGITS[number]
