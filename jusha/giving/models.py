"""Tables of deeds, cases and refunds. Written by settlement alone, but for Import."""

from django.db import models


class Deed(models.Model):
    """One act as it was settled, never edited; its number is its leaf's place in the log.

    `held` deeds are money in a channel's suspense account, waiting for a case.
    """

    number = models.BigIntegerField(primary_key=True)
    channel = models.SmallIntegerField()
    campaign = models.IntegerField()
    project = models.IntegerField()
    asset = models.SmallIntegerField()
    amount = models.BigIntegerField()
    person = models.UUIDField()
    order_no = models.BigIntegerField()
    received_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    body = models.BinaryField()
    programme_at = models.BigIntegerField()
    running_at = models.BigIntegerField()
    held = models.BooleanField()

    class Meta:
        db_table = "giving_deed"
        managed = False


class Seen(models.Model):
    """The replay guard: which (channel, external id) came, with which body, as which deed."""

    key = models.UUIDField(primary_key=True)
    body = models.BigIntegerField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "giving_seen"
        managed = False


class Case(models.Model):
    """Something that did not agree and waits for a person; number 0 where no deed was made."""

    id = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()
    channel = models.SmallIntegerField()
    reason = models.TextField()
    detail = models.JSONField()
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "giving_case"
        managed = False


class Refund(models.Model):
    """Money of a deed sent back, and the match that went back with it."""

    number = models.BigIntegerField(primary_key=True)
    deed = models.BigIntegerField()
    amount = models.BigIntegerField()
    matched = models.BigIntegerField()
    reason = models.TextField()

    class Meta:
        db_table = "giving_refund"
        managed = False


class Repaid(models.Model):
    """Refunded money that a rail delivered to its donor, by the rail's own name of it."""

    number = models.BigIntegerField(primary_key=True)
    deed = models.BigIntegerField()
    amount = models.BigIntegerField()
    reference = models.TextField()

    class Meta:
        db_table = "giving_repaid"
        managed = False


class Import(models.Model):
    """How far a file of gifts was appended, so that a stopped import goes on."""

    file_hash = models.CharField(max_length=64)
    map_hash = models.CharField(max_length=64)
    name = models.TextField()
    rows_appended = models.BigIntegerField(default=0)
    report = models.JSONField(default=dict)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """One run a file and map."""

        constraints = (
            models.UniqueConstraint(fields=("file_hash", "map_hash"), name="giving_import_once"),
        )

    def __str__(self) -> str:
        """Name the import by its file."""
        return self.name
