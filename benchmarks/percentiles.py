"""One way to read a percentile, so that all figures mean the same."""

from collections.abc import Sequence


def percentile_ms(sorted_seconds: Sequence[float], *, per_mille: int) -> float:
    """The nearest-rank percentile of ascending seconds, in milliseconds; 0.0 if there are none."""
    if not sorted_seconds:
        return 0.0
    rank = -(-len(sorted_seconds) * per_mille // 1000)  # rounded up: never flattering
    return round(sorted_seconds[max(rank, 1) - 1] * 1000, 3)
