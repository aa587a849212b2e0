"""A running balance tells where a bank's statement has a hole, and how large it is."""

from hypothesis import given
from hypothesis import strategies as st

from jusha.giving.balance_chain import Break, Chain, told
from jusha.giving.gift_maps import GiftMap, read_map

MAP = """
channel = "bank"
[project]
code = "books"
[id]
columns = ["no"]
[time]
column = "day"
format = "%Y-%m-%d"
timezone = "Asia/Shanghai"
[amount]
column = "in"
unit = "yuan"
thousands_commas = true
[balance]
column = "left"
credit = "in"
debit = "out"
"""
HEADER = ["no", "day", "in", "out", "left"]


def the_map(more: str = "") -> GiftMap:
    return read_map((MAP + more).encode())


def followed(rows: list[tuple[str, str, str]], more: str = "") -> Chain:
    chain = Chain(the_map(more), HEADER)
    for line, (came, went, left) in enumerate(rows, start=2):
        chain.follow(line, ["x", "2026-03-01", came, went, left])
    return chain


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def test_a_hole_is_found_between_two_lines_with_its_sum() -> None:
    chain = followed([("1.00", "", "1,000.00"), ("", "0.50", "999.50"), ("2", "0.00", "1,101.50")])
    assert chain.breaks == [Break(3, 4, 10_000)]
    assert list(told(chain)) == [
        "2 steps from line to line, 1 do not add up, 0 lines without a readable balance",
        (
            "between line 3 and line 4: 10,000 came in that no line shows; one or more lines are"
            " missing, or one was changed"
        ),
    ]


def test_money_out_may_be_written_with_or_without_its_sign() -> None:
    assert followed([("1", "", "5"), ("", "-2", "3"), ("", "2", "1")]).breaks == []


def test_a_line_without_a_balance_is_counted_and_the_chain_starts_anew() -> None:
    chain = followed([("1", "", "5"), ("1", "", ""), ("1", "", "nine"), ("1", "", "100")])
    assert (chain.steps, chain.unread, chain.breaks) == (0, 2, [])


moves = st.lists(st.integers(min_value=-(10**9), max_value=10**9), min_size=2, max_size=20)


@given(moves=moves, start=st.integers(min_value=-(10**9), max_value=10**9), data=st.data())
def test_whatever_is_taken_out_of_a_statement_is_missed_to_the_fen(
    moves: list[int], start: int, data: st.DataObject
) -> None:
    rows, left = [], start
    for move in moves:
        left += move
        rows.append((yuan(max(move, 0)), yuan(max(-move, 0)), yuan(left)))
    assert followed(rows).breaks == []
    lost = data.draw(st.integers(min_value=1, max_value=len(moves) - 1))
    found = followed(rows[:lost] + rows[lost + 1 :]).breaks
    hole = moves[lost] if lost < len(moves) - 1 else 0  # nobody misses the last line
    assert [gap.missing for gap in found] == ([hole] if hole else [])
    turned = (rows[:lost] + rows[lost + 1 :])[::-1]
    again = followed(turned, "newest_first = true").breaks
    assert [gap.missing for gap in again] == ([hole] if hole else [])
