"""Decisions that take two persons, and an office that examines charities and filings."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0021_account_ends"),
    ]

    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("charity", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=60)),
                ("body", models.JSONField()),
                (
                    "evidence",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("proposed_by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="DecisionEnd",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("verdict", models.CharField(max_length=10)),
                ("words", models.CharField(blank=True, max_length=400)),
                ("ended_by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="DecisionKind",
            fields=[
                ("kind", models.CharField(max_length=20, primary_key=True, serialize=False)),
                (
                    "proposes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), size=None
                    ),
                ),
                (
                    "confirms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), size=None
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="officer",
            name="office_is_known",
        ),
        migrations.AddConstraint(
            model_name="officer",
            constraint=models.CheckConstraint(
                condition=models.Q(("office__in", ["operator", "finance", "reviewer", "auditor"])),
                name="office_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["kind", "subject"], name="decision_subject"),
        ),
        migrations.AddField(
            model_name="decisionend",
            name="decision",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="end",
                to="jusha.decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionend",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["confirmed", "declined", "withdrawn"])),
                name="verdict_is_known",
            ),
        ),
        migrations.RunSQL(
            (ROOMS / "people/sql/0022_decisions.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
