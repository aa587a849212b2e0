"""One person makes a hold harder, never milder."""

import pytest

from jusha.projects.hold_rules import (
    REASONS,
    SUSPENDED,
    TAKEN_DOWN,
    HoldRefusedError,
    check_place,
)


@pytest.mark.parametrize(
    ("now", "cause", "why"),
    [
        (SUSPENDED, SUSPENDED, "held-already"),
        (TAKEN_DOWN, SUSPENDED, "held-already"),
        (TAKEN_DOWN, TAKEN_DOWN, "held-already"),
        ("", "other", "bad-cause"),
    ],
)
def test_a_hold_is_refused(now: str, cause: str, why: str) -> None:
    with pytest.raises(HoldRefusedError, match=why):
        check_place(now, cause=cause, reason=REASONS[0], words="x")


def test_a_hold_has_a_reason_and_words_for_the_public() -> None:
    for reason, words, why in (("because", "x", "bad-reason"), (REASONS[0], " ", "no-words")):
        with pytest.raises(HoldRefusedError, match=why):
            check_place("", cause=SUSPENDED, reason=reason, words=words)
    check_place("", cause=SUSPENDED, reason=REASONS[0], words="x")
    check_place(SUSPENDED, cause=TAKEN_DOWN, reason=REASONS[0], words="x")
