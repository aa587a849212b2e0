"""Live one history on the double and check it: what tests and the endless run share."""

import gc
from dataclasses import dataclass

from tests.simulator.checks import End, wrong_at
from tests.simulator.connections import Double
from tests.simulator.history import History
from tests.simulator.schema import tables

COLLECT_EVERY = 50


class HistoryFailedError(AssertionError):
    """Something did not hold; says the seed and how to see it again."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What a history came to."""

    entries: int
    batches: int
    faults: int


def live(seed: int) -> Lived:
    """Live the history of a seed on the double. Raises HistoryFailedError."""
    double = Double()
    history = History(double, seed, lambda at: setattr(double.database, "now", at))
    try:
        history.run()
        end = End(history, {name: double.database.table(name) for name in tables()})
        wrong = wrong_at(end)
    except Exception as error:
        raise HistoryFailedError(
            told(seed, history, [f"{type(error).__name__}: {error}"])
        ) from error
    if wrong:
        raise HistoryFailedError(told(seed, history, wrong))
    return Lived(
        len(end.entries),
        len(end.rows["settlement_batch"]),
        sum(": " in event for event in history.events),
    )


def told(seed: int, history: History, wrong: list[str]) -> str:
    """A failed history in words: what does not hold, what happened last, how to run it again."""
    return "\n".join(
        [
            f"history {seed} failed; again: make fuzz SEED={seed} COUNT=1",
            *(f"  {line[:600]}" for line in wrong[:8]),
            "what happened:",
            *(f"  {event}" for event in history.events[-40:]),
        ]
    )


def collect_seldom(seed: int) -> None:
    """Collect garbage once in many histories: each leaves little."""
    if seed % COLLECT_EVERY == 0:
        gc.collect()
