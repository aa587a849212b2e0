"""Reports of the platform's running and of charities' whole years, as two decided them."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0033_residue"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlatformReport",
            fields=[
                ("decision", models.BigIntegerField(primary_key=True, serialize=False)),
                ("period", models.CharField(max_length=7)),
                ("version", models.SmallIntegerField()),
                ("figures", models.JSONField()),
                ("income", models.BigIntegerField()),
                ("cost", models.BigIntegerField()),
                ("words", models.CharField(max_length=2000)),
                ("correction", models.CharField(max_length=400)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("period", "version"), name="platform_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("correction", ""), ("version", 1)),
                            models.Q(
                                ("version__gt", 1),
                                models.Q(("correction", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="platform_correction_says_why",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "oversight/sql/0034_platform.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="YearFigures",
            fields=[
                ("decision", models.BigIntegerField(primary_key=True, serialize=False)),
                ("charity", models.CharField(max_length=40)),
                ("year", models.SmallIntegerField()),
                ("version", models.SmallIntegerField()),
                ("as_of", models.DateField()),
                ("income", models.BigIntegerField()),
                ("mean_income", models.BigIntegerField()),
                ("spent", models.BigIntegerField()),
                ("admin", models.BigIntegerField()),
                ("reason", models.CharField(max_length=1000)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("charity", "year", "version"), name="year_version_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "oversight/sql/0034_year.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
