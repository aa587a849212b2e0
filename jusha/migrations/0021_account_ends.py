"""Accounts end and stay known; lines are found by time; what no rail takes back is kept too."""

from django.db import migrations, models

NOT_ENDED = models.Q(ended_at__isnull=True)


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0020_certificate"),
    ]

    operations = [
        migrations.AddField(
            model_name="bankaccount",
            name="ended_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="bankaccount",
            name="charity",
            field=models.CharField(max_length=40),
        ),
        migrations.AlterField(
            model_name="bankaccount",
            name="number",
            field=models.CharField(max_length=34),
        ),
        migrations.AlterField(
            model_name="bankaccount",
            name="set_at",
            field=models.DateTimeField(auto_now_add=True),
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                fields=["charity"], name="one_account_a_charity", condition=NOT_ENDED
            ),
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                fields=["number"], name="one_charity_an_account", condition=NOT_ENDED
            ),
        ),
        migrations.AlterField(  # the gifts' channel, where no rail sends it
            model_name="sending",
            name="rail",
            field=models.CharField(max_length=40),
        ),
        migrations.AddIndex(
            model_name="fileline",
            index=models.Index(fields=["at"], name="file_line_at"),
        ),
    ]
