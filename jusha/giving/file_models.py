"""What is kept of files: lines that went into the inbox, and money that was sent for batches."""

from typing import ClassVar

from django.db import models


class FileLine(models.Model):
    """A line of a bank's statement or of a partner's results, as it went into the inbox.

    It names nobody: `key` is the deed's keyed name. What settlement made of it stands in
    giving_seen under that key. Amounts in fen.
    """

    key = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=40)
    charity = models.CharField(max_length=40)
    """Whose account it came to; empty where the project says it, or nobody is known."""
    batch = models.CharField(max_length=64)
    """The partner's batch; empty for transfers."""
    read = models.CharField(max_length=8)
    """What its reference was: found, none, mistyped or several; empty for results."""
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["channel", "batch"], name="file_line_batch"),
            models.Index(fields=["at"], name="file_line_at"),
        ]

    def __str__(self) -> str:
        """Name the channel and the batch."""
        return f"{self.channel} {self.batch}".strip()


class Remittance(models.Model):
    """Money that a partner sent for one batch of results, in fen; a batch may come in parts."""

    key = models.UUIDField(primary_key=True)
    """Keyed name of the channel and of the transfer as the file names it."""
    channel = models.CharField(max_length=40)
    batch = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    at = models.DateTimeField()
    file_hash = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["channel", "batch"], name="remittance_batch")]

    def __str__(self) -> str:
        """Name the channel and the batch."""
        return f"{self.channel} {self.batch}"
