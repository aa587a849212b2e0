"""The other numbers by which a donor may know a gift, from the room's SQL."""

from pathlib import Path

from django.db import migrations

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [("jusha", "0004_rule_models")]
    operations = [
        migrations.RunSQL((ROOMS / "giving/sql/0005_name.sql").read_text(), migrations.RunSQL.noop)
    ]
