"""What has to be published, by when, and what was."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0025_filing"),
    ]

    operations = [
        migrations.CreateModel(
            name="DisclosureDraft",
            fields=[
                ("key", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("title", models.CharField(blank=True, max_length=80)),
                ("words", models.TextField(blank=True)),
                ("words_en", models.TextField(blank=True)),
                (
                    "files",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("figures", models.JSONField(null=True)),
                ("by", models.UUIDField(null=True)),
                ("at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=120)),
                ("charity", models.CharField(max_length=40)),
                ("project", models.CharField(blank=True, max_length=40)),
                ("kind", models.CharField(max_length=10)),
                ("place", models.IntegerField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField()),
                ("due_on", models.DateField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["key", "-id"], name="disclosure_key"),
                    models.Index(fields=["project", "key"], name="disclosure_project"),
                    models.Index(fields=["due_on"], name="disclosure_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisclosurePaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=120)),
                ("version", models.IntegerField()),
                ("charity", models.CharField(max_length=40)),
                ("project", models.CharField(blank=True, max_length=40)),
                ("kind", models.CharField(max_length=10)),
                ("title", models.CharField(max_length=80)),
                ("words", models.TextField()),
                ("words_en", models.TextField(blank=True)),
                (
                    "files",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("figures", models.JSONField(null=True)),
                ("correction", models.CharField(blank=True, max_length=400)),
                ("by", models.UUIDField()),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["project", "-id"], name="paper_of_project")],
                "constraints": [
                    models.UniqueConstraint(fields=("key", "version"), name="paper_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("version", 1),
                            models.Q(
                                ("version__gt", 1), models.Q(("correction", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="paper_correction_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "progress",
                                    "final",
                                    "leftover",
                                    "partner",
                                    "emergency",
                                    "annual",
                                    "post",
                                ],
                            )
                        ),
                        name="paper_kind_is_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0026_disclosure.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
