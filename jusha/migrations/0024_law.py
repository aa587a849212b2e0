"""Figures of the law by date; the first of them from law/rules.toml."""

from pathlib import Path
from typing import Any

from django.db import migrations, models

from jusha.law.rules import read_table

ROOMS = Path(__file__).resolve().parent.parent


def write_figures(apps: Any, _editor: object) -> None:
    """Write the figures that the house knew when this table began."""
    rule = apps.get_model("jusha", "LawRule")
    rule.objects.bulk_create(
        rule(**{key: value for key, value in row._asdict().items() if key != "place"})
        for row in read_table((ROOMS / "law/rules.toml").read_text("utf-8"))
    )


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0023_uploads"),
    ]

    operations = [
        migrations.CreateModel(
            name="LawRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=48)),
                ("article", models.CharField(max_length=24)),
                ("name_zh", models.CharField(max_length=120)),
                ("name_en", models.CharField(max_length=200)),
                ("value", models.BigIntegerField()),
                ("unit", models.CharField(max_length=16)),
                ("begins", models.DateField()),
                ("ends", models.DateField(null=True)),
                ("source", models.CharField(max_length=300)),
                ("sure", models.CharField(max_length=1)),
                ("decision", models.BigIntegerField(null=True, unique=True)),
                ("set_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["rule", "begins", "id"], name="law_rule_begins")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value__gte", 0)), name="law_is_no_debt"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "unit__in",
                                [
                                    "days",
                                    "working-days",
                                    "months",
                                    "years",
                                    "month-of-year",
                                    "day-of-month",
                                    "permille",
                                    "fen",
                                    "organisations",
                                    "times",
                                    "grade",
                                ],
                            )
                        ),
                        name="law_unit_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sure__in", ["V", "S", "M", "N", "H"])),
                        name="law_sure_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends__isnull", True),
                            ("ends__gt", models.F("begins")),
                            _connector="OR",
                        ),
                        name="law_ends_later",
                    ),
                ],
            },
        ),
        migrations.RunPython(write_figures, migrations.RunPython.noop),
        migrations.RunSQL((ROOMS / "law/sql/0024_law.sql").read_text(), migrations.RunSQL.noop),
    ]
