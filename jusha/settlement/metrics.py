"""What settlement counts: once a turn, and the rest from its world when somebody asks."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from jusha.settlement.batch import Settled, Settlement

ENVELOPES: Final = Counter("jusha_settlement_envelopes", "Envelopes settled since the start")
ROWS: Final = Counter("jusha_settlement_rows", "Inbox rows settled since the start")
STUCK: Final = Counter("jusha_settlement_stuck", "Envelopes put aside since the start")
SECONDS: Final = Counter("jusha_settlement_seconds", "Seconds spent on settling, waits left out")


def settled(done: Settled, *, seconds: float) -> None:
    """Count one turn of settlement that found something to do."""
    ROWS.inc(done.rows)
    ENVELOPES.inc(done.envelopes)
    STUCK.inc(done.stuck)
    SECONDS.inc(seconds)


class WorldFigures(Collector):
    """Counts that the world carries anyway; they go on over restarts, since the world does."""

    def __init__(self) -> None:
        self.settlement: Settlement | None = None

    def watch(self, settlement: Settlement, registry: CollectorRegistry = REGISTRY) -> None:
        """Read from this settlement from now on."""
        if self.settlement is None:
            registry.register(self)
        self.settlement = settlement

    def collect(self) -> Iterator[Metric]:
        """Read the world as it stands; a batch that is being decided may be in it half."""
        if self.settlement is None:
            return
        world = self.settlement.world
        gifts = sum(total.gifts for total in list(world.totals.values()))
        yield CounterMetricFamily("jusha_settlement_gifts", "Gifts ever settled", value=gifts)
        yield CounterMetricFamily(
            "jusha_settlement_cases", "Cases ever opened for a person", value=world.next_case - 1
        )
        yield CounterMetricFamily(
            "jusha_settlement_batches", "Batches ever settled", value=world.batch
        )
        yield CounterMetricFamily(
            "jusha_settlement_entries", "Log entries ever written", value=world.next_number
        )


WORLD: Final = WorldFigures()
