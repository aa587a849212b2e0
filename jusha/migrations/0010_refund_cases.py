"""Cases of refunds, and the runs that send a whole campaign back."""

import uuid
from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0009_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefundWords",
            fields=[
                ("case", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="RefundCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("deed", models.BigIntegerField()),
                ("order_no", models.BigIntegerField()),
                ("charity", models.CharField(max_length=40)),
                ("asset", models.SmallIntegerField()),
                ("amount", models.BigIntegerField()),
                ("reason", models.CharField(max_length=20)),
                ("reference", models.CharField(max_length=64)),
                ("due_at", models.DateTimeField(null=True)),
                ("asked_as", models.CharField(max_length=8)),
                ("asked_by", models.CharField(max_length=80)),
                ("donor", models.CharField(max_length=80)),
                ("state", models.CharField(default="asked", max_length=12)),
                ("declined_for", models.CharField(default="", max_length=20)),
                ("approved_by", models.CharField(default="", max_length=80)),
                ("confirmed_by", models.CharField(default="", max_length=80)),
                ("entry", models.BigIntegerField(default=0)),
                ("told", models.CharField(default="", max_length=40)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["deed"], name="refund_of_deed"),
                    models.Index(fields=["charity", "state", "id"], name="refund_of_charity"),
                    models.Index(
                        condition=models.Q(
                            (
                                "state__in",
                                ["approved", "asked", "booked", "confirmed", "sent", "undelivered"],
                            )
                        ),
                        fields=["state"],
                        name="refund_moving",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["approved", "asked", "confirmed"])),
                        fields=("deed",),
                        name="one_open_refund_a_deed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="refund_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campaign", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=200)),
                ("by", models.CharField(max_length=80)),
                ("second", models.CharField(max_length=80)),
                ("residue_to", models.CharField(max_length=40)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["campaign", "-id"], name="runs_of_campaign")],
            },
        ),
        migrations.CreateModel(
            name="RefundStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("case", models.BigIntegerField()),
                ("did", models.CharField(max_length=12)),
                ("as_role", models.CharField(max_length=8)),
                ("by", models.CharField(max_length=80)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["case", "id"], name="steps_of_refund")],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "giving/sql/0010_refund_cases.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
