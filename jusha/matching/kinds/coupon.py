"""A coupon (爱心加倍卡) that a company handed out doubles a gift, each coupon once."""

import msgspec

from jusha.matching.kinds.ask import Ask


class Coupon(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="coupon"
):
    """`count` coupons, numbered from 0; each gives `permille` of the gift, at most `most`."""

    count: int
    permille: int
    most: int

    def wrong(self) -> str:
        """Say what is wrong with these terms, or ""."""
        fine = min(self.count, self.permille, self.most) > 0
        return "" if fine else "coupons need a count, a share and a maximum"


def coupon(kind: Coupon, ask: Ask) -> int:
    """Return floor(amount x permille / 1000), at most `most`."""
    return min(ask.amount * kind.permille // 1000, kind.most)


def serial_of(coupon_: str, rule: str) -> int:
    """Read a coupon's number from `<rule code>.<number>`; -1 where it is not of this rule."""
    code, _, serial = coupon_.rpartition(".")
    if code != rule or not serial.isascii() or not serial.isdigit() or len(serial) > 15:  # noqa: PLR2004
        return -1
    return int(serial) if serial == str(int(serial)) else -1
