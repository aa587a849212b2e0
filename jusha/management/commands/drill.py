"""`jusha drill`: break an installation of its own on purpose, and prove that nothing was lost."""

import os
import sys
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Needs a checkout (the load generator is not installed with the package).

    Exit code 0: everything agrees; 1: something differs, and it is said what.
    """

    help = "Kill every process of a scratch installation under load, then check every fen."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        kill = actions.add_parser("kill", help="kill -9 each process in turn, under load")
        kill.add_argument("--seconds", type=float, default=20.0, help="how long gifts arrive")
        kill.add_argument("--rate", type=int, default=2_000, help="gifts a second")
        kill.add_argument("--keep", action="store_true", help="keep the scratch home to look at")
        week = actions.add_parser("week", help="live one week that uses every kind of rule")
        week.add_argument("--gifts", type=int, default=2_000, help="about how many gifts")
        week.add_argument("--seed", type=int, default=1, help="of the invented donors' behaviour")
        week.add_argument("--report", type=Path, help="write what it came to, as Markdown")
        week.add_argument("--keep", action="store_true", help="keep the scratch home to look at")
        week.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(self, *_args: object, action: str, **options: Any) -> None:
        """Run a drill and print every comparison."""
        for name in [name for name in os.environ if name.startswith("DATABASE_")]:
            del os.environ[name]  # a drill breaks its own database and no other
        self._tell_checks(self._week(**options) if action == "week" else self._kill(**options))

    def _week(
        self, *, gifts: int, seed: int, report: Path | None, keep: bool, inside: bool, **_: Any
    ) -> list[Any]:
        from jusha.management.drill import week_run  # noqa: PLC0415 - only in a checkout

        if inside:
            week_run.live_inside(gifts=gifts, seed=seed, tell=self._tell)
            return []
        return week_run.check_week(
            gifts=gifts, seed=seed, keep=keep, report=report, tell=self._tell
        )

    def _kill(self, *, seconds: float, rate: int, keep: bool, **_: Any) -> list[Any]:
        """Kill every process in turn under load."""
        try:
            from benchmarks.load import LoadFailedError  # noqa: PLC0415 - only in a checkout
            from jusha.management.drill.installation import (  # noqa: PLC0415 - as above
                DrillFailedError,
                Installation,
            )
            from jusha.management.drill.kill import KillDrill  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise CommandError(f"a drill runs from a checkout: {error}") from error
        installation = Installation()
        self.stdout.write(f"scratch home {installation.home}")
        try:
            drill = KillDrill(installation, seconds=seconds, rate_per_second=rate, tell=self._tell)
            return drill.run()
        except (DrillFailedError, LoadFailedError) as error:
            raise CommandError(str(error)) from error
        finally:
            if not keep:
                installation.remove()

    def _tell_checks(self, checks: list[Any]) -> None:
        for check in checks:
            self.stdout.write(f"{'ok   ' if not check.wrong else 'WRONG'} {check.name}")
            self.stdout.write(f"        {check.seen}")
            for wrong in check.wrong:
                self.stdout.write(f"      ! {wrong}")
        if any(check.wrong for check in checks):
            sys.exit(1)

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
