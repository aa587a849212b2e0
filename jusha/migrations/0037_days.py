"""Giving days: venues and lineage, promises, the pact, who takes part, scenes, reports."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0036_attribution"),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignWords",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campaign", models.CharField(db_index=True, max_length=40)),
                ("page", models.JSONField()),
                ("written_by", models.UUIDField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="DayReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campaign", models.CharField(db_index=True, max_length=40)),
                ("figures", models.JSONField()),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Exclusion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("begins", models.DateField()),
                ("ends", models.DateField()),
                ("words", models.CharField(max_length=400)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Pact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.IntegerField(unique=True)),
                ("words_zh", models.TextField()),
                ("words_en", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="PactSignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(max_length=40)),
                ("version", models.IntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("role", models.CharField(max_length=12)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Participation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(max_length=40)),
                ("campaign", models.CharField(db_index=True, max_length=40)),
                (
                    "projects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                ("version", models.IntegerField()),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="PoolPromise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pool", models.CharField(db_index=True, max_length=40)),
                ("campaign", models.CharField(db_index=True, max_length=40)),
                ("sponsor", models.CharField(max_length=120)),
                ("amount", models.BigIntegerField()),
                ("how", models.CharField(max_length=8)),
                ("due_on", models.DateField()),
                ("evidence", models.CharField(max_length=64)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Scene",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=40, unique=True)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=12)),
                ("owner", models.CharField(max_length=80)),
                ("begins", models.DateField()),
                ("ends", models.DateField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="campaign",
            name="anchor",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="campaign",
            name="closes",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="colour",
            field=models.CharField(db_default="cinnabar", default="cinnabar", max_length=12),
        ),
        migrations.AddField(
            model_name="campaign",
            name="is_rehearsal",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="campaign",
            name="opens",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="parent",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="campaign",
            name="predecessor",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closes__isnull", True), ("opens__isnull", True)),
                    ("opens__lt", models.F("closes")),
                    _connector="OR",
                ),
                name="campaign_opens_before_it_closes",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("colour__in", ("cinnabar", "jade", "amber", "sand"))),
                name="campaign_colour_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusion",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends__gt", models.F("begins"))), name="exclusion_ends"
            ),
        ),
        migrations.AddConstraint(
            model_name="pactsignature",
            constraint=models.UniqueConstraint(
                fields=("charity", "version"), name="pact_signed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="poolpromise",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    ("how__in", ["secured", "trusted"]),
                    models.Q(("evidence", ""), _negated=True),
                ),
                name="promise_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="scene",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends__isnull", True), ("ends__gt", models.F("begins")), _connector="OR"
                ),
                name="scene_ends_after_it_begins",
            ),
        ),
        migrations.RunSQL(
            (ROOMS / "campaigns/sql/0037_days.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
