"""The tables and columns of all rule kinds, from each room's SQL."""

from pathlib import Path

from django.db import migrations

ROOMS = Path(__file__).resolve().parent.parent
FILES = (
    "campaigns/sql/0003_counted.sql",
    "projects/sql/0003_frozen.sql",
    "payments/sql/0003_coupon.sql",
    "matching/sql/0003_kinds.sql",
)


class Migration(migrations.Migration):
    dependencies = [("jusha", "0002_hot_tables")]
    operations = [
        migrations.RunSQL((ROOMS / name).read_text(), migrations.RunSQL.noop) for name in FILES
    ]
