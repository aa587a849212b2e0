"""To be filled."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("jusha", "0036_attribution"),
    ]

    operations = []
