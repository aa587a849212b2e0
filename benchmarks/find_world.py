"""What bench_find measures, in a process of its own whose Django works in a throwaway database.

Writes a large invented world, lets settlement open its funds, sweeps, and asks for pages through
Django's client: routing, questions, template, all of it, with nothing held from the page before.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any, Final

SEED: Final = 23
WORDS: Final = {
    "common": ("学校", "手术", "孩子", "老人", "公益促进会"),
    "rare": ("云窝省轮椅", "前浦的白鹭观察", "银塬暖手基金会", "演示 29999", "手语课堂 金洼"),
    "one character": ("水", "桥", "书", "鹭"),
    "English": ("wheelchairs", "egrets qingtang", "lamps", "heart operations"),
    "nothing": ("哈雷彗星", "zebra crossing", "不存在的词"),
}


def main(scale_name: str, rounds: int) -> dict[str, Any]:
    """Build, measure, and give all figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    import django  # noqa: PLC0415 - the environment is read first

    django.setup()
    from jusha.management.demo import scale  # noqa: PLC0415 - as above

    world = scale.SCALES[scale_name]
    figures: dict[str, Any] = {"projects": world.projects, "charities": world.charities}
    figures |= build(world)
    figures["pages"] = measure(pages(world), rounds)
    figures["plans"] = plans()
    figures["mb"] = sizes()
    return figures


def build(world: Any) -> dict[str, float]:
    """Seconds that the world took: written, settled, swept, marked and a day's order made."""
    import psycopg  # noqa: PLC0415 - Django is set up
    from django.utils.timezone import localdate  # noqa: PLC0415 - as above

    from jusha.config.postgres import database_url  # noqa: PLC0415 - as above
    from jusha.finding import sweep  # noqa: PLC0415 - as above
    from jusha.management.demo import scale  # noqa: PLC0415 - as above
    from jusha.settlement.batch import Settlement  # noqa: PLC0415 - as above
    from jusha.settlement.fence import take_over  # noqa: PLC0415 - as above

    today = localdate()

    def settle() -> None:
        with psycopg.connect(database_url("settle")) as connection:
            settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
            while settlement.settle_next().rows:
                continue

    def tell() -> None:
        with psycopg.connect(database_url("web"), autocommit=True) as web:
            scale.tell_settlement(web, world)

    steps: dict[str, Callable[[], object]] = {
        "write_s": lambda: scale.write_pages(world, today=today),
        "tell_s": tell,
        "settle_s": settle,
        "sweep_s": lambda: sweep.sweep(today),
        "mark_s": lambda: sweep.mark(today),
        "analyze_s": analyze,
        "orders_s": lambda: sweep.make_orders(today),
        "round_s": lambda: sweep.Sweep().round(_now()),
        "mark_again_s": lambda: sweep.mark(today),
        "enter_and_leave_s": sweep.enter_and_leave,
    }
    return {name: seconds(step) for name, step in steps.items()}


def _now() -> Any:
    from django.utils import timezone  # noqa: PLC0415 - Django is set up

    return timezone.now()


def analyze() -> None:
    """What autovacuum does a minute later."""
    from django.db import connection  # noqa: PLC0415 - Django is set up

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def seconds(step: Callable[[], object]) -> float:
    """How long a step takes."""
    began = time.perf_counter()
    step()
    return round(time.perf_counter() - began, 2)


def pages(world: Any) -> dict[str, list[Callable[[], object]]]:
    """What is asked for, by name: each time another of a few."""
    from django.core.cache import cache  # noqa: PLC0415 - Django is set up
    from django.test import Client  # noqa: PLC0415 - as above

    from jusha.finding.models import Findable  # noqa: PLC0415 - as above
    from jusha.web import held  # noqa: PLC0415 - as above

    client, chance = Client(SERVER_NAME="localhost"), random.Random(SEED)  # noqa: S311

    def get(path: str) -> Callable[[], object]:
        def asked() -> None:
            held.clear()
            assert client.get(path).status_code == 200, path  # noqa: PLR2004

        return asked

    cache.clear()
    codes = [f"big-{chance.randrange(1, world.projects):06d}" for _ in range(50)]
    regions = Findable.objects.exclude(region="").values_list("region", flat=True).distinct()[:4]
    found = {
        f"search, {kind}": [get(f"/find?q={each}") for each in each_of]
        for kind, each_of in WORDS.items()
    }
    return found | {
        "search, deep page": [get(deep("/find?q=学校", 10)), get(deep("/find?q=老人", 10))],
        "search and filters": [get(f"/find?q=学校&region={e}&state=open") for e in regions],
        "projects": [get("/projects"), get(deep("/projects", 20))],
        "projects, filters": [get(f"/projects?region={e}&state=open") for e in regions],
        "projects of a charity": [get(f"/projects?charity=big-{n:05d}") for n in (1, 7, 99)],
        "charities": [get("/charities"), get(deep("/charities", 20))],
        "home": [get("/")],
        "project": [get(f"/p/{code}") for code in codes],
        "icontains, common": [usual(each) for each in WORDS["common"]],
        "icontains, rare": [usual(each) for each in WORDS["rare"]],
    }


