"""The day's count of receipts that browsers checked, from the room's SQL."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("jusha", "0005_name")]
    operations = [
        migrations.RunSQL(
            (ROOMS / "tlog/sql/0006_rechecks.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="Rechecks",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("reports", models.BigIntegerField()),
                ("checked", models.BigIntegerField()),
                ("missing", models.BigIntegerField()),
            ],
            options={"db_table": "tlog_rechecks", "managed": False},
        ),
    ]
