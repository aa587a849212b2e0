"""The rival is fast enough to be fair only if it is right: the oracle says so."""

import http.client
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks.load import LoadPlan, acknowledged_ids, load
from benchmarks.oracle import settle
from benchmarks.usual_django.keys import key_of
from benchmarks.usual_django.measure import (
    SECRET,
    RivalFailedError,
    free_port,
    run_clients,
    served,
)
from benchmarks.usual_django.notices import notice_body, signed_requests
from benchmarks.usual_django.signature import SIGNATURE_HEADER, sign
from benchmarks.workload import Workload
from jusha.config.postgres import Cluster, database_url, prepare

# Few persons, so that caps bind; three days, so that windows and the pool run dry.
WORKLOAD = Workload(gifts_total=240, persons=30, projects=5, days=3)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The owner's database on a server of this module's own."""
    # Not tmp_path: pytest closes that to other users, and root's PostgreSQL is another user.
    home = Path(tempfile.mkdtemp(prefix="jusha-test-"))
    home.chmod(0o755)
    cluster = Cluster(home)
    place = cluster.place
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("DATABASE_URL", raising=False)
            prepare(home)
            owner = database_url("owner", home)
        yield owner
    finally:
        cluster.stop()
        for folder in (place.socket, place.root, home):
            shutil.rmtree(folder, ignore_errors=True)


def settled(url: str, *, clients: int, **more: Any) -> dict[str, Any]:
    """Settle the whole workload with so many clients; the tables as pairs."""
    told = {"workload": asdict(WORKLOAD), "clients": clients, "outcome": True, **more}
    outcome: dict[str, Any] = run_clients(url, told)["outcome"]
    return outcome


def expected() -> dict[str, Any]:
    """What the oracle says of the workload, with the rival's keys, through JSON as the rival's."""
    outcome = settle(WORKLOAD, WORKLOAD.gifts())
    outcome.matched_fen = {str(key_of(name)): fen for name, fen in outcome.matched_fen.items()}
    pairs: dict[str, Any] = json.loads(json.dumps(outcome.as_pairs()))
    return pairs


def test_one_client_ends_with_the_oracles_books_to_the_fen(url: str) -> None:
    bounds = set(settle(WORKLOAD, WORKLOAD.gifts()).bound.values())
    assert bounds == {"amount", "person", "window", "pool"}, "the workload must test them all"
    assert settled(url, clients=1) == expected()


@pytest.mark.parametrize("threads", [False, True])
def test_many_clients_at_once_break_no_bound_and_lose_no_gift(url: str, *, threads: bool) -> None:
    outcome = settled(url, clients=8, threads=threads)
    oracle = expected()
    # Who comes first is open between clients, so the matches differ; these may not.
    assert outcome["given_by_project_fen"] == oracle["given_by_project_fen"]
    assert outcome["pool_left_fen"] >= 0
    by_person = [fen for _, fen in outcome["matched_by_person_day_fen"]]
    assert max(by_person) <= WORKLOAD.person_day_cap_fen
    by_day = [fen for _, fen in outcome["matched_by_day_fen"]]
    assert max(by_day) <= WORKLOAD.window_budget_fen
    matched = sum(fen for _, fen in outcome["matched_fen"])
    assert matched == sum(by_person) == sum(by_day)
    assert matched == WORKLOAD.pool_fen - outcome["pool_left_fen"]


def test_the_same_gifts_again_change_nothing(url: str) -> None:
    once = settled(url, clients=1)
    assert settled(url, clients=4, fresh=False) == once


def test_books_that_disagree_are_refused(url: str) -> None:
    settled(url, clients=1)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE usual_django.usual_django_pool SET available_fen = 1")
    with pytest.raises(RivalFailedError, match="BooksDisagreeError"):
        settled(url, clients=0, fresh=False)


def post(port: int, body: bytes, signature: str) -> tuple[int, bytes]:
    """Status and body of the answer to one posted notice."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/donations", body, {SIGNATURE_HEADER: signature})
    answer = connection.getresponse()
    read = answer.status, answer.read()
    connection.close()
    return read


def test_over_http_a_gift_is_committed_when_it_is_acknowledged(url: str, tmp_path: Path) -> None:
    run_clients(url, {"workload": asdict(WORKLOAD)})
    gifts = list(WORKLOAD.gifts())
    journal = tmp_path / "journal"
    with served(url, workers=1, threads=4) as port:
        plan = LoadPlan(port=port, connections=8, seconds=60)
        load(plan, signed_requests(WORKLOAD, secret=SECRET), journal=journal)
        body = notice_body(*gifts[0])
        again = post(port, body, sign(body, secret=SECRET))
        forged = post(port, body, sign(body, secret="another"))
        shapeless = post(port, b"[]", sign(b"[]", secret=SECRET))
    assert acknowledged_ids(journal) == {gift[0] for gift in gifts}
    assert (again[0], forged[0], shapeless[0]) == (200, 401, 400)
    outcome = settled(url, clients=0, fresh=False)
    assert outcome["given_by_project_fen"] == expected()["given_by_project_fen"]


def test_a_database_that_cannot_be_reached_is_an_error() -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    with pytest.raises(RivalFailedError):
        run_clients(nowhere, {"workload": asdict(WORKLOAD)})
