"""How much of what a channel drew its bills of a day were said to confirm."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0016_privacy"),
    ]

    operations = [
        migrations.CreateModel(
            name="RailLift",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "rail",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rail", models.CharField(max_length=16)),
                ("day", models.DateField()),
                ("lifted", models.BigIntegerField()),
            ],
        ),
    ]
