"""Wishes for receipts, whom they are for, and the papers that were issued."""

import uuid
from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0012_rail_bills"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReceiptPayer",
            fields=[
                ("receipt", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("order_no", models.BigIntegerField(unique=True)),
                ("deed", models.BigIntegerField(db_index=True, null=True)),
                ("kind", models.CharField(max_length=12)),
                ("title", models.CharField(max_length=12)),
                ("state", models.CharField(default="requested", max_length=10)),
                ("asked_by", models.CharField(max_length=80)),
                ("consent", models.CharField(max_length=10)),
                ("sent_amount", models.BigIntegerField(default=0)),
                ("held_at", models.DateTimeField(null=True)),
                ("told", models.CharField(default="", max_length=40)),
                ("tries", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "requested")),
                        fields=["asked_at"],
                        name="receipt_waits",
                    ),
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["next_at"],
                        name="receipt_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("requested", "issued", "waived", "anonymous"))
                        ),
                        name="receipt_has_a_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("letter", "e-receipt"))),
                        name="receipt_has_a_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceiptPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("receipt", models.BigIntegerField()),
                ("kind", models.CharField(max_length=12)),
                ("does", models.CharField(max_length=8)),
                ("charity", models.CharField(max_length=40)),
                ("year", models.SmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("reverses", models.BigIntegerField(null=True, unique=True)),
                ("issuer_code", models.CharField(max_length=20)),
                ("issuer_number", models.CharField(max_length=20)),
                ("issuer_check", models.CharField(max_length=20)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["receipt", "id"], name="papers_of_receipt")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "charity", "year", "number"), name="one_paper_a_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="paper_of_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("does", "issue"), ("reverses__isnull", True)),
                            models.Q(("does", "reverse"), ("reverses__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_reversal_names_its_paper",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceiptSeries",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=12)),
                ("charity", models.CharField(max_length=40)),
                ("year", models.SmallIntegerField()),
                ("last", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "charity", "year"), name="one_series")
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "giving/sql/0013_receipts.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
