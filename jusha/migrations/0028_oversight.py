"""Complaints, holds and registers."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0027_spending"),
    ]

    operations = [
        migrations.CreateModel(
            name="ComplaintContact",
            fields=[
                ("complaint", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="ComplaintLetter",
            fields=[
                ("step", models.BigIntegerField(primary_key=True, serialize=False)),
                ("complaint", models.BigIntegerField()),
                ("mail_at", models.DateTimeField(db_index=True)),
                ("mail_tries", models.SmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="ComplaintWords",
            fields=[
                ("step", models.BigIntegerField(primary_key=True, serialize=False)),
                ("complaint", models.BigIntegerField(db_index=True)),
                ("sealed", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=16)),
                ("about", models.CharField(max_length=200)),
                ("project", models.CharField(default="", max_length=40)),
                ("charity", models.CharField(default="", max_length=40)),
                ("received_on", models.DateField()),
                ("answer_days", models.SmallIntegerField()),
                ("due_on", models.DateField()),
                ("received_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["charity", "-id"], name="complaint_of_charity"),
                    models.Index(fields=["received_on"], name="complaint_received"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ComplaintStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("complaint", models.BigIntegerField()),
                ("did", models.CharField(max_length=10)),
                ("as_role", models.CharField(max_length=10)),
                ("by", models.UUIDField(null=True)),
                ("finding", models.CharField(default="", max_length=16)),
                ("hold", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["complaint", "id"], name="steps_of_complaint")],
            },
        ),
        migrations.CreateModel(
            name="ProjectHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project", models.CharField(max_length=40)),
                ("charity", models.CharField(max_length=40)),
                ("what", models.CharField(max_length=5)),
                ("cause", models.CharField(max_length=10)),
                ("reason", models.CharField(max_length=24)),
                ("words", models.CharField(max_length=400)),
                ("complaint", models.BigIntegerField(default=0)),
                ("lifts", models.BigIntegerField(null=True, unique=True)),
                ("by", models.UUIDField()),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["project", "-id"], name="hold_of_project")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cause__in", ["suspended", "taken-down"]),
                            models.Q(
                                models.Q(("decision", None), ("lifts", None), ("what", "place")),
                                models.Q(
                                    ("lifts__isnull", False), ("reason", "lifted"), ("what", "lift")
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="hold_is_placed_or_lifted",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportTaken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("export", models.BigIntegerField(db_index=True)),
                ("by", models.UUIDField()),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="RegulatorExport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("case_id", models.CharField(max_length=60)),
                ("authority", models.CharField(max_length=80)),
                ("complaint", models.BigIntegerField()),
                ("project", models.CharField(max_length=40)),
                ("by", models.UUIDField()),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="RegisterEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("register", models.CharField(max_length=10)),
                ("number", models.IntegerField()),
                ("version", models.SmallIntegerField()),
                ("title", models.CharField(max_length=120)),
                ("text", models.CharField(max_length=4000)),
                ("happened_on", models.DateField()),
                ("keep_until", models.DateField()),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("register", "number", "version"), name="register_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("register__in", ["incident", "assessment"])),
                        name="register_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FactsSeen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=16)),
                ("at", models.DateTimeField(auto_now=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "project"), name="facts_seen_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="HelpReferral",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("sealed", models.BinaryField(null=True)),
                ("taken_by", models.UUIDField(null=True)),
                ("taken_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0028_hold.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            (ROOMS / "oversight/sql/0028_oversight.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
