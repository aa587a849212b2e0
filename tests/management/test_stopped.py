"""Ctrl-C is a person's wish: every command ends with one word and no lines of code."""

import subprocess
import sys

STOPS = """
import sys
from django.core import management
def stop(argv): raise KeyboardInterrupt
management.execute_from_command_line = stop
from jusha.__main__ import main
main()
"""


def test_a_command_that_is_stopped_says_so_and_shows_no_lines_of_code() -> None:
    ran = subprocess.run([sys.executable, "-c", STOPS], capture_output=True, text=True, check=False)
    assert ran.returncode == 130
    assert ran.stderr == "\n已停止 Stopped.\n"
