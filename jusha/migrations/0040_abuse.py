"""Rules against abuse of matches, what they found, what was decided; a gift's match held."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0039_live"),
    ]

    operations = [
        migrations.RunSQL(
            (ROOMS / "matching/sql/0040_review.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("deed", models.BigIntegerField()),
                ("project", models.IntegerField()),
                ("held", models.BooleanField()),
                ("reason", models.TextField()),
            ],
            options={
                "db_table": "matching_review",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="AbuseCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=12)),
                ("version", models.SmallIntegerField()),
                ("subject", models.UUIDField()),
                ("campaign", models.CharField(max_length=40)),
                ("project", models.CharField(max_length=40)),
                ("score", models.IntegerField()),
                ("inputs", models.JSONField()),
                ("due_on", models.DateField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="AbuseGift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("deed", models.BigIntegerField(db_index=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="GuardRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=12)),
                ("version", models.SmallIntegerField()),
                ("terms", models.JSONField()),
                ("begins", models.DateField()),
                ("words", models.CharField(max_length=400)),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="GuardSlice",
            fields=[
                ("upto", models.BigIntegerField(primary_key=True, serialize=False)),
                ("until", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="GuardTrace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("kind", models.SmallIntegerField()),
                ("link", models.UUIDField()),
                ("deed", models.BigIntegerField()),
                ("who", models.UUIDField()),
                ("campaign", models.IntegerField()),
                ("project", models.IntegerField()),
                ("amount", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="OrderDevice",
            fields=[
                ("order_no", models.BigIntegerField(primary_key=True, serialize=False)),
                ("device", models.UUIDField()),
                ("day", models.DateField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="AbuseEnd",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="end",
                        serialize=False,
                        to="jusha.abusecase",
                    ),
                ),
                ("verdict", models.CharField(max_length=8)),
                ("words", models.CharField(max_length=400)),
                ("by", models.UUIDField()),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="abusecase",
            index=models.Index(fields=["rule", "subject"], name="abuse_of_subject"),
        ),
        migrations.AddField(
            model_name="abusegift",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gifts",
                to="jusha.abusecase",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardrule",
            constraint=models.UniqueConstraint(
                fields=("rule", "version"), name="guard_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="guardrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rule__in", ["rapid", "shared", "reimbursed", "own", "ring", "quota"])
                ),
                name="guard_rule_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="guardtrace",
            index=models.Index(fields=["kind", "link"], name="guard_trace_link"),
        ),
        migrations.AddIndex(
            model_name="guardtrace",
            index=models.Index(fields=["number"], name="guard_trace_number"),
        ),
        migrations.AddConstraint(
            model_name="abuseend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision", None), ("verdict", "let")),
                    models.Q(("decision__isnull", False), ("verdict", "clawed")),
                    _connector="OR",
                ),
                name="abuse_claw_takes_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="abuseend",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["let", "clawed"])),
                name="abuse_verdict_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="abusegift",
            constraint=models.UniqueConstraint(fields=("case", "deed"), name="abuse_gift_once"),
        ),
        migrations.RunSQL(
            (ROOMS / "guarding/sql/0040_guarding.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
