"""Ties a program to its parent, then becomes it: `python leash.py PROGRAM ARGUMENT...`.

On Linux the kernel then ends the program when whoever started it dies, even by kill -9.
A step of its own, because code between fork and exec may not run in a process with
threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
HOME_MARK = "JUSHA_SUPERVISED"
"""Environment variable by which what a killed supervisor left behind is found: its home."""


def tie_to_parent(parent: int) -> None:
    """Ask for SIGTERM when process `parent` dies, and leave at once if it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    """Ask for SIGTERM at the parent's death, and leave at once if it is dead already."""
    tie_to_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the supervisor's own argument list


if __name__ == "__main__":
    main()
