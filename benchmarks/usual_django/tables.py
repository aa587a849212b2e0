"""The rival's tables: made afresh for each measurement, and read back to be checked."""

from collections import Counter

from django.core.management import call_command
from django.db import connection
from django.db.models import Sum

from benchmarks.oracle import Outcome
from benchmarks.usual_django.models import Donation, DonorDay, LedgerEntry, Pool, Project, Window
from benchmarks.usual_django.settings import SCHEMA
from benchmarks.workload import Workload

POOL_ID = 1


class BooksDisagreeError(Exception):
    """Two sums over the same gifts differ."""


def make_tables(workload: Workload) -> None:
    """Drop the rival's schema, and make it again with the pool, windows and projects of a workload.

    Touches nothing outside the schema ``usual_django``. Projects have the workload's index + 1 as
    their id.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
    call_command("migrate", verbosity=0)
    pool = Pool.objects.create(pk=POOL_ID, available_fen=workload.pool_fen)
    Window.objects.bulk_create(
        Window(
            pool=pool,
            day=day,
            available_fen=workload.window_budget_fen,
            person_day_cap_fen=workload.person_day_cap_fen,
        )
        for day in range(workload.days)
    )
    Project.objects.bulk_create(
        Project(pk=index + 1, name=f"project {index}") for index in range(workload.projects)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def check_tables(workload: Workload) -> int:
    """The number of donations, after checking that every total agrees with them.

    Raises BooksDisagreeError otherwise.
    """
    gifts = Donation.objects.aggregate(given=Sum("amount_fen"), matched=Sum("matched_fen"))
    given, matched = gifts["given"] or 0, gifts["matched"] or 0
    totals = Project.objects.aggregate(
        given=Sum("given_fen"), matched=Sum("matched_fen"), gifts=Sum("gifts")
    )
    budget = workload.window_budget_fen * workload.days
    count = Donation.objects.count()
    agreeing = {
        "entries": ((LedgerEntry.objects.aggregate(s=Sum("amount_fen"))["s"] or 0), 0),
        "given": (totals["given"], given),
        "matched": (totals["matched"], matched),
        "gifts": (totals["gifts"], count),
        "persons": ((DonorDay.objects.aggregate(s=Sum("matched_fen"))["s"] or 0), matched),
        "windows": (budget - Window.objects.aggregate(s=Sum("available_fen"))["s"], matched),
        "pool": (workload.pool_fen - Pool.objects.get(pk=POOL_ID).available_fen, matched),
    }
    wrong = {name: pair for name, pair in agreeing.items() if pair[0] != pair[1]}
    if wrong:
        raise BooksDisagreeError(wrong)
    return count


def read_outcome() -> Outcome:
    """The tables in the oracle's form; matches are keyed by the donation's key as text."""
    projects = list(Project.objects.all())
    return Outcome(
        pool_left_fen=Pool.objects.get(pk=POOL_ID).available_fen,
        matched_fen={
            str(key): fen for key, fen in Donation.objects.values_list("key", "matched_fen")
        },
        given_by_project_fen=Counter({p.pk - 1: p.given_fen for p in projects if p.gifts}),
        matched_by_project_fen=Counter({p.pk - 1: p.matched_fen for p in projects if p.gifts}),
        matched_by_person_day_fen=Counter(
            {
                (row.person, row.window.day): row.matched_fen
                for row in DonorDay.objects.select_related("window")
            }
        ),
        matched_by_day_fen=Counter(
            {
                row["window__day"]: row["s"]
                for row in Donation.objects.values("window__day").annotate(s=Sum("matched_fen"))
            }
        ),
    )
