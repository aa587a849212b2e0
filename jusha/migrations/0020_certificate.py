"""By which certificate a charity raises money in public; rows are never changed."""

from django.db import migrations, models

LOCK = "SELECT jusha_append_only('jusha_certificate')"


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0019_paid_by_hand"),
    ]

    operations = [
        migrations.CreateModel(
            name="Certificate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("charity", models.CharField(db_index=True, max_length=40)),
                ("number", models.CharField(max_length=60)),
                ("issuer", models.CharField(max_length=80)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField()),
                ("evidence", models.CharField(max_length=64)),
                ("set_by", models.CharField(max_length=80)),
                ("second", models.CharField(max_length=80)),
                ("set_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(set_by=models.F("second")), name="certificate_takes_two"
                    )
                ],
            },
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
    ]
