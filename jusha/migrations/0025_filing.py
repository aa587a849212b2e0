"""Plans, filings and the life of projects."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0024_law"),
    ]

    operations = [
        migrations.CreateModel(
            name="Filing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(max_length=40)),
                ("project", models.CharField(max_length=40)),
                ("number", models.CharField(blank=True, max_length=40)),
                ("filed_on", models.DateField(null=True)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("emergency", models.BooleanField(default=False)),
                ("plan", models.IntegerField(default=0)),
                ("evidence", models.CharField(blank=True, max_length=64)),
                ("set_by", models.CharField(max_length=80)),
                ("second", models.CharField(max_length=80)),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("set_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["project", "-id"], name="filing_project"),
                    models.Index(fields=["number"], name="filing_number"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(set_by=models.F("second")), name="filing_takes_two"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(ends_on__gte=models.F("starts_on")),
                        name="filing_ends_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(emergency=True)
                        | (~models.Q(number="") & models.Q(filed_on__lt=models.F("starts_on"))),
                        name="filing_comes_first",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="project",
            name="parent",
            field=models.CharField(blank=True, db_index=True, default="", max_length=40),
        ),
        migrations.CreateModel(
            name="ProjectPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(max_length=40)),
                ("project", models.CharField(max_length=40)),
                ("version", models.IntegerField()),
                ("content", models.JSONField()),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["project", "version"], name="one_plan_a_version"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProjectDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("project", models.CharField(max_length=40, unique=True)),
                ("version", models.IntegerField(default=1)),
                ("fields", models.JSONField(default=dict)),
                ("edition", models.IntegerField(default=1)),
                ("evidence", models.CharField(blank=True, max_length=64)),
                ("begun_by", models.UUIDField()),
                ("begun_at", models.DateTimeField(auto_now_add=True)),
                ("saved_by", models.UUIDField()),
                ("saved_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="ProjectEnd",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(max_length=40)),
                ("project", models.CharField(max_length=40, unique=True)),
                ("leftover", models.CharField(max_length=20)),
                ("words", models.CharField(max_length=400)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0025_filing.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
