"""The `jusha` command: `jusha help` lists what it can do."""

import os
import sys


def main() -> None:
    """Run a management command of Jusha."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
