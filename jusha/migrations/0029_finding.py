"""Finding projects and charities: words, what changed, the order of a day."""

from pathlib import Path

import django.contrib.postgres.search
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0028_oversight"),
    ]

    operations = [
        migrations.CreateModel(
            name="Findable",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.SmallIntegerField()),
                ("code", models.CharField(max_length=40)),
                ("charity", models.CharField(max_length=40)),
                ("theme", models.CharField(max_length=40)),
                ("region", models.CharField(max_length=40)),
                ("ends_on", models.DateField(null=True)),
                ("takes", models.BooleanField(default=False)),
                ("reached", models.BooleanField(default=False)),
                ("head", django.contrib.postgres.search.SearchVectorField()),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["kind", "charity"], name="findable_charity"),
                    models.Index(fields=["kind", "theme"], name="findable_theme"),
                    models.Index(fields=["kind", "region"], name="findable_region"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "code"), name="findable_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FindDue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.SmallIntegerField()),
                ("code", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="FindVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="FindPlace",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "kind",
                        "place",
                        "found",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("kind", models.SmallIntegerField()),
                ("place", models.BigIntegerField()),
                ("found", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "found"), name="one_place_a_day")
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "finding/sql/0029_finding.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
