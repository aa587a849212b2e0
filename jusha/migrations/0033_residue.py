"""Money of an unlawful fundraising that could not go back: where it went instead."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0032_accounts"),
    ]

    operations = [
        migrations.RunSQL(
            (ROOMS / "giving/sql/0033_residue.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="ResidueOrder",
            fields=[
                ("decision", models.BigIntegerField(primary_key=True, serialize=False)),
                ("campaign", models.CharField(db_index=True, max_length=40)),
                ("charity", models.CharField(max_length=40)),
                ("receiver", models.CharField(max_length=40)),
                ("asset", models.SmallIntegerField()),
                ("gifts", models.IntegerField()),
                ("amount", models.BigIntegerField()),
                ("authority", models.CharField(max_length=80)),
                ("document", models.CharField(max_length=60)),
                ("document_on", models.DateField()),
                ("reference", models.CharField(max_length=64)),
                ("paid_on", models.DateField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("gifts__gt", 0)),
                        name="residue_of_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ResidueGift",
            fields=[
                ("deed", models.BigIntegerField(primary_key=True, serialize=False)),
                ("project", models.IntegerField(db_index=True)),
                ("amount", models.BigIntegerField()),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gifts_of",
                        to="jusha.residueorder",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            (ROOMS / "giving/sql/0033_orders.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
