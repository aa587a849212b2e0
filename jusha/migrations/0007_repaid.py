"""Refunds that have arrived, from the room's SQL."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("jusha", "0006_rechecks")]
    operations = [
        migrations.RunSQL(
            (ROOMS / "giving/sql/0007_repaid.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="Repaid",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("deed", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("reference", models.TextField()),
            ],
            options={"db_table": "giving_repaid", "managed": False},
        ),
    ]
