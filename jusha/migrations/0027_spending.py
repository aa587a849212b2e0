"""What money was spent on: expenses of the money lines, from the room's SQL."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0026_disclosure"),
    ]

    operations = [
        migrations.RunSQL(
            (ROOMS / "projects/sql/0027_spending.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="Expense",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("project", models.IntegerField()),
                ("line", models.SmallIntegerField()),
                ("start", models.BigIntegerField()),
                ("upto", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("skipped", models.BigIntegerField()),
                ("ref", models.TextField()),
                ("what", models.TextField()),
                ("words", models.BinaryField()),
                ("evidence", models.BinaryField()),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "projects_expense", "managed": False},
        ),
        migrations.CreateModel(
            name="ExpenseNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(db_index=True)),
                ("words", models.CharField(max_length=400)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0027_requests.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
