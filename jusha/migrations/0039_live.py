"""Rankings as they are added up, and names that may be shown; both told by the board."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0038_teams"),
    ]

    operations = [
        migrations.CreateModel(
            name="RankSeen",
            fields=[
                ("key", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                "db_table": "jusha_rankseen",
            },
        ),
        migrations.CreateModel(
            name="WallWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.CharField(max_length=40, unique=True)),
                ("set_by", models.CharField(max_length=80)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "jusha_wallword",
            },
        ),
        migrations.CreateModel(
            name="RankCursor",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "jusha_rankcursor",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1), ("number__gte", 0)), name="rankcursor_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RankSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "campaign",
                        "kind",
                        "code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("campaign", models.IntegerField()),
                ("kind", models.SmallIntegerField()),
                ("code", models.CharField(max_length=40)),
                ("gifts", models.BigIntegerField()),
                ("persons", models.BigIntegerField()),
                ("donated", models.BigIntegerField()),
                ("refunded", models.BigIntegerField()),
            ],
            options={
                "db_table": "jusha_ranksum",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("donated__gte", 0),
                            ("gifts__gte", 0),
                            ("persons__gte", 0),
                            ("persons__lte", models.F("gifts")),
                            ("refunded__gte", 0),
                            ("refunded__lte", models.F("donated")),
                        ),
                        name="ranksum_sane",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WallCursor",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
            options={
                "db_table": "jusha_wallcursor",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1), ("number__gte", 0)), name="wallcursor_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WallWish",
            fields=[
                ("order_no", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "jusha_wallwish",
            },
        ),
        migrations.CreateModel(
            name="WallName",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("campaign", models.IntegerField()),
                ("order_no", models.BigIntegerField(unique=True)),
                ("name", models.CharField(max_length=20)),
                ("key", models.CharField(db_collation="C", max_length=80)),
                ("state", models.SmallIntegerField()),
                ("reported", models.CharField(blank=True, max_length=200)),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "jusha_wallname",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", 0)),
                        fields=["campaign", "key", "number"],
                        name="wallname_found",
                    ),
                    models.Index(
                        condition=models.Q(("state", 0)),
                        fields=["campaign", "-number"],
                        name="wallname_newest",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", [1, 2])),
                        fields=["number"],
                        name="wallname_waiting",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "campaigns/live/sql/0039_live.sql").read_text(),
            "DROP FUNCTION jusha_cursor_goes_on, jusha_wallname_stays CASCADE",
        ),
    ]
