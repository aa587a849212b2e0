"""Official accounts of charities, posts, who follows them; sponsors that are not taken."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0031_payees"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="theme",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.CreateModel(
            name="OfficialAccount",
            fields=[
                ("id", ID),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("intro", models.CharField(max_length=300)),
                ("uscc", models.CharField(max_length=18)),
                ("certificate", models.CharField(max_length=60)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", ID),
                ("charity", models.CharField(max_length=40)),
                ("number", models.IntegerField()),
                ("version", models.IntegerField()),
                ("title", models.CharField(max_length=80)),
                ("words", models.TextField()),
                ("words_en", models.TextField(blank=True)),
                (
                    "files",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("correction", models.CharField(blank=True, max_length=400)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("charity", "number", "version"), name="post_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("version", 1),
                            models.Q(
                                ("version__gt", 1), models.Q(("correction", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="post_correction_says_why",
                    ),
                ],
                "indexes": [models.Index(fields=["version", "at"], name="post_new")],
            },
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                ("id", ID),
                ("account", models.UUIDField()),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "charity"), name="follows_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SponsorBlock",
            fields=[
                ("id", ID),
                ("text", models.CharField(max_length=120)),
                ("how", models.CharField(max_length=4)),
                ("category", models.CharField(max_length=10)),
                ("words", models.CharField(max_length=400)),
                ("begins", models.DateField()),
                ("ends", models.DateField(null=True)),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("how__in", ["name", "word"])),
                        name="block_how_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category__in", ["tobacco", "connected", "law", "trust"])
                        ),
                        name="block_category_is_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "matching/sql/0032_blocks.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            (ROOMS / "stories/sql/0032_accounts.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
