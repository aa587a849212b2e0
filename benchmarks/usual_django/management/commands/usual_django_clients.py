"""The door to the rival for processes that have another Django set up, or none."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks.usual_django.clients import Task, run
from benchmarks.usual_django.tables import read_outcome
from benchmarks.workload import Workload


class Command(BaseCommand):
    """Reads a task as JSON from standard input, writes what was seen as JSON to standard output.

    With ``"outcome": true`` the tables are told too, in the oracle's form, mappings as pairs.
    """

    help = "Run clients of the usual Django way on a workload and check the books."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run the task."""
        told = json.load(sys.stdin)
        want_outcome = told.pop("outcome", False)
        seen = run(Task(workload=Workload(**told.pop("workload")), **told))
        if want_outcome:
            seen["outcome"] = read_outcome().as_pairs()
        json.dump(seen, self.stdout)
