"""What webhooks tell of each entry, and what follows from an answer."""

from typing import Any

import pytest

from jusha.api.rules import GIVE_UP_SECONDS, RETRY_SECONDS, events_of, judge


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"k": "seal", "n": 1}, []),
        ({"k": "rule", "n": 1}, []),
        (
            {"k": "don", "n": 8, "amt": 700, "cur": "CNY", "prj": "a"},
            [("gift.settled", 0, 8, 700)],
        ),
        (
            {
                "k": "don", "n": 9, "amt": 9, "cur": "CNY", "prj": "a", "rd": "day",
                "m": [
                    {"amt": 5, "r": "R1.1", "pool": "p", "by": "rule"},
                    {"amt": 40, "r": "I1.1", "pool": "p", "by": "rule", "for": 3},
                    {"amt": 0, "r": "I1.1", "pool": "p", "by": "gift", "for": 2},
                ],
            },
            [("gift.settled", 0, 9, 9), ("match.decided", 1, 3, 40)],
        ),
        ({"k": "held", "n": 4, "amt": 3, "cur": "CNY", "why": "x"}, [("gift.held", 0, 4, 3)]),
        (
            {"k": "refund", "n": 5, "amt": 2, "cur": "CNY", "ref": 1, "m": [{"amt": 2}]},
            [("gift.refunded", 0, 1, 2)],
        ),
        ({"k": "repaid", "n": 6, "amt": 2, "cur": "CNY", "ref": 1}, [("gift.repaid", 0, 1, 2)]),
        ({"k": "clawback", "n": 7, "ref": 1, "m": [{"amt": 4}]}, [("match.returned", 0, 1, 4)]),
        (
            {"k": "share", "n": 8, "r": "R1.1", "m": [[1, 34], [2, 0], [3, 5, "gift"]]},
            [("match.decided", 0, 1, 34), ("match.decided", 2, 3, 5)],
        ),
        ({"k": "share", "n": 8, "r": "Q1.1", "prj": [["a", 1, 1, 0]]}, []),
    ],
)  # fmt: skip
def test_an_entry_becomes_what_there_is_to_tell(
    entry: dict[str, Any], told: list[tuple[str, int, int, int]]
) -> None:
    found = [(each.kind, each.place, each.gift, each.data["amount"]) for each in events_of(entry)]
    assert found == told


@pytest.mark.parametrize(
    ("status", "tries", "failing", "then", "pause"),
    [
        (200, 0, 0, "arrived", 0),
        (299, 9, 0, "arrived", 0),
        (300, 0, 0, "later", RETRY_SECONDS[0]),
        (404, 1, 9, "later", RETRY_SECONDS[1]),
        (429, 0, 0, "later", 60),
        (503, 1, 0, "later", RETRY_SECONDS[1]),
        (0, 0, 0, "later", RETRY_SECONDS[0]),
        (410, 0, 0, "off", 0),
        (500, len(RETRY_SECONDS), 0, "dead", 0),
        (500, 0, GIVE_UP_SECONDS, "off", 0),
    ],
)
def test_an_answer_has_one_consequence(
    status: int, tries: int, failing: int, then: str, pause: int
) -> None:
    found = judge(status=status, told="", tries=tries, failing_seconds=failing)
    flags = {"arrived": found.arrived, "dead": found.dead, "off": found.off}
    assert [name for name, flag in flags.items() if flag] == ([] if then == "later" else [then])
    assert found.pause_seconds == pause


def test_repeats_reach_beyond_a_day() -> None:
    assert sum(RETRY_SECONDS) > 86_400
