"""What is the same for everybody, held in this process for a moment.

A page is rendered for every request; what it is made of need not be read for every request. Held
is reference data and public numbers, for SECONDS at most. Nothing that a visitor's cookie, order or
address leads to is ever held here (docs/design/0012-pages.md).
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, TypeVarTuple

SECONDS: Final = 1.0
"""The longest that a page may show what has changed."""
MOST: Final = 1_024
"""Answers held by one function; the next empties it, so that no asker can fill the memory."""
_HELD: Final[list[dict[Any, Any]]] = []
Key = TypeVarTuple("Key")
T = TypeVar("T")
K = TypeVar("K")


def held(ask: Callable[[*Key], T]) -> Callable[[*Key], T]:
    """Hold a function's answers for SECONDS since they were asked for, by its arguments.

    The arguments are given by place and are hashable; an answer is shared, so nobody changes it.
    What is raised is not held.
    """
    answers: dict[tuple[Any, ...], tuple[float, T]] = {}
    _HELD.append(answers)

    @wraps(ask)
    def answer(*key: *Key) -> T:
        now = time.monotonic()
        found = answers.get(key)
        if found is not None and now < found[0]:
            return found[1]
        told = ask(*key)
        keep(answers, key, (now + SECONDS, told))
        return told

    return answer


def keep(answers: dict[K, T], key: K, answer: T, *, most: int = MOST) -> None:
    """Put an answer into a hold of at most `most`."""
    if len(answers) >= most:
        answers.clear()
    answers[key] = answer


def clear() -> None:
    """Forget everything: a test that changes a row need not wait a second."""
    for answers in _HELD:
        answers.clear()
