"""Keys of donors, consents, and what was erased."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0015_notices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.UUIDField(null=True)),
                ("kind", models.CharField(max_length=24)),
                ("version", models.SmallIntegerField()),
                ("given", models.BooleanField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="DonorKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("account", models.UUIDField(null=True, unique=True)),
                ("words", models.BinaryField(null=True)),
                ("receipts", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("erased_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("done_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name="opening",
            name="donor",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="prepared",
            name="donor",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="receiptpayer",
            name="donor",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="receiptpayer",
            name="kept_until",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="refundwords",
            name="donor",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="opening",
            index=models.Index(
                condition=models.Q(("donor__isnull", False)),
                fields=["donor"],
                name="openings_of_donor",
            ),
        ),
        migrations.AddIndex(
            model_name="receiptpayer",
            index=models.Index(
                condition=models.Q(("kept_until__isnull", False)),
                fields=["kept_until"],
                name="payers_let_go",
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["subject", "kind", "-id"], name="consents_of_subject"),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["kind", "subject", "-id"], name="consents_of_kind"),
        ),
        migrations.RunSQL(
            (ROOMS / "people/sql/0016_privacy.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
