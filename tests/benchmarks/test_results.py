"""Results are appended, never rewritten, and say where they come from."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.percentiles import percentile_ms
from benchmarks.results import append_result, read_results

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_each_result_is_one_line_with_date_and_machine(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    append_result("settle", {"per_second": 200.5}, postgres="18.6", now=NOON, path=path)
    append_result("http", {"per_second": 150.0}, postgres="15.20", now=NOON, path=path)
    first, second = [json.loads(line) for line in path.read_text().splitlines()]
    assert first["date"] == "2026-11-20T12:00:00+00:00"
    assert set(first["machine"]) == {"cpu", "cores", "ram_gib", "python", "postgres"}
    assert first["machine"]["postgres"] == "18.6"
    assert first["machine"]["cores"] >= 1
    assert (second["name"], second["per_second"]) == ("http", 150.0)
    assert read_results(path=path) == [first, second]


def test_no_result_yet_is_an_empty_list(tmp_path: Path) -> None:
    assert read_results(path=tmp_path / "none.jsonl") == []


def test_a_figure_cannot_overwrite_the_date_nor_be_no_number(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with pytest.raises(ValueError, match="date"):
        append_result("x", {"date": "yesterday"}, postgres="18.6", path=path)
    with pytest.raises(ValueError, match="JSON"):
        append_result("x", {"per_second": math.nan}, postgres="18.6", path=path)
    assert not path.exists()


def test_a_percentile_is_a_value_that_was_measured_and_never_a_lower_one() -> None:
    hundred = [n / 1000 for n in range(1, 101)]
    assert percentile_ms(hundred, per_mille=500) == 50.0
    assert percentile_ms(hundred, per_mille=990) == 99.0
    assert percentile_ms(hundred, per_mille=999) == 100.0
    assert percentile_ms([0.25], per_mille=10) == 250.0
    assert percentile_ms([], per_mille=500) == 0.0
