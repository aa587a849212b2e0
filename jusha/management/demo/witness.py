"""The demo's test witness: run by the same operator 同一运营者, to show how witnessing works.

It is a program of `jusha_sandbox`, started and asked over the wire like anybody's. An operator who
has a real one replaces JUSHA_HOME/log/witnesses, which is from then on left alone.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from jusha.config.supervisor import PUBLISHING, Child
from jusha.tlog.files import write_whole

OURS: Final = "# Written by `jusha up --demo`; without this line it is left as it is."
FORM: Final = """\
{ours}
# 同一运营者：这个测试见证人和账本由同一个运营者运行，只演示做法，不算独立见证。
# Same operator: this test witness is run by whoever runs the log. It shows how witnessing
# works and counts as no independent witness.
witness same-operator {vkey} {url}
quorum same-operator
"""


def folder_of(home: Path) -> Path:
    """Where the test witness has its own key and memory."""
    return home / "sandbox" / "witness"


def introduce(home: Path, settings: Any) -> None:
    """Let the witness make its key, and name it to the publisher. Writes log/witnesses.

    Raises subprocess.CalledProcessError, OSError.
    """
    name = f"{settings.JUSHA_LOG_ORIGIN.partition('/')[0]}/witness-same-operator"
    begun = subprocess.run(
        [sys.executable, "-m", "jusha_sandbox.witness", folder_of(home), "--name", name],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{settings.JUSHA_WITNESS_PORT}"
    text = FORM.format(ours=OURS, vkey=begun.stdout.strip(), url=url)
    path = Path(settings.JUSHA_LOG_DIR) / "witnesses"
    if not path.exists() or path.read_text("utf-8").startswith(OURS):
        write_whole(path, text.encode())


def child(home: Path, settings: Any) -> Child:
    """The witness's process."""
    granian = [sys.executable, "-m", "granian", "--no-ws", "--http", "1", "--workers", "1"]
    granian += ["--respawn-failed-workers", "--respawn-interval", "0.2", "--log-level", "warning"]
    granian += ["--blocking-threads", "2"]
    where = ["--host", settings.JUSHA_HOST, "--port", str(settings.JUSHA_WITNESS_PORT)]
    return Child(
        "witness",
        [*granian, *where, "--interface", "wsgi", "jusha_sandbox.witness.app:application"],
        "web",
        PUBLISHING,
        environment={
            "SANDBOX_WITNESS": str(folder_of(home)),
            "SANDBOX_WITNESS_LOGS": str(Path(settings.JUSHA_LOG_DIR) / "public" / "vkey"),
        },
    )
