"""The hot tables, their triggers, partitions and grants, from each room's SQL."""

from pathlib import Path

from django.db import migrations

ROOMS = Path(__file__).resolve().parent.parent
FILES = (
    *(
        f"{room}/sql/tables.sql"
        for room in (
            "inbox",
            "ledger",
            "charities",
            "projects",
            "campaigns",
            "matching",
            "payments",
            "giving",
            "tlog",
            "settlement",
        )
    ),
    "settlement/sql/ground_rules.sql",
)


class Migration(migrations.Migration):
    dependencies = [("jusha", "0001_initial")]
    operations = [
        migrations.RunSQL((ROOMS / name).read_text(), migrations.RunSQL.noop) for name in FILES
    ]
