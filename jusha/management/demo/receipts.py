"""The demo's issuer of e-receipts: a simulator, and the settings by which it is asked.

It is a program of `jusha_sandbox`, spoken to over the wire with a secret of its own. An operator
who has a real issuer writes another receipts.toml, in another mode; one that `jusha up` did not
write is left alone.
"""

import sys
from pathlib import Path
from typing import Any, Final

from jusha.config.supervisor import Child
from jusha.giving.receipt_config import FILE, SECRET
from jusha.people.vault import load
from jusha.tlog.files import write_whole

OURS: Final = "# Written by `jusha up --demo`; without this line it is left as it is."
CLIENT: Final = "jusha"
FORM: Final = """\
{ours}
# 模拟：开出的都不是票据。Simulated: nothing that it issues is a receipt.
address = "http://127.0.0.1:{port}"
client = "{client}"
name = "模拟票据系统"
"""


def folder_of(home: Path) -> Path:
    """Where the simulated issuer has its own memory."""
    return home / "sandbox" / "receipts"


def introduce(home: Path, settings: Any) -> None:
    """Share a secret with the issuer and write receipts.toml. Raises OSError."""
    path = home / FILE
    if path.exists() and not path.read_text("utf-8").startswith(OURS):
        return
    folder = folder_of(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = folder / f"{CLIENT}.secret"
    shared.touch(mode=0o600)
    shared.write_text(load(home, SECRET).hex())
    form = FORM.format(ours=OURS, port=settings.JUSHA_RECEIPTS_PORT, client=CLIENT)
    write_whole(path, form.encode())


def child(home: Path, settings: Any) -> Child:
    """The issuer's process."""
    told = [sys.executable, "-m", "jusha_sandbox.receipts", str(folder_of(home))]
    port = ["--host", settings.JUSHA_HOST, "--port", str(settings.JUSHA_RECEIPTS_PORT)]
    return Child("sandbox-receipts", [*told, *port], "web")
