"""Files belong to who handed them in; papers of expenses that donors see; each freeze its own."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0034_reports"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["charity", "at"], name="upload_of_charity"),
        ),
        migrations.AddField(
            model_name="uploadshown",
            name="charity",
            field=models.CharField(default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="uploadshown",
            name="project",
            field=models.CharField(default="", max_length=40),
        ),
        migrations.CreateModel(
            name="ExpensePaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("charity", models.CharField(max_length=40)),
                ("sha256", models.CharField(max_length=64)),
                ("original", models.BooleanField()),
                ("shown", models.BooleanField()),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["number", "sha256", "-id"], name="paper_of_expense")
                ],
            },
        ),
        migrations.CreateModel(
            name="ComplaintErased",
            fields=[
                ("complaint", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunSQL(
            (ROOMS / "uploads/sql/0035_guard.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0035_papers.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0035_own.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            (ROOMS / "people/sql/0035_search_path.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
