"""So many requests a minute and no more, by a clock that the test turns."""

import pytest

from jusha.api.rates import BY_ADDRESS, BY_KEY, BY_KEY_WRITES, NAMES_MAX, Policy, Rates, address

FEW = Policy("few", 3)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_has_so_many_and_the_next_has_them_again() -> None:
    clock = Clock()
    rates = Rates(clock=clock)
    taken = [rates.take(FEW, b"a") for _ in range(5)]
    assert [each.allowed for each in taken] == [True, True, True, False, False]
    assert [each.left for each in taken] == [2, 1, 0, 0, 0]
    assert taken[0].header == '"few";r=2;t=60'
    clock.now += 59.9
    assert rates.take(FEW, b"a").seconds == 1
    assert not rates.take(FEW, b"a").allowed
    clock.now += 0.1
    assert rates.take(FEW, b"a").left == 2


def test_names_and_policies_are_counted_apart() -> None:
    rates = Rates(clock=Clock())
    for _ in range(3):
        rates.take(FEW, b"a")
    assert rates.take(FEW, b"b").allowed
    assert rates.take(Policy("other", 1), b"a").allowed
    assert rates.take(FEW, b"b", cost=0).left == rates.take(FEW, b"b", cost=0).left


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    clock = Clock()
    rates = Rates(clock=clock)
    for _ in range(4):
        rates.take(FEW, b"a")
    clock.now -= 3_600
    assert rates.take(FEW, b"a").allowed


def test_memory_is_bounded() -> None:
    rates = Rates(clock=Clock())
    for name in range(NAMES_MAX + 100):
        rates.take(FEW, str(name).encode())
    assert len(rates._counts) == NAMES_MAX


def test_the_headers_are_the_drafts() -> None:
    assert BY_ADDRESS.header == '"address";q=600;w=60'
    assert (BY_KEY.name, BY_KEY_WRITES.name) == ("key", "writes")


@pytest.mark.parametrize(
    ("meta", "hops", "same_as"),
    [
        ({"REMOTE_ADDR": "2001:db8::1"}, 0, {"REMOTE_ADDR": "2001:db8::ffff:1"}),
        ({"REMOTE_ADDR": "::ffff:10.0.0.1"}, 0, {"REMOTE_ADDR": "10.0.0.1"}),
        (
            {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 1.2.3.4"},
            1,
            {"REMOTE_ADDR": "1.2.3.4"},
        ),
        (
            {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": "6.6.6.6"},
            0,
            {"REMOTE_ADDR": "10.0.0.9"},
        ),
        ({"REMOTE_ADDR": "unix"}, 0, {"REMOTE_ADDR": "unix"}),
    ],
)
def test_one_address_is_one_however_it_is_written(
    meta: dict[str, str], hops: int, same_as: dict[str, str]
) -> None:
    assert address(meta, proxy_hops=hops) == address(same_as, proxy_hops=0)


def test_neighbours_are_two() -> None:
    ones = {address({"REMOTE_ADDR": each}, proxy_hops=0) for each in ("1.2.3.4", "1.2.3.5")}
    assert len(ones) == 2
