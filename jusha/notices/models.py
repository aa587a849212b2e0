"""Messages, broadcasts, and how far the log was told."""

from typing import ClassVar

from django.db import models


class Message(models.Model):
    """One message to one account; `about` and `kind` make it one, however often it is told."""

    account = models.UUIDField()
    kind = models.CharField(max_length=24)
    about = models.BigIntegerField()
    """Number of the entry it is about; of a broadcast, its id."""
    facts = models.JSONField(default=dict)
    """Amounts, codes and numbers that its words need; never a person's data."""
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)
    mail_at = models.DateTimeField(null=True)
    """When a letter is due; null: none, or it has left."""
    mail_tries = models.SmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "kind", "about"], name="told_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="message_of"),
            models.Index(
                fields=["mail_at"], name="message_mail", condition=models.Q(mail_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        """Name the kind and what it is about."""
        return f"{self.kind} {self.about}"


class Broadcast(models.Model):
    """What a charity tells the donors of a project: written by one, sent by another person."""

    charity = models.CharField(max_length=40)
    project = models.CharField(max_length=40)
    text = models.CharField(max_length=500)
    by = models.CharField(max_length=80)
    second = models.CharField(max_length=80, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    count = models.IntegerField(default=0)

    def __str__(self) -> str:
        """Name the project."""
        return f"{self.project} {self.pk}"


class Told(models.Model):
    """How far the log was told: the number behind the last entry, by teller."""

    teller = models.CharField(max_length=24, primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        """Name the teller."""
        return self.teller
