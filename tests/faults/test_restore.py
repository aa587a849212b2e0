"""A restored backup stops the log and closes the door; it cannot fork what is published."""

from collections.abc import Callable

import pytest

from jusha.config.postgres import Cluster
from jusha.config.processes.why import REFUSING
from jusha.management.drill import gifts
from jusha.management.drill.installation import Installation

pytestmark = pytest.mark.drill


def give(installation: Installation, count: int) -> None:
    """Let simulated donors give, and wait until it is all published."""
    before = installation.settled()
    done = installation.run(
        "-m", "jusha_sandbox.traffic", f"--door=http://127.0.0.1:{installation.door_port}",
        f"--secrets={installation.home / 'sandbox'}", "--campaign=",
        f"--projects={','.join(gifts.PROJECTS)}", "--rate=200", f"--count={count}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    installation.wait(
        lambda: installation.settled() >= before + count and installation.drained(),
        "the gifts to be published",
    )


def why(installation: Installation, name: str) -> str:
    return str(installation.process(name).get("why") or "")


def says(installation: Installation, name: str, code: str) -> Callable[[], bool]:
    return lambda: code in why(installation, name)


def test_a_restored_backup_is_neither_settled_nor_signed_and_the_newer_data_heals_it(
    installation: Installation,
) -> None:
    here = installation
    here.start()
    give(here, 30)
    backup = here.home / "backup"
    done = here.run("-m", "jusha", "db", "backup", str(backup))
    assert done.returncode == 0, done.stderr
    give(here, 30)
    assert here.stop()[0] == 0
    published = (here.public / "checkpoint").read_bytes()
    newer = here.published()

    done = here.run("-m", "jusha", "db", "restore", str(backup), "--force")
    assert done.returncode == 0, done.stderr
    here.launch()
    here.wait(says(here, "settlement", REFUSING), "settlement to refuse")
    here.wait(says(here, "publisher", "refusing_to_sign"), "the publisher to refuse")
    here.wait(says(here, "door", "closed"), "the door to be closed")
    assert not here.door_answers(), "what it would take in now would be lost again"
    assert f"{newer} entries are published" in why(here, "settlement")
    assert here.settled() < newer
    assert (here.public / "checkpoint").read_bytes() == published
    assert here.stop()[0] == 0
    assert here.run("-m", "jusha", "db", "start").returncode == 0
    audit = here.run("-m", "jusha", "audit")
    assert audit.returncode == 1
    assert "published more than was settled" in audit.stdout
    assert here.run("-m", "jusha", "db", "stop").returncode == 0

    put_newer_data_back(here)
    here.start()
    here.wait(here.door_answers, "the door to open")
    give(here, 5)
    assert why(here, "settlement") == why(here, "publisher") == why(here, "door") == ""
    assert here.published() > newer
    assert here.stop()[0] == 0
    vkey = (here.public / "vkey").read_text().strip()
    told = here.run("verify/recompute.py", str(here.public), "--vkey", vkey)
    assert told.returncode == 0, told.stdout + told.stderr


def put_newer_data_back(installation: Installation) -> None:
    """Undo the restore: `--force` moved the newer data aside and deleted nothing."""
    place = Cluster(installation.home).place
    (aside,) = place.root.glob("data.before-*")
    place.data.rename(place.root / "data.rewound")
    aside.rename(place.data)
    # The restore gave the backup's superuser a new password; the next start sets one here too.
    (installation.home / "secrets" / "postgres-superuser.txt").unlink()
