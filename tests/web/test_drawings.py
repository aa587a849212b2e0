"""Grains, bands and progress: the same numbers always look the same, and say no more than is so."""

from hypothesis import given
from hypothesis import strategies as st

from jusha.web.grains import dots, grain_amount, heap, tones, tower
from jusha.web.line import WIDTH, bands, bands_with_gift
from jusha.web.outcome import cut_text, progress

FEN = st.integers(0, 10**13)


@given(st.integers(1, 400))
def test_a_heap_has_as_many_grains_as_asked_and_begins_as_a_smaller_one(count: int) -> None:
    field = heap(count)
    assert len(field.places) == len(set(field.places)) == count
    assert all(0 <= x <= field.width and 0 <= y <= field.height for x, y in field.places)
    lower = heap(max(count // 2, 1))
    moved = {(x - lower.width // 2, y - lower.height) for x, y in lower.places}
    assert moved <= {(x - field.width // 2, y - field.height) for x, y in field.places}


def test_the_tower_grows_from_below() -> None:
    places = tower().places
    assert 500 < len(places) < 900
    assert len(set(places)) == len(places)
    assert places[0][1] > places[len(places) // 2][1] > places[-1][1]


@given(FEN.filter(bool), st.integers(1, 500))
def test_a_grain_is_a_round_amount_and_grains_are_few(whole: int, most: int) -> None:
    one = grain_amount(whole, most)
    assert -(-whole // one) <= most
    assert str(one).rstrip("0") in {"1", "2", "5"}
    assert one == 1 or -(-whole // (one // 2)) > most or str(one)[0] in "15"


@given(st.integers(1, 300), st.integers(1, 5))
def test_no_grain_is_lost_between_tones(count: int, shades: int) -> None:
    drawn = "".join(tones(heap(count).places, shades))
    assert drawn.count("M") == dots(heap(count).places).count("M") == count


@given(FEN, FEN, FEN.filter(bool), st.integers(1, 10**8))
def test_progress_never_promises_too_much(
    given_: int, matched: int, target: int, unit: int
) -> None:
    far = progress(given=given_, matched=matched, target=target, unit=unit)
    assert far.units_done * unit <= given_ + matched
    assert given_ + matched + far.units_missing * unit >= target
    assert far.percent * target <= (given_ + matched) * 100


@given(FEN, FEN)
def test_bands_share_one_scale(programme: int, running: int) -> None:
    drawn = bands(programme, running)
    assert 0 <= drawn.running.length <= WIDTH
    assert max(drawn.programme.length, drawn.running.length) in {0, WIDTH}


@given(st.integers(1, 10**9), st.integers(0, 1000), FEN, FEN)
def test_a_gift_lies_inside_its_band(amount: int, permille: int, before: int, after: int) -> None:
    running = amount * permille // 1000
    drawn = bands_with_gift(
        programme_head=before + amount - running + after,
        running_head=before + running + after,
        amount=amount,
        permille=permille,
        programme_at=before,
        running_at=before,
    )
    parts = 0
    for band in drawn:
        assert 0 <= band.mine_from <= WIDTH
        parts += band.mine_end_fen - band.mine_start_fen
    assert parts == amount


@given(st.integers(1, 10**6), st.integers(0, 1000), st.data())
def test_what_was_sent_back_lies_in_no_band(
    amount: int, permille: int, data: st.DataObject
) -> None:
    """As settlement voids it: from the end, each part's running share rounded down."""
    refunded = data.draw(st.integers(0, amount))
    running = amount * permille // 1000
    drawn = bands_with_gift(
        programme_head=amount - running, running_head=running, amount=amount, permille=permille,
        programme_at=0, running_at=0, refunded=refunded,
    )  # fmt: skip
    left = [band.mine_end_fen - band.mine_start_fen for band in drawn]
    assert sum(left) == amount - refunded
    assert left[1] == running - running * refunded // amount
    assert min(left) >= 0


def test_shares_are_written_in_percent() -> None:
    assert [cut_text(80), cut_text(85), cut_text(0), cut_text(1000)] == ["8", "8.5", "0", "100"]
