"""The load generator counts right, and as a payment rail it never gives a request up."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.connection import AnswerNotUnderstoodError
from benchmarks.load import (
    LoadFailedError,
    LoadPlan,
    LoadRun,
    Source,
    acknowledged_ids,
    load,
    load_apart,
    read_journal,
)
from benchmarks.requests import read_requests, write_requests

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Answer = Callable[[bytes, int], list[bytes]]


class Server:
    """Answers by a script: pieces to send, and b"" for cutting the connection off."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.seen: Counter[bytes] = Counter()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self.listener.getsockname()[1]

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            while request := lines.readline():
                body = lines.read(int(request))
                with self.lock:
                    self.seen[body] += 1
                    times = self.seen[body]
                for piece in self.answer(body, times):
                    if not piece:
                        return
                    client.sendall(piece)
                    if b"connection: close" in piece.lower():
                        return


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.accept)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join()


def requests(count: int) -> list[tuple[str, bytes]]:
    """Not HTTP: a length, a line end, a body. The generator sends bytes and reads answers."""
    bodies = [f"gift {n}".encode() for n in range(count)]
    return [(f"id-{n}", b"%d\n%s" % (len(body), body)) for n, body in enumerate(bodies)]


def plan(server: Server, *, retry: bool = False, rate_per_second: float | None = None) -> LoadPlan:
    """Eight connections, and far more time than is needed: the requests run out first."""
    return LoadPlan(
        port=server.port, connections=8, seconds=60, retry=retry, rate_per_second=rate_per_second
    )


def test_every_request_is_sent_once_and_counted_once(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with serving(lambda _body, _times: [OK]) as server:
        result = load(plan(server), requests(300), journal=journal)
    assert server.seen == {f"gift {n}".encode(): 1 for n in range(300)}
    assert result.statuses == {200: 300}
    assert (result.acknowledged, result.unanswered, result.retried) == (300, 0, 0)
    assert 0 < result.p50_ms <= result.p99_ms <= result.max_ms
    assert result.per_second > 0
    assert read_journal(journal) == {f"id-{n}": [200] for n in range(300)}


def test_an_answer_in_pieces_is_put_together() -> None:
    pieces = [OK[:7], OK[7:30], OK[30:-1], OK[-1:]]
    with serving(lambda _body, _times: pieces) as server:
        result = load(plan(server), requests(40))
    assert result.statuses == {200: 40}


def test_a_server_may_close_after_each_answer() -> None:
    with serving(lambda _body, _times: [CLOSING]) as server:
        result = load(plan(server), requests(40))
    assert (result.statuses, result.connections_lost) == ({200: 40}, 0)


def test_a_rail_sends_again_what_was_cut_off_until_it_is_acknowledged(tmp_path: Path) -> None:
    def cut_twice(body: bytes, times: int) -> list[bytes]:
        return [OK[:20], b""] if body.endswith(b"7") and times <= 2 else [OK]

    journal = tmp_path / "journal"
    with serving(cut_twice) as server:
        result = load(plan(server, retry=True), requests(40), journal=journal)
    assert server.seen[b"gift 17"] == 3
    assert server.seen[b"gift 18"] == 1
    assert (result.acknowledged, result.retried, result.connections_lost) == (40, 8, 8)
    assert acknowledged_ids(journal) == {f"id-{n}" for n in range(40)}


def test_without_retry_what_was_cut_off_is_given_up_and_said(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with serving(lambda body, _times: [b""] if body == b"gift 3" else [OK]) as server:
        result = load(plan(server), requests(40), journal=journal)
    assert (result.acknowledged, result.unanswered) == (39, 1)
    assert read_journal(journal)["id-3"] == [0]
    assert "id-3" not in acknowledged_ids(journal)


def test_a_rail_comes_again_when_it_is_asked_to(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with serving(lambda _body, times: [OK if times > 1 else BUSY]) as server:
        result = load(plan(server, retry=True), requests(20), journal=journal)
    assert result.statuses == {503: 20, 200: 20}
    assert read_journal(journal)["id-5"] == [503, 200]


def test_a_refused_rail_goes_on_when_the_server_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(lambda _body, _times: [OK])
    port = server.port
    server.listener.close()  # nobody listens until the first refusal has been noticed
    drop = LoadRun._drop

    def listen_then_drop(run: LoadRun, connection: object) -> None:
        if not run._refused:
            server.listener = socket.create_server(("127.0.0.1", port), backlog=128)
            threading.Thread(target=server.accept, daemon=True).start()
        drop(run, connection)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(LoadRun, "_drop", listen_then_drop)
    result = load(plan(server, retry=True), requests(20))
    server.listener.shutdown(socket.SHUT_RDWR)
    server.listener.close()
    assert result.connections_refused >= 1
    assert (result.acknowledged, result.unanswered) == (20, 0)


def test_an_open_loop_sends_all_that_was_due_and_counts_it() -> None:
    with serving(lambda _body, _times: [OK]) as server:
        result = load(plan(server, rate_per_second=5_000), requests(200))
    assert (result.acknowledged, result.unsent) == (200, 0)


def test_an_open_loop_counts_from_the_moment_a_request_was_due() -> None:
    source = Source(requests(5), plan=LoadPlan(port=1, seconds=1, rate_per_second=4), began=100.0)
    assert source.take(100.0) == (100.0, "id-0", b"6\ngift 0")
    assert source.take(100.2) is None
    assert source.overdue(100.8) == 2
    late = [source.take(100.8), source.take(100.8)]
    assert [taken[0] for taken in late if taken] == [100.25, 100.5]
    assert source.take(100.8) == (100.75, "id-3", b"6\ngift 3")
    assert not source.exhausted
    assert source.take(101.5) is None  # due when the second is over: not owed any more
    assert source.exhausted


def test_a_closed_loop_stops_at_the_end_of_its_time() -> None:
    source = Source(requests(5), plan=LoadPlan(port=1, seconds=1), began=100.0)
    assert source.take(100.9) == (100.9, "id-0", b"6\ngift 0")
    assert source.take(101.0) is None
    assert (source.exhausted, source.ran_out, source.overdue(101.0)) == (True, False, 0)


def test_an_answer_without_a_length_stops_the_run() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with (
        serving(lambda _body, _times: [chunked]) as server,
        pytest.raises(AnswerNotUnderstoodError),
    ):
        load(plan(server), requests(1))


def test_as_a_process_of_its_own_it_tells_the_same(tmp_path: Path) -> None:
    file, journal = tmp_path / "requests", tmp_path / "journal"
    assert write_requests(file, requests(50)) == 50
    assert list(read_requests(file)) == requests(50)
    with serving(lambda _body, _times: [OK]) as server:
        result = load_apart(plan(server, retry=True), requests=file, journal=journal)
        with pytest.raises(LoadFailedError, match="no-such-file"):
            load_apart(plan(server), requests=tmp_path / "no-such-file")
    assert (result.statuses, result.acknowledged) == ({200: 50}, 50)
    assert len(acknowledged_ids(journal)) == 50
