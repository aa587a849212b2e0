"""The `jusha` command: `jusha help` lists what it can do."""

import os
import sys
from typing import Final

STOPPED: Final = 130
"""The exit code of a command that was stopped with Ctrl-C."""


def main() -> None:
    """Run a management command of Jusha."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:  # a person's wish, and no fault to show lines of code for
        sys.stderr.write("\n已停止 Stopped.\n")
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
