"""Where money is paid to is a history, and a change of it two persons' decision with a delay."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

ROOMS = Path(__file__).resolve().parent.parent
NOW = django.db.models.functions.datetime.Now()
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0030_onboarding"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="merchant", name="one_merchant_a_charity"),
        migrations.RemoveConstraint(model_name="merchant", name="one_charity_a_merchant"),
        migrations.RemoveConstraint(model_name="bankaccount", name="one_account_a_charity"),
        migrations.RemoveConstraint(model_name="bankaccount", name="one_charity_an_account"),
        migrations.RemoveConstraint(model_name="railbill", name="one_bill_a_day"),
        migrations.AddField(
            model_name="merchant",
            name="holder",
            field=models.CharField(db_default="", default="", max_length=120),
        ),
        migrations.AddField(
            model_name="merchant", name="since", field=models.DateTimeField(db_default=NOW)
        ),
        migrations.AddField(
            model_name="merchant",
            name="decision",
            field=models.BigIntegerField(null=True, unique=True),
        ),
        migrations.AlterField(
            model_name="merchant",
            name="sealed_token",
            field=models.BinaryField(db_default=b"", default=b""),
        ),
        migrations.AlterField(
            model_name="bankaccount", name="holder", field=models.CharField(max_length=120)
        ),
        migrations.AddField(
            model_name="bankaccount", name="since", field=models.DateTimeField(db_default=NOW)
        ),
        migrations.AddField(
            model_name="bankaccount",
            name="decision",
            field=models.BigIntegerField(null=True, unique=True),
        ),
        # What stood before was published when it was set, not when this column came.
        migrations.RunSQL(
            "UPDATE jusha_merchant SET since = set_at;"
            " UPDATE jusha_bankaccount SET since = set_at;",
            migrations.RunSQL.noop,
        ),
        migrations.AddField(
            model_name="railbill",
            name="merchant",
            field=models.CharField(db_default="", default="", max_length=64),
        ),
        migrations.CreateModel(
            name="PayeeStop",
            fields=[
                ("id", ID),
                ("decision", models.BigIntegerField(unique=True)),
                ("by", models.UUIDField()),
                ("words", models.CharField(max_length=400)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name="railbill",
            constraint=models.UniqueConstraint(
                fields=("rail", "day", "payee", "merchant"), name="one_bill_a_day"
            ),
        ),
        migrations.AddIndex(
            model_name="merchant",
            index=models.Index(fields=["rail", "charity", "since"], name="merchant_of"),
        ),
        migrations.AddIndex(
            model_name="merchant",
            index=models.Index(fields=["rail", "merchant"], name="merchant_whose"),
        ),
        migrations.AddIndex(
            model_name="bankaccount",
            index=models.Index(fields=["charity", "since"], name="account_of"),
        ),
        migrations.AddIndex(
            model_name="bankaccount",
            index=models.Index(fields=["number"], name="account_whose"),
        ),
        migrations.RunSQL(
            (ROOMS / "payments/sql/0031_payees.sql").read_text(), migrations.RunSQL.noop
        ),
    ]
