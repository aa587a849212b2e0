"""`jusha bench NAME`: run one of the checkout's benchmarks and remember its figures.

A benchmark is a module `benchmarks.bench_<name>` with `run(*, quick, tell)`. The package
stands in a checkout only: what is installed elsewhere has nothing to measure with.
"""

import pkgutil
from argparse import ArgumentParser
from importlib import import_module
from typing import Any, Final

from django.core.management import BaseCommand, CommandError

PREFIX: Final = "bench_"


class Command(BaseCommand):
    """Measure, print a table, append one line to benchmarks/results.jsonl."""

    help = "run a benchmark of the checkout: settle, ..."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("name", help="which one; an unknown name lists them")
        parser.add_argument("--quick", action="store_true", help="under a minute, less exact")

    def handle(self, *_: Any, name: str, quick: bool, **__: Any) -> None:
        """Run it; a benchmark that cannot vouch for its figures fails and appends nothing."""
        if name not in (known := self._known()):
            raise CommandError(f"there is no benchmark {name!r}; known: {', '.join(known)}")
        import_module(f"benchmarks.{PREFIX}{name}").run(quick=quick, tell=self._tell)

    def _known(self) -> list[str]:
        try:
            package = import_module("benchmarks")
        except ModuleNotFoundError as error:
            raise CommandError("benchmarks are run from a checkout of the repository") from error
        names = [module.name for module in pkgutil.iter_modules(package.__path__)]
        return [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
