"""`jusha chaos --seed N --minutes M`: break a real installation in every way we know, and check."""

import os
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Needs a checkout. What needs root or a C compiler is named as skipped without it.

    Exit code 0: everything agrees; 1: something differs, and the scratch home is kept.
    """

    help = "Run a scratch installation under load through a seeded schedule of faults."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--seed", type=int, default=int(time.time()), help="of the schedule")
        parser.add_argument("--minutes", type=float, default=6.0, help="how long gifts arrive")
        parser.add_argument("--rate", type=int, default=400, help="gifts a second")
        parser.add_argument("--only", default="", help="only faults with one of these words, a,b")
        parser.add_argument("--keep", action="store_true", help="keep the scratch home anyhow")
        parser.add_argument("--schedule", action="store_true", help="print the schedule and stop")
        parser.add_argument("--list", action="store_true", help="print every fault and stop")

    def handle(
        self,
        *_args: object,
        seed: int,
        minutes: float,
        rate: int,
        only: str,
        keep: bool,
        schedule: bool,
        **options: Any,
    ) -> None:
        """Break, heal, compare, tell."""
        for name in [name for name in os.environ if name.startswith("DATABASE_")]:
            del os.environ[name]  # chaos breaks its own database and no other
        try:
            from jusha.management.chaos.ground import Ground  # noqa: PLC0415 - only in a checkout
            from jusha.management.chaos.run import ChaosRun  # noqa: PLC0415 - as above
            from jusha.management.drill.installation import DrillFailedError  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise CommandError(f"chaos runs from a checkout: {error}") from error
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # give back what was mounted
        if options["list"]:
            self._tell_faults()
            return
        ground = Ground()
        well = False
        try:
            run = ChaosRun(
                ground, seed=seed, seconds=60 * minutes, rate_per_second=rate,
                tell=self._tell, only=only,
            )  # fmt: skip
            if schedule:
                run.tell_schedule()
                well = True
                return
            well = self._tell_checks(run.run())
        except DrillFailedError as error:
            self._tell(f"WRONG {error}")
        finally:
            if well and not keep:
                ground.remove()
            else:
                ground.end_all()
                self._tell(f"kept {ground.base}; afterwards: umount -R {ground.home}")
        again = f"--seed {seed} --minutes {minutes:g} --rate {rate}"
        again += f' --only "{only}"' if only else ""
        self._tell(f"{'all agree' if well else 'NOT WELL'}: jusha chaos {again}")
        if not well:
            sys.exit(1)

    def _tell_faults(self) -> None:
        from jusha.management.chaos.faults import all_faults  # noqa: PLC0415 - as above

        for fault in all_faults():
            shortest, longest = fault.seconds
            self._tell(f"{fault.name:<38} {shortest:4.1f} to {longest:4.1f} s  {fault.promise}")

    def _tell_checks(self, checks: Iterable[Any]) -> bool:
        well = True
        for check in checks:
            self._tell(f"{'ok   ' if not check.wrong else 'WRONG'} {check.name}")
            self._tell(f"        {check.seen}")
            for wrong in check.wrong:
                self._tell(f"      ! {wrong}")
            well = well and not check.wrong
        return well

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
