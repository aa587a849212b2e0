"""Charities come by pages: applications, admissions, partners, and rows that two decided."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0029_finding"),
    ]

    operations = [
        migrations.CreateModel(
            name="Application",
            fields=[
                ("id", ID),
                ("account", models.UUIDField(db_index=True)),
                ("code", models.CharField(max_length=40)),
                ("kind", models.CharField(max_length=12)),
                ("raises", models.BooleanField()),
                ("name_zh", models.CharField(max_length=120)),
                ("name_en", models.CharField(max_length=160)),
                ("uscc", models.CharField(max_length=18)),
                ("address_zh", models.CharField(max_length=200)),
                ("address_en", models.CharField(max_length=200)),
                ("phone", models.CharField(max_length=40)),
                ("contact", models.CharField(max_length=40)),
                ("registration", models.CharField(max_length=64)),
                ("number", models.CharField(blank=True, max_length=60)),
                ("issuer", models.CharField(blank=True, max_length=80)),
                ("valid_from", models.DateField(null=True)),
                ("valid_until", models.DateField(null=True)),
                ("evidence", models.CharField(blank=True, max_length=64)),
                ("policy", models.SmallIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["foundation", "association", "service"]),
                        name="organisation_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApplicationReturn",
            fields=[
                ("id", ID),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="returned",
                        to="jusha.application",
                    ),
                ),
                ("words", models.CharField(max_length=400)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Admission",
            fields=[
                ("id", ID),
                ("charity", models.CharField(max_length=40, unique=True)),
                ("uscc", models.CharField(max_length=18, unique=True)),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="admission",
                        to="jusha.application",
                    ),
                ),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", ID),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("name", models.CharField(max_length=120)),
                ("uscc", models.CharField(max_length=18)),
                ("evaluation", models.CharField(max_length=64)),
                ("agreement", models.CharField(max_length=64)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField()),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(valid_until__gte=models.F("valid_from")),
                        name="partner_days_in_order",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="charity",
            name="kind",
            field=models.CharField(blank=True, db_default="", default="", max_length=12),
        ),
        migrations.AddField(
            model_name="certificate",
            name="decision",
            field=models.BigIntegerField(null=True, unique=True),
        ),
        migrations.AddField(
            model_name="member",
            name="decision",
            field=models.BigIntegerField(null=True, unique=True),
        ),
        migrations.RunSQL(
            (ROOMS / "charities/sql/0030_onboarding.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
