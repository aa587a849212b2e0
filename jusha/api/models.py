"""Keys of partner apps, what was done under them, and the webhooks that they asked for."""

from typing import ClassVar

from django.db import models

from jusha.api.rules import OFF, ON, STATES, WAITING


class ApiKey(models.Model):
    """A partner app's right to call. The secret is shown once; here stands its SHA-256.

    Written by the owner of the database alone (`jusha api_key`), never by a page.
    """

    public = models.CharField(max_length=16, unique=True)
    """The part of the key that may be shown; names it in lists."""
    digest = models.BinaryField()
    name = models.CharField(max_length=80)
    charities = models.JSONField()
    """Codes of the charities that it may place orders for."""
    scopes = models.JSONField()
    set_by = models.CharField(max_length=80)
    second = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=80, default="")

    def __str__(self) -> str:
        """Name the key without its secret."""
        return f"{self.public} {self.name}"


class ApiOrder(models.Model):
    """Which key placed an order."""

    order_no = models.BigIntegerField(primary_key=True)
    key = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class ApiAnswer(models.Model):
    """What a request with an Idempotency-Key was answered, to answer its repeats."""

    key = models.BigIntegerField()
    name = models.CharField(max_length=255)
    """The Idempotency-Key."""
    digest = models.BinaryField()
    """Keyed hash of method, path and body."""
    status = models.SmallIntegerField()
    sealed = models.BinaryField()
    """The answer's body: it may hold a secret."""
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "name"], name="one_answer_a_key"),
        ]

    def __str__(self) -> str:
        """Name the request."""
        return f"{self.key} {self.name}"


class Hook(models.Model):
    """An address that is told of what happens, and how far it has been told."""

    public = models.CharField(max_length=24, unique=True)
    key = models.BigIntegerField(db_index=True)
    url = models.CharField(max_length=500)
    kinds = models.JSONField()
    sealed = models.BinaryField()
    """The secret that signs."""
    sealed_before = models.BinaryField(default=b"")
    """The secret before it, which signs as well until `before_until`."""
    before_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=4, default=ON)
    told = models.CharField(max_length=80, default="")
    """Why it was switched off, or what the last failure was."""
    next_entry = models.BigIntegerField()
    """The entry from which on it is told."""
    checkpoint_at = models.DateTimeField(null=True)
    """When it was last told of a checkpoint."""
    tries = models.SmallIntegerField(default=0)
    """How often the oldest event has failed."""
    failing_since = models.DateTimeField(null=True)
    next_at = models.DateTimeField(auto_now_add=True)
    """When it may be called next."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=[ON, OFF]), name="hook_on_or_off"),
        ]

    def __str__(self) -> str:
        """Name the webhook."""
        return self.public


class HookEvent(models.Model):
    """One event for one webhook: its bytes as they are sent, until they have arrived."""

    hook = models.BigIntegerField()
    number = models.BigIntegerField()
    """The entry that it tells of; the tree's size for a checkpoint."""
    place = models.IntegerField()
    """Which of several events of one entry."""
    kind = models.CharField(max_length=24)
    body = models.BinaryField()
    state = models.CharField(max_length=8, default=WAITING)
    told = models.CharField(max_length=80, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hook", "kind", "number", "place"], name="one_event_a_hook"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=STATES), name="event_waits_or_is_dead"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["hook", "state", "id"], name="events_of_hook")]

    def __str__(self) -> str:
        """Name the kind and the entry."""
        return f"{self.kind} {self.number}"
