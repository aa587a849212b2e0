"""The workload is the same for everyone, and it hurts where giving days hurt."""

from collections import Counter
from itertools import islice

from benchmarks.oracle import settle
from benchmarks.workload import AMOUNTS_FEN, DAY_SECONDS, HOT_PROJECT_INDEX, Workload

BATCH = 5_000
SMALL = Workload(gifts_total=60_000, persons=40_000)


def test_equal_seeds_give_equal_gifts_and_another_seed_gives_others() -> None:
    first = list(islice(Workload(seed=7).gifts(), 500))
    assert first == list(islice(Workload(seed=7).gifts(), 500))
    assert first != list(islice(Workload(seed=8).gifts(), 500))


def test_the_first_gifts_are_pinned_so_that_old_results_stay_comparable() -> None:
    assert list(islice(Workload().gifts(), 2)) == [
        ("4200000000000000000759877436", 0, 40015, 2_00, 0),
        ("4200000000000000001938376856", 0, 76613, 10_00, 0),
    ]


def test_every_gift_is_within_the_world_it_promises() -> None:
    gifts = list(SMALL.gifts())
    assert len({gift[0] for gift in gifts}) == SMALL.gifts_total
    assert {gift[1] for gift in gifts} == set(range(SMALL.projects))
    assert max(gift[2] for gift in gifts) < SMALL.persons
    assert {gift[3] for gift in gifts} == set(AMOUNTS_FEN)
    seconds = [gift[4] for gift in gifts]
    assert seconds == sorted(seconds)
    assert {second // DAY_SECONDS for second in seconds} == set(range(SMALL.days))


def test_half_of_the_gifts_go_to_one_project() -> None:
    projects = Counter(gift[1] for gift in SMALL.gifts())
    assert 0.48 < projects[HOT_PROJECT_INDEX] / SMALL.gifts_total < 0.52
    assert projects.most_common(2)[1][1] < SMALL.gifts_total // 100


def test_most_amounts_are_small_and_none_passes_a_persons_cap() -> None:
    amounts = sorted(gift[3] for gift in SMALL.gifts())
    assert amounts[0] == 1_00
    assert amounts[len(amounts) // 2] <= 10_00
    assert amounts[-1] == 100_00 <= SMALL.person_day_cap_fen


def test_a_bound_cuts_matches_in_most_batches_and_days_and_pool_run_dry() -> None:
    workload = Workload()
    outcome = settle(workload, workload.gifts())
    batches = [
        Counter(outcome.bound[gift[0]] for gift in batch) for batch in workload.batches(size=BATCH)
    ]
    assert len(batches) == workload.gifts_total // BATCH
    cut_by_a_person = sum(batch["person"] > 0 for batch in batches)
    assert cut_by_a_person >= len(batches) // 2
    assert sum(outcome.matched_by_day_fen[day] == workload.window_budget_fen for day in (0, 1)) == 2
    assert outcome.pool_left_fen == 0
    full = sum(batch["amount"] for batch in batches)
    assert full > workload.gifts_total // 2  # and yet most gifts are matched in full


def test_batches_are_the_gifts_in_order_with_a_short_last_one() -> None:
    workload = Workload(gifts_total=1_001)
    batches = list(workload.batches(size=500))
    assert [len(batch) for batch in batches] == [500, 500, 1]
    assert [gift for batch in batches for gift in batch] == list(workload.gifts())


def test_the_oracle_cuts_by_person_then_day_then_pool() -> None:
    workload = Workload(gifts_total=1_000, days=1)  # 2140.48 fen a gift, 8 tenths, 9 tenths
    assert (workload.window_budget_fen, workload.pool_fen) == (17_123_84, 15_411_45)
    person = settle(workload, [("a", 1, 5, 70_00, 0), ("b", 1, 5, 70_00, 1), ("b", 1, 5, 70_00, 2)])
    assert person.matched_fen == {"a": 70_00, "b": 30_00}
    assert person.bound == {"a": "amount", "b": "person"}
    assert person.given_by_project_fen == {1: 140_00}
    many = settle(workload, [(str(n), n, n, 100_00, n) for n in range(160)])
    assert many.bound["153"] == "amount"
    assert (many.matched_fen["154"], many.bound["154"]) == (11_45, "pool")
    assert (many.matched_fen["159"], many.pool_left_fen) == (0, 0)
