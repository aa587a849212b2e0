"""Balance reports as CSV, asked for and written later: balance_change_from_activity.itemized.

Amounts stand in the currency's main unit with two decimals, times in UTC, as Stripe's own do.
"""

import csv
import io
import sqlite3
from datetime import UTC, datetime
from typing import Final

from jusha_sandbox.stripe.payments import invalid, missing
from jusha_sandbox.stripe.store import Store, Words, new_id

KIND: Final = "balance_change_from_activity.itemized.3"
DONE_SECONDS: Final = 60
"""How long a report takes to write, by the clock that may run ahead."""
READY_SECONDS: Final = 12 * 3_600
"""How long after its end a day is complete at Stripe."""
COLUMNS: Final = (
    "balance_transaction_id", "created_utc", "currency", "gross", "fee", "net",
    "reporting_category", "source_id", "description", "payment_metadata[order]",
)  # fmt: skip


def run(store: Store, database: sqlite3.Connection, account: str, fields: dict[str, str]) -> Words:
    """POST /v1/reporting/report_runs. Raises Complaint."""
    if fields.get("report_type") != KIND:
        raise invalid("parameter_invalid", "No such report type.", "report_type")
    ends = [fields.get(f"parameters[interval_{end}]", "") for end in ("start", "end")]
    if not all(each.isdecimal() for each in ends):
        raise invalid("parameter_missing", "An interval has a start and an end.", "parameters")
    begins, until = (int(each) for each in ends)
    if until + READY_SECONDS > store.now(database):
        raise invalid("parameter_invalid", "The data is not available yet.", "interval_end")
    made = {
        "id": new_id("frr"),
        "object": "reporting.report_run",
        "created": store.stamp(),
        "livemode": False,
        "parameters": {"interval_start": begins, "interval_end": until},
        "ready_at": store.now(database) + DONE_SECONDS,
        "report_type": KIND,
        "result": None,
        "status": "pending",
    }
    return _shown(store.keep(database, made, account=account))


def find(store: Store, database: sqlite3.Connection, account: str, id_: str, here: str) -> Words:
    """GET /v1/reporting/report_runs/:id. Raises Complaint."""
    made = store.find(database, id_, account=account)
    if made is None or made["object"] != "reporting.report_run":
        raise missing(id_)
    if made["ready_at"] > store.now(database):
        return _shown(made)
    file = id_.replace("frr_", "file_")
    told = {
        "id": file,
        "object": "file",
        "size": len(written(store, database, account, file)),
        "type": "csv",
        "url": f"{here}/v1/files/{file}/contents",
    }
    return _shown(made | {"status": "succeeded", "result": told})


def written(store: Store, database: sqlite3.Connection, account: str, file: str) -> bytes:
    """GET /v1/files/:id/contents: the report's CSV. Raises Complaint."""
    made = store.find(database, file.replace("file_", "frr_"), account=account)
    if made is None or made["ready_at"] > store.now(database):
        raise missing(file)
    begins, until = (made["parameters"][f"interval_{end}"] for end in ("start", "end"))
    out = io.StringIO(newline="")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(COLUMNS)
    for line in reversed(store.listed(database, "balance_transaction", account=account)):
        if begins <= line["created"] < until:
            at = datetime.fromtimestamp(line["created"], UTC)
            rows.writerow(
                (
                    line["id"], f"{at:%Y-%m-%d %H:%M:%S}", line["currency"],
                    _main(line["amount"]), _main(line["fee"]), _main(line["net"]),
                    line["reporting_category"], line["source"], line["description"],
                    line["order"],
                )
            )  # fmt: skip
    return out.getvalue().encode()


def _main(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _shown(made: Words) -> Words:
    return {name: value for name, value in made.items() if name != "ready_at"}
