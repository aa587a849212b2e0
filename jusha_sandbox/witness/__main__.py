"""Make a witness's folder and say its key: python -m jusha_sandbox.witness FOLDER --name NAME.

Then serve it: SANDBOX_WITNESS=FOLDER SANDBOX_WITNESS_LOGS=FILE granian --interface wsgi
jusha_sandbox.witness.app:application; FILE lists the verifier keys of the logs it knows.
"""

import argparse
import sys
from pathlib import Path

from jusha_sandbox.witness.store import begin


def main() -> None:
    """Make the folder where there is none, and write the witness's verifier key."""
    parser = argparse.ArgumentParser(prog="jusha_sandbox.witness", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True, help="the witness's key name, for ever")
    options = parser.parse_args()
    sys.stdout.write(f"{begin(options.folder, name=options.name).vkey}\n")


if __name__ == "__main__":
    main()
