"""The short form of a figure that has one value."""

from prometheus_client.core import GaugeMetricFamily


def gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    """One gauge without labels."""
    return GaugeMetricFamily(name, says, value=float(value))
