"""Charities' bank accounts; lines of statements and results, and the money sent for them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0017_rail_lift"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(max_length=40, unique=True)),
                ("holder", models.CharField(max_length=80)),
                ("bank", models.CharField(max_length=80)),
                ("number", models.CharField(max_length=34, unique=True)),
                ("set_by", models.CharField(max_length=80)),
                ("second", models.CharField(max_length=80)),
                ("set_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="FileLine",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=40)),
                ("charity", models.CharField(max_length=40)),
                ("batch", models.CharField(max_length=64)),
                ("read", models.CharField(max_length=8)),
                ("amount", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["channel", "batch"], name="file_line_batch")],
            },
        ),
        migrations.CreateModel(
            name="Remittance",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=40)),
                ("batch", models.CharField(max_length=64)),
                ("amount", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("file_hash", models.CharField(max_length=64)),
            ],
            options={
                "indexes": [models.Index(fields=["channel", "batch"], name="remittance_batch")],
            },
        ),
    ]