def deep(path: str, pages_on: int) -> str:
    """The address of a page that is reached by going on so many times."""
    import re  # noqa: PLC0415 - used here alone

    from django.test import Client  # noqa: PLC0415 - Django is set up

    client, base = Client(SERVER_NAME="localhost"), path.partition("?")[0]
    for _ in range(pages_on):
        html = client.get(path).content.decode()
        more = re.search(r'href="(\?[^"]+)" rel="next"', html)
        if more is None:
            break
        path = base + more[1].replace("&amp;", "&")
    return path


def usual(words: str) -> Callable[[], object]:
    """The search that most sites begin with: ILIKE over the same texts, counted, a page shown."""
    from django.db.models import Q  # noqa: PLC0415 - Django is set up

    from jusha.projects.models import Project  # noqa: PLC0415 - as above

    names = ("title_zh", "summary_zh", "story_zh", "charity__name_zh", "place_zh")

    def asked() -> None:
        found = Project.objects.select_related("charity")
        for word in words.split():
            wanted = Q()
            for name in names:
                wanted |= Q(**{f"{name}__icontains": word})
            found = found.filter(wanted)
        found.count()
        list(found.order_by("code")[:20])

    return asked


def measure(asked: dict[str, list[Callable[[], object]]], rounds: int) -> dict[str, Any]:
    """Percentiles by kind, all kinds in turn in each round."""
    from benchmarks.percentiles import percentile_ms  # noqa: PLC0415 - as the others

    taken: dict[str, list[float]] = {kind: [] for kind in asked}
    for number in range(rounds):
        for kind, each_of in asked.items():
            if number and kind.startswith("icontains") and number % 5:
                continue  # a second each: fewer of them, spread over the same time
            began = time.perf_counter()
            each_of[number % len(each_of)]()
            taken[kind].append(time.perf_counter() - began)
    return {
        kind: {
            "n": len(each),
            "p50_ms": percentile_ms(sorted(each), per_mille=500),
            "p99_ms": percentile_ms(sorted(each), per_mille=990),
        }
        for kind, each in taken.items()
    }


def plans() -> dict[str, list[str]]:
    """How PostgreSQL answers what a page asks, as it says itself."""
    from django.db import connection  # noqa: PLC0415 - Django is set up
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 - as above
    from django.utils.timezone import localdate  # noqa: PLC0415 - as above

    from jusha.finding import queries  # noqa: PLC0415 - as above
    from jusha.finding.rules import PROJECT, asked  # noqa: PLC0415 - as above

    found = {}
    for words in ("学校", "轮椅 云窝", "", "水"):
        wanted = queries.Wanted(kind=PROJECT, asked=asked(words), today=localdate(), fair=not words)
        with CaptureQueriesContext(connection) as captured:
            queries.page(wanted)
            queries.count(wanted)
        for place, each in enumerate(captured.captured_queries):
            if "jusha_findable" not in each["sql"]:
                continue
            with connection.cursor() as cursor:
                cursor.execute(
                    "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY ON) " + each["sql"]
                )
                found[f"{words or 'list'} {place}"] = [line for (line,) in cursor]
    return found


def sizes() -> dict[str, float]:
    """Megabytes of the index's tables and of what they index, with their own indexes."""
    from django.db import connection  # noqa: PLC0415 - Django is set up

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, CASE WHEN relkind = 'i' THEN pg_relation_size(oid)"
            " ELSE pg_table_size(oid) END FROM pg_class WHERE relname IN ('jusha_findable',"
            " 'jusha_findplace', 'jusha_project', 'jusha_charity', 'findable_head',"
            " 'findable_words', 'one_place_a_day', 'jusha_findplace_pkey')"
        )
        return {name: round(size / 2**20, 1) for name, size in cursor}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2])), ensure_ascii=False))
