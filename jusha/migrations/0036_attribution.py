"""What an order is counted for beside its project: team, company, scene, province."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0035_guard"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttributedOrder",
            fields=[
                ("order_no", models.BigIntegerField(primary_key=True, serialize=False)),
                ("team", models.CharField(max_length=40)),
                ("company", models.CharField(max_length=40)),
                ("scene", models.CharField(max_length=40)),
                ("province", models.CharField(max_length=4)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "jusha_attribution"},
        ),
        migrations.RunSQL(
            (ROOMS / "payments/sql/0036_attribution.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
