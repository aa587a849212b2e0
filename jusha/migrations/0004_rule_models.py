"""Django's knowledge of the tables that 0003_rules.py made: nothing runs in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0003_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rule",
                        "slice",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rule", models.IntegerField()),
                ("slice", models.BigIntegerField()),
                ("id", models.BigIntegerField()),
                ("project", models.IntegerField()),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "db_table": "matching_claim",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ClawBack",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("deed", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("reason", models.TextField()),
            ],
            options={
                "db_table": "matching_clawback",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Closing",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rule",
                        "slice",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rule", models.IntegerField()),
                ("slice", models.BigIntegerField()),
                ("total", models.BigIntegerField()),
                ("budget", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                ("remainder", models.BigIntegerField()),
                ("cut", models.BigIntegerField()),
                ("cursor", models.BigIntegerField()),
                ("paid", models.BigIntegerField()),
                ("done", models.BooleanField()),
            ],
            options={
                "db_table": "matching_closing",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Coupon",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rule",
                        "serial",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rule", models.IntegerField()),
                ("serial", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
            ],
            options={
                "db_table": "matching_coupon",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Invite",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "gift",
                        "person",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("gift", models.BigIntegerField()),
                ("person", models.UUIDField()),
                ("number", models.BigIntegerField()),
            ],
            options={
                "db_table": "matching_invite",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("pool", models.IntegerField()),
                ("project", models.IntegerField()),
                ("amount", models.BigIntegerField()),
                ("programme_at", models.BigIntegerField()),
                ("running_at", models.BigIntegerField()),
            ],
            options={
                "db_table": "matching_release",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Seed",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rule", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("rule", models.IntegerField()),
                ("day", models.IntegerField()),
                ("hash", models.BinaryField()),
                ("number", models.BigIntegerField()),
                ("revealed", models.BigIntegerField()),
            ],
            options={
                "db_table": "matching_seed",
                "managed": False,
            },
        ),
    ]
