"""Refunds that no rail delivers, paid by hand; what failed is found without reading the rest."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0018_file_payments"),
    ]

    operations = [
        migrations.CreateModel(
            name="HandPaid",
            fields=[
                ("refund", models.BigIntegerField(primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=64)),
                ("paid_on", models.DateField()),
                ("proposed_by", models.CharField(max_length=80)),
                ("proposed_at", models.DateTimeField()),
                ("confirmed_by", models.CharField(default="", max_length=80)),
                ("confirmed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(confirmed_by=models.F("proposed_by")),
                        name="paid_by_hand_takes_two",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(condition=~models.Q(told=""), fields=["id"], name="receipt_refused"),
        ),
        migrations.AddIndex(
            model_name="sending",
            index=models.Index(
                condition=models.Q(state="failed"), fields=["refund"], name="sending_failed"
            ),
        ),
    ]
