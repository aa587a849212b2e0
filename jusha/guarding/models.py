"""Rules against abuse by version, what they found, who decided: deeds by number, no names."""

from typing import ClassVar

from django.db import models

from jusha.guarding.rules import RULES, VERDICTS


class GuardRule(models.Model):
    """A version of a rule: its thresholds, from which day. Never changed.

    Of one rule the version with the highest number that has begun holds. The pages' role writes
    one only as two reviewers decided (sql/0040_guarding.sql).
    """

    rule = models.CharField(max_length=12)
    version = models.SmallIntegerField()
    terms = models.JSONField()
    """Thresholds by name (rules.RULES)."""
    begins = models.DateField()
    words = models.CharField(max_length=400)
    """Why these, with the source."""
    decision = models.BigIntegerField(unique=True, null=True)
    """By which decision of two; null: by the house, when the table was made."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "version"], name="guard_version_once"),
            models.CheckConstraint(
                condition=models.Q(rule__in=[*RULES]), name="guard_rule_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the rule and the version."""
        return f"{self.rule}.{self.version}"


class GuardSlice(models.Model):
    """Entries up to `upto` were read; the newest row is where the next round goes on."""

    upto = models.BigIntegerField(primary_key=True)
    until = models.DateTimeField(db_index=True)
    """When the newest of them was received."""

    def __str__(self) -> str:
        """Name the entry."""
        return str(self.upto)


class OrderDevice(models.Model):
    """By which browser an order was placed, as a hash under that day's key.

    The same browser has another hash the next day. Goes after DEVICE_DAYS, and when its order's
    donor is erased.
    """

    order_no = models.BigIntegerField(primary_key=True)
    device = models.UUIDField()
    day = models.DateField(db_index=True)

    def __str__(self) -> str:
        """Name the order."""
        return str(self.order_no)


class GuardTrace(models.Model):
    """That a gift hangs on something others may hang on too: a browser, an account, a payer.

    `link` is a hash that is another one each day. Goes after TRACE_DAYS.
    """

    number = models.BigIntegerField()
    """The entry with which it became known: the gift's own, of a refund the refund's."""
    kind = models.SmallIntegerField()
    """rules.DEVICE and what follows."""
    link = models.UUIDField()
    deed = models.BigIntegerField()
    who = models.UUIDField()
    """What is counted apart on one link: payers on a browser, accounts on a payer."""
    campaign = models.IntegerField()
    project = models.IntegerField()
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "link"], name="guard_trace_link"),
            models.Index(fields=["number"], name="guard_trace_number"),
        ]

    def __str__(self) -> str:
        """Name the gift."""
        return str(self.deed)


class AbuseCase(models.Model):
    """What one version of a rule found, for a person to look into. Never changed."""

    rule = models.CharField(max_length=12)
    version = models.SmallIntegerField()
    subject = models.UUIDField()
    """A hash of what the gifts have in common; the same again is the same case while it is open."""
    campaign = models.CharField(max_length=40)
    project = models.CharField(max_length=40)
    """Where all its gifts, or the reports, are about one; else ""."""
    score = models.IntegerField()
    """How far past its threshold, in per cent of it, when the case was opened."""
    inputs = models.JSONField()
    """The numbers that the rule went by: of acts, never of persons."""
    due_on = models.DateField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["rule", "subject"], name="abuse_of_subject")]

    def __str__(self) -> str:
        """Name it by its number."""
        return str(self.pk)


class AbuseGift(models.Model):
    """A gift that belongs to a case, from when on. Never changed."""

    case = models.ForeignKey(AbuseCase, models.PROTECT, related_name="gifts")
    deed = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "deed"], name="abuse_gift_once"),
        ]

    def __str__(self) -> str:
        """Name the gift."""
        return str(self.deed)


class AbuseEnd(models.Model):
    """How a case ended: `let` by one reviewer, `clawed` by two. Once, never changed."""

    case = models.OneToOneField(AbuseCase, models.PROTECT, primary_key=True, related_name="end")
    verdict = models.CharField(max_length=8)
    words = models.CharField(max_length=400)
    """Why; no person's data."""
    by = models.UUIDField()
    decision = models.BigIntegerField(unique=True, null=True)
    """Of `clawed`: the decision of two."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(verdict="let", decision=None)
                | models.Q(verdict="clawed", decision__isnull=False),
                name="abuse_claw_takes_two",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=[*VERDICTS]), name="abuse_verdict_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the case and the verdict."""
        return f"{self.pk} {self.verdict}"
