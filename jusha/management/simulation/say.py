"""Numbers and words of a report, in Chinese or English. Pure."""

from typing import Final, NamedTuple

from jusha.money.clock import DAY_SECONDS

WAN: Final = 10_000
YI: Final = 100_000_000
YUAN: Final = 100
UNITS: Final = {
    "zh": ((YI, "亿"), (WAN, "万")),
    "en": ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k")),
}


class Say(NamedTuple):
    """The language of a report: "zh" or "en"."""

    language: str

    def __call__(self, zh: str, en: str) -> str:
        """Return the one of two texts that is in this language."""
        return zh if self.language == "zh" else en

    def number(self, value: int) -> str:
        """Write a count: 12,345."""
        return f"{value:,}"

    def money(self, fen: int) -> str:
        """Write a sum briefly: 38.5 元, 99.9 万元; ¥38.5, ¥999k."""
        short = self.short(fen)
        return self(f"{short}元", f"¥{short}") if short[-1:] in "万亿" else self._plain(short)

    def _plain(self, short: str) -> str:
        return self(f"{short} 元", f"¥{short}")

    def short(self, fen: int) -> str:
        """Write a sum in yuan with at most three digits that count, cut off, not rounded up."""
        for size, unit in UNITS[self.language]:
            if fen >= size * YUAN:
                tenths = fen * 10 // (size * YUAN)
                return f"{tenths // 10:,}{_tenth(tenths)}{self(' ', '')}{unit}"
        tenths = fen * 10 // YUAN
        return f"{tenths // 10:,}{_tenth(tenths)}"

    def percent(self, permille: int) -> str:
        """Write per mille as percent: 385 is 38.5%."""
        return f"{permille // 10}.{permille % 10}%"

    def coefficient(self, permille: int) -> str:
        """Write a coefficient of per mille: 672 is 0.67."""
        return f"{permille // 1000}.{permille % 1000 // 10:02d}"

    def clock(self, second: int, *, days: int = 1, seconds: bool = True) -> str:
        """Write a second from the start as a clock shows it, with its day where there are more."""
        day, left = divmod(second, DAY_SECONDS)
        if days == 1 and second >= DAY_SECONDS:
            day, left = 0, second
        told = f"{left // 3600:02d}:{left % 3600 // 60:02d}"
        told += f":{left % 60:02d}" if seconds else ""
        return self(f"第 {day + 1} 天 {told}", f"day {day + 1}, {told}") if days > 1 else told


def _tenth(tenths: int) -> str:
    """The first decimal, where there is one and the number is small enough for it to count."""
    return f".{tenths % 10}" if tenths % 10 and tenths < 1000 else ""  # noqa: PLR2004
