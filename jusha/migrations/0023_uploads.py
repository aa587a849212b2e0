"""Files that people hand in, and which of them the public may see; neither is ever changed."""

from django.db import migrations, models

LOCK = """
SELECT jusha_append_only(name) FROM unnest(ARRAY['jusha_upload', 'jusha_uploadshown']) AS name
"""


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0022_decisions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=8)),
                ("bytes", models.IntegerField()),
                ("name", models.CharField(max_length=100)),
                ("by", models.UUIDField()),
                ("charity", models.CharField(blank=True, max_length=40)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="UploadShown",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("where", models.CharField(max_length=80)),
                ("shown", models.BooleanField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.UniqueConstraint(
                fields=("sha256", "charity", "by"), name="handed_in_once"
            ),
        ),
        migrations.AddIndex(
            model_name="uploadshown",
            index=models.Index(fields=["sha256", "where", "-id"], name="upload_shown_where"),
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
    ]
