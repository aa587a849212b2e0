"""Questions under way: one that breaks stands in nobody's way."""

from jusha.payments.flights import Flights


def answer(number: int) -> int:
    return 10 // number


def test_a_question_that_breaks_is_let_go_and_the_others_are_answered() -> None:
    flights: Flights[int, int] = Flights("test")
    for number in (0, 2, 5):
        flights.begin(number, answer, number)
    found: dict[int, int] = {}
    while len(flights):
        found |= dict(flights.landed())
    assert found == {2: 5, 5: 2}
    assert flights.keys == []
    flights.finish()
