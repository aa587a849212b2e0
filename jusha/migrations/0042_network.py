"""Tiers of charities and the networks of hubs."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0041_targets"),
    ]

    operations = [
        migrations.CreateModel(
            name="CharityStanding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("tier", models.CharField(max_length=10)),
                ("hub", models.CharField(max_length=40)),
                ("words", models.CharField(max_length=400)),
                ("begins", models.DateField()),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("tier__in", ["project", "backbone", "hub"])),
                        name="tier_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("hub", models.F("charity")), _negated=True),
                            models.Q(
                                ("hub", ""),
                                models.Q(("tier", "hub"), _negated=True),
                                _connector="OR",
                            ),
                        ),
                        name="network_one_level",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "charities/sql/0042_network.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
