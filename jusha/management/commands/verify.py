"""`jusha verify FILE`: run the single-file verifier that anyone can also run alone."""

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import BaseCommand

VERIFIER: Final = Path("verify") / "verify.py"


class Command(BaseCommand):
    """Check a proof file against a log key; needs no database."""

    help = "check a proof file (.tlog-proof); exit 0 proven, 1 not proven, 2 cannot check"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be asked for."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--policy", help="policy file: whose signatures you trust")
        parser.add_argument("--vkey", help="the log's key; default: this installation's own")

    def handle(self, *_: Any, file: Path, policy: str | None, vkey: str | None, **__: Any) -> None:
        """Hand over to the verifier, with its exit status."""
        if policy:
            trust = ["--policy", policy]
        else:
            own = settings.JUSHA_LOG_DIR / "public" / "vkey"
            trust = ["--vkey", vkey or (own.read_text().strip() if own.exists() else "")]
        script = settings.REPO_DIR / VERIFIER
        done = subprocess.run([sys.executable, script, file, *trust], check=False)
        sys.exit(done.returncode)
