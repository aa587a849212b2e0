"""Targets at which a project stops, and the room under them."""

from pathlib import Path

from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0040_abuse"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="hard_target",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="TargetRoom",
            fields=[
                (
                    "project",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("room", models.BigIntegerField()),
                ("target", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("room__gte", 0)), name="target_room")
                ],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("project", models.CharField(max_length=40)),
                ("amount", models.BigIntegerField()),
                ("order_no", models.BigIntegerField(null=True, unique=True)),
                ("key", models.BigIntegerField(null=True)),
                ("until", models.DateTimeField()),
                ("lanes", models.JSONField(null=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["project", "until"],
                        name="reservation_runs",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="reservation_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("order_no__isnull", True), ("key__isnull", True), _connector="XOR"
                        ),
                        name="reservation_whose",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            (ROOMS / "projects/sql/0041_target_rooms.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
