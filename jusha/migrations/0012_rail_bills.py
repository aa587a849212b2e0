"""Bills of the rails, laid beside our deeds; what differs, and who cleared it."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0011_prepared"),
    ]

    operations = [
        migrations.CreateModel(
            name="RailBill",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rail", models.CharField(max_length=16)),
                ("day", models.DateField()),
                ("payee", models.CharField(max_length=40)),
                ("state", models.CharField(default="asked", max_length=10)),
                ("told", models.CharField(default="", max_length=200)),
                ("tries", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("file_hash", models.CharField(default="", max_length=64)),
                ("lines", models.IntegerField(default=0)),
                ("read_at", models.DateTimeField(null=True)),
                ("laid_at", models.DateTimeField(null=True)),
                ("lay_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["day", "rail"], name="rail_bill_day"),
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["next_at"],
                        name="rail_bill_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("rail", "day", "payee"), name="one_bill_a_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="RailDifference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rail", models.CharField(max_length=16)),
                ("day", models.DateField()),
                ("name", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=16)),
                ("cause", models.CharField(max_length=20)),
                ("charity", models.CharField(max_length=40)),
                ("order_no", models.BigIntegerField()),
                ("deed", models.BigIntegerField(null=True)),
                ("refund", models.CharField(max_length=64)),
                ("line", models.IntegerField()),
                ("there", models.BigIntegerField(null=True)),
                ("here", models.BigIntegerField(null=True)),
                ("there_at", models.DateTimeField(null=True)),
                ("here_at", models.DateTimeField(null=True)),
                ("state", models.CharField(default="open", max_length=10)),
                ("found_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(default="", max_length=20)),
                ("note", models.CharField(default="", max_length=200)),
                ("proposed_by", models.CharField(default="", max_length=80)),
                ("confirmed_by", models.CharField(default="", max_length=80)),
                ("asked_at", models.DateTimeField(null=True)),
                ("answer", models.CharField(default="", max_length=12)),
                ("answer_amount", models.BigIntegerField(null=True)),
                ("tries", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "proposed"])),
                        fields=["charity", "day"],
                        name="rail_difference_open",
                    ),
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["next_at"],
                        name="rail_difference_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rail", "day", "name"), name="one_difference_a_name"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RailDifferenceStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("difference", models.BigIntegerField()),
                ("did", models.CharField(max_length=12)),
                ("by", models.CharField(max_length=80)),
                ("reason", models.CharField(default="", max_length=20)),
                ("note", models.CharField(default="", max_length=200)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["difference", "id"], name="steps_of_difference")],
            },
        ),
        migrations.CreateModel(
            name="RailTally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rail", models.CharField(max_length=16)),
                ("day", models.DateField()),
                ("charity", models.CharField(max_length=40)),
                ("paid_lines", models.IntegerField()),
                ("paid", models.BigIntegerField()),
                ("back_lines", models.IntegerField()),
                ("back", models.BigIntegerField()),
                ("fee_micro", models.BigIntegerField()),
                ("matched_lines", models.IntegerField()),
                ("matched", models.BigIntegerField()),
                ("crossed_lines", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rail", "day", "charity"), name="one_tally_a_day"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "giving/sql/0012_rail_bills.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
