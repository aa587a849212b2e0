"""`jusha drill`: break an installation of its own on purpose, and prove that nothing was lost."""

import os
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
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

        minute = actions.add_parser("record-minute", help="957,646 gifts in sixty seconds")
        minute.add_argument("--gifts", type=int, default=957_646)
        minute.add_argument("--seconds", type=float, default=60.0, help="within which they come")
        minute.add_argument("--connections", type=int, default=256)
        minute.add_argument("--with-orders", action="store_true", help="agree to each one first")
        minute.add_argument(
            "--no-record", action="store_true", help="append no line to the results"
        )
        minute.add_argument("--keep", action="store_true", help="keep the scratch home to look at")

        _add_giving_days(actions)
        days = actions.add_parser(
            "three-days", help="48 million gifts of three days, a part of them"
        )
        days.add_argument("--part", type=float, default=0.1, help="of the 48 million really run")
        days.add_argument("--gifts", type=int, help="how many, instead of a part")
        days.add_argument("--no-record", action="store_true", help="append no line to the results")
        days.add_argument("--keep", action="store_true", help="keep the scratch home to look at")
        placing = actions.add_parser("orders", help=SUPPRESS)
        placing.add_argument("--gifts", type=int, required=True)
        placing.add_argument("--part", type=int, required=True)
        placing.add_argument("--to", type=Path, required=True)

    def handle(self, *_args: object, action: str, **options: Any) -> None:
        """Run a drill and print every comparison."""
        for name in [name for name in os.environ if name.startswith("DATABASE_")]:
            del os.environ[name]  # a drill breaks its own database and no other
        drills: dict[str, Callable[..., list[Any]]] = {
            "week": self._week,
            "kill": self._kill,
            "record-minute": self._record_minute,
            "opening": self._opening,
            "gallery": self._gallery,
            "three-days": self._three_days,
            "orders": self._orders,
        }
        self._tell_checks(drills[action](**options))

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

    def _record_minute(
        self,
        *,
        gifts: int,
        seconds: float,
        connections: int,
        with_orders: bool,
        no_record: bool,
        keep: bool,
        **_: Any,
    ) -> list[Any]:
        from jusha.management.drill import record_minute  # noqa: PLC0415 - only in a checkout

        plan = record_minute.Plan(
            gifts=gifts, seconds=seconds, connections=connections, with_orders=with_orders
        )
        return record_minute.run(plan, record=not no_record, keep=keep, tell=self._tell)

    def _opening(
        self,
        *,
        part: float,
        rate: int,
        viewers: int,
        fault: Any,
        no_record: bool,
        keep: bool,
        **_: Any,
    ) -> list[Any]:
        from jusha.management.drill import opening  # noqa: PLC0415 - only in a checkout

        plan = opening.Plan(part=part, rate=rate, viewers=viewers, fault=fault)
        return opening.run(plan, record=not no_record, keep=keep, tell=self._tell)

    def _gallery(
        self, *, rate: int, seconds: float, no_record: bool, keep: bool, **_: Any
    ) -> list[Any]:
        from jusha.management.drill import gallery  # noqa: PLC0415 - only in a checkout

        plan = gallery.Plan(rate=rate, seconds=seconds)
        return gallery.run(plan, record=not no_record, keep=keep, tell=self._tell)

    def _three_days(
        self, *, part: float, gifts: int | None, no_record: bool, keep: bool, **_: Any
    ) -> list[Any]:
        from jusha.management.drill import three_days  # noqa: PLC0415 - only in a checkout

        return three_days.run(
            count=gifts or round(three_days.ALL_GIFTS * part),
            record=not no_record,
            keep=keep,
            tell=self._tell,
        )

    def _orders(self, *, gifts: int, part: int, to: Path, **_: Any) -> list[Any]:
        from jusha.management.drill import orders  # noqa: PLC0415 - only in a checkout

        orders.place(count=gifts, part=part, to=to)
        return []

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


def _add_giving_days(actions: Any) -> None:
    """Declare the opening hour and the project that stops at its target."""
    opening = actions.add_parser(
        "opening", help="the opening hour of 2020, pressed together, while thousands watch"
    )
    opening.add_argument("--part", type=float, default=0.02, help="of the hour's 8.7 million")
    opening.add_argument("--rate", type=int, default=6_000, help="gifts a second at first")
    opening.add_argument("--viewers", type=int, default=2_000)
    opening.add_argument(
        "--fault", choices=("none", "postgres", "rankings"), default="none",
        help="what is broken in the middle of the first span",
    )  # fmt: skip
    opening.add_argument("--no-record", action="store_true", help="append no line to the results")
    opening.add_argument("--keep", action="store_true", help="keep the scratch home to look at")

    gallery = actions.add_parser(
        "gallery", help="one project that stops at its target at 5,000 gifts a second"
    )
    gallery.add_argument("--rate", type=int, default=5_000, help="gifts a second")
    gallery.add_argument("--seconds", type=float, default=20.0, help="how long they are offered")
    gallery.add_argument("--no-record", action="store_true", help="append no line to the results")
    gallery.add_argument("--keep", action="store_true", help="keep the scratch home to look at")
