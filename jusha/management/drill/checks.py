"""What every drill compares at its end: everything with everything.

The books with what was acknowledged, the database with itself, the public log with the
rules in it, and the whole with an undisturbed replay of its inbox.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks.workload import Workload
from jusha.management.drill import gifts
from jusha.management.drill.installation import DrillFailedError, Installation

REPLAY_DATABASE: Final = "drill_replay"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was compared, and what was found."""

    name: str
    wrong: list[str] = field(default_factory=list)
    seen: str = ""


def check_stop(here: Installation) -> Checked:
    """Stop the installation as Ctrl-C does; nothing of it may go on."""
    code, took = here.stop()
    wrong = [f"exit code {code}"] if code else []
    wrong += [f"left behind: {name}" for name in here.left_behind()]
    return Checked("a clean stop leaves no process behind", wrong, f"{took:.1f} s")


def check_books(
    here: Installation, workload: Workload, acknowledged: set[str], *, source: str = ""
) -> Iterator[Checked]:
    """Compare everything with everything, the database alone running.

    `source`: where recompute.py reads the log, "" if that was checked already. Raises
    DrillFailedError.
    """
    if here.run("-m", "jusha", "db", "start").returncode:
        raise DrillFailedError("the database does not start again")
    with here.connect() as connection:
        name = "every acknowledged gift is settled once, pool and caps exact to the fen"
        wrong = list(gifts.differences(connection, here.home, workload, acknowledged))
        yield Checked(name, wrong[:10], gifts.summary(workload, connection))
    yield check_command(here, "jusha audit finds nothing wrong", "-m", "jusha", "audit")
    if source:
        yield check_recompute(here, source)
    replay = ("-m", "jusha", "replay", "--into", REPLAY_DATABASE)
    name = "replaying the inbox gives the same root"
    yield check_command(here, name, *replay, must_say="EQUAL")
    here.run("-m", "jusha", "db", "stop")


def check_recompute(here: Installation, source: str) -> Checked:
    """Let the stranger's script recompute the log at `source`, a folder or an address."""
    vkey = (here.public / "vkey").read_text().strip()
    name = "verify/recompute.py says EQUAL" + (" over HTTP" if source.startswith("http") else "")
    arguments = ("verify/recompute.py", source, "--vkey", vkey)
    return check_command(here, name, *arguments, must_say="EQUAL")


def check_command(here: Installation, name: str, *arguments: str, must_say: str = "") -> Checked:
    """Run a command that must end with 0, and must say a word in a line of its own."""
    done = here.run(*arguments)
    lines = done.stdout.strip().splitlines() or [""]
    said = any(line.startswith(must_say) for line in lines)
    well = done.returncode == 0 and said
    wrong = [] if well else [f"exit code {done.returncode}", *lines[-10:], done.stderr[-2000:]]
    seen = next((line for line in lines[::-1] if "replayed " in line), lines[-1])
    return Checked(name, wrong, seen)
