"""What processes write: events for whoever runs them, without what only their makers look for."""

import json
import subprocess
import sys

SAYS = """
import structlog
from jusha.config import logs
logs.configure("supervisor")
log = structlog.get_logger("x")
log.debug("postgres already serves", pid=1)
log.info("database_up_again", pid=2)
"""


def test_debug_is_not_written() -> None:
    said = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, check=True).stdout
    (line,) = said.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["process"]) == (
        "database_up_again", "info", "supervisor",
    )  # fmt: skip
