"""The memory of all measurements: one JSON line each, only ever appended."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.jsonl"


def machine(*, postgres: str) -> dict[str, Any]:
    """What ran it; ``postgres`` is the server's version, for example "18.6"."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "ram_gib": round(memory_bytes / 2**30, 1),
        "python": platform.python_version(),
        "postgres": postgres,
    }


def _cpu_model() -> str:
    """The processor's name as the kernel tells it; the architecture where it tells none."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def append_result(
    name: str,
    figures: Mapping[str, Any],
    *,
    postgres: str,
    now: datetime | None = None,
    path: Path = RESULTS,
) -> dict[str, Any]:
    """Append ``{date, machine, name, figures...}`` as one line and return it.

    Raises ValueError if a figure is named like one of the fixed fields, or is not a finite number
    where JSON wants one.
    """
    fixed = {
        "date": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "machine": machine(postgres=postgres),
        "name": name,
    }
    if clash := fixed.keys() & figures.keys():
        raise ValueError(f"these names are taken: {sorted(clash)}")
    result = {**fixed, **figures}
    line = json.dumps(result, ensure_ascii=False, allow_nan=False)
    # One write of one line to a file opened for appending: two benchmarks cannot mix their lines.
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return result


def read_results(*, path: Path = RESULTS) -> list[dict[str, Any]]:
    """All results so far, oldest first; none if nothing was measured yet."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
