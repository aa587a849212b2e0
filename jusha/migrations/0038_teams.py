"""Teams, companies, and what was given through them."""

from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0037_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="Company",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=30, unique=True)),
                ("name_zh", models.CharField(max_length=120)),
                ("name_en", models.CharField(blank=True, max_length=160)),
                ("uscc", models.CharField(max_length=18, unique=True)),
                ("intro", models.CharField(max_length=300)),
                (
                    "capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), default=list, size=None
                    ),
                ),
                ("domain", models.CharField(blank=True, max_length=80)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="CompanyApplication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account", models.UUIDField(db_index=True)),
                ("code", models.CharField(max_length=30)),
                ("name_zh", models.CharField(max_length=120)),
                ("name_en", models.CharField(blank=True, max_length=160)),
                ("uscc", models.CharField(max_length=18)),
                ("intro", models.CharField(max_length=300)),
                (
                    "capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), default=list, size=None
                    ),
                ),
                ("domain", models.CharField(blank=True, max_length=80)),
                ("registration", models.CharField(max_length=64)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="CompanyCode",
            fields=[
                ("company", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=10)),
                ("at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="CompanyContact",
            fields=[
                ("application", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="CompanyReturn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("application", models.BigIntegerField(unique=True)),
                ("words", models.CharField(max_length=400)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="TeamCursor",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="CompanyMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company", models.CharField(db_index=True, max_length=30)),
                ("account_id", models.UUIDField()),
                ("role", models.CharField(max_length=16)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("company", "account_id"), name="speaks_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role", "representative")), name="company_role_is_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CompanyPledge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company", models.CharField(db_index=True, max_length=30)),
                ("text", models.CharField(max_length=400)),
                ("amount", models.BigIntegerField()),
                ("signed_on", models.DateField()),
                ("due_on", models.DateField()),
                ("file", models.CharField(max_length=64)),
                ("paid_before", models.BigIntegerField()),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0), ("due_on__gte", models.F("signed_on"))
                        ),
                        name="pledge_of_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CompanyPool",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company", models.CharField(db_index=True, max_length=30)),
                ("pool", models.CharField(db_index=True, max_length=40)),
                ("campaign", models.CharField(max_length=40)),
                ("purpose", models.CharField(max_length=8)),
                ("about", models.CharField(max_length=80)),
                ("amount", models.BigIntegerField()),
                ("how", models.CharField(max_length=8)),
                ("declared", models.CharField(blank=True, max_length=400)),
                ("decision", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            ("how__in", ["secured", "trusted"]),
                            ("purpose__in", ["project", "people", "place"]),
                        ),
                        name="company_pool_of_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CompanyProject",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company", models.CharField(max_length=30)),
                ("project", models.CharField(max_length=40)),
                ("suggested_by", models.UUIDField(null=True)),
                ("state", models.CharField(default="waiting", max_length=10)),
                ("answered_by", models.UUIDField(null=True)),
                ("declared", models.CharField(blank=True, max_length=400)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("company", "project"), name="suggested_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "approved", "declined"]),
                            models.Q(
                                ("state", "waiting"),
                                ("answered_at__isnull", False),
                                _connector="XOR",
                            ),
                        ),
                        name="suggestion_is_answered",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Employee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company", models.CharField(max_length=30)),
                ("account", models.UUIDField(db_index=True)),
                ("how", models.CharField(max_length=4)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("company", "account"), name="employed_once"),
                    models.CheckConstraint(
                        condition=models.Q(("how__in", ["mail", "code"])), name="employee_came_so"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=40, unique=True)),
                ("kind", models.CharField(max_length=8)),
                ("title", models.CharField(max_length=30)),
                ("story", models.CharField(max_length=1000)),
                ("figure", models.CharField(blank=True, max_length=40)),
                ("project", models.CharField(db_index=True, max_length=40)),
                ("company", models.CharField(blank=True, db_index=True, max_length=40)),
                ("target", models.BigIntegerField()),
                (
                    "above",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("captain", models.UUIDField(db_index=True, null=True)),
                ("handover", models.CharField(blank=True, max_length=10)),
                ("state", models.CharField(default="open", max_length=8)),
                ("opened_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "project", "-id"], name="teams_of_project"),
                    django.contrib.postgres.indexes.GinIndex(fields=["above"], name="teams_above"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["friends", "class", "company", "fans"]),
                            ("state__in", ["open", "closed", "down"]),
                        ),
                        name="team_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("target__gte", 100), ("target__lte", 100000000)),
                        name="team_target_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("above__len__lte", 2)), name="team_is_not_deep"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "closed"), ("closed_at", None), _connector="XOR"
                        ),
                        name="team_closed_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamDuel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("one", models.CharField(max_length=40)),
                ("other", models.CharField(db_index=True, max_length=40)),
                ("proposed_at", models.DateTimeField(auto_now_add=True)),
                ("agreed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("one", "other"), name="one_duel_a_pair"),
                    models.CheckConstraint(
                        condition=models.Q(("one", models.F("other")), _negated=True),
                        name="duel_takes_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamGiver",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "scope",
                        "code",
                        "person",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("scope", models.CharField(max_length=1)),
                ("code", models.CharField(max_length=40)),
                ("person", models.UUIDField()),
                ("given", models.BigIntegerField()),
                ("refunded", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("refunded__lte", models.F("given"))),
                        name="team_giver_adds_up",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("team", models.CharField(max_length=40)),
                ("account", models.UUIDField(db_index=True)),
                ("token", models.CharField(max_length=10, unique=True)),
                ("came_by", models.BigIntegerField(default=0)),
                ("depth", models.SmallIntegerField(default=0)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["team", "depth"], name="depths_of_team"),
                    models.Index(fields=["came_by"], name="came_by_member"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "account"), name="once_in_a_team"),
                    models.CheckConstraint(
                        condition=models.Q(("depth__gte", 0), ("depth__lte", 999)),
                        name="invited_so_deep",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("team", models.CharField(max_length=40)),
                ("did", models.CharField(max_length=8)),
                ("by", models.UUIDField(null=True)),
                ("words", models.CharField(blank=True, max_length=400)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["team", "id"], name="steps_of_team")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("did__in", ["opened", "handed", "closed", "down", "up"])
                        ),
                        name="team_step_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "scope",
                        "code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("scope", models.CharField(max_length=1)),
                ("code", models.CharField(max_length=40)),
                ("gifts", models.BigIntegerField()),
                ("given", models.BigIntegerField()),
                ("refunded", models.BigIntegerField()),
                ("persons", models.BigIntegerField()),
                (
                    "recent",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("persons__gte", 0), ("refunded__lte", models.F("given"))
                        ),
                        name="team_total_adds_up",
                    )
                ],
            },
        ),
        migrations.RunSQL((ROOMS / "teams/sql/0038_teams.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(
            (ROOMS / "teams/sql/0038_companies.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
