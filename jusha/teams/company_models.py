"""Companies as two persons examined them: people, pledges, pools, and the projects they match."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from jusha.teams.company_rules import ANSWERS, HOWS, PURPOSES


class CompanyApplication(models.Model):
    """What somebody says of a company that wants a page. Never changed; the newest counts."""

    account = models.UUIDField(db_index=True)
    code = models.CharField(max_length=30)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    uscc = models.CharField(max_length=18)
    intro = models.CharField(max_length=300)
    capabilities = ArrayField(models.CharField(max_length=12), default=list)
    domain = models.CharField(max_length=80, blank=True)
    """The mail domain of its people; "" where they come by a code alone."""
    registration = models.CharField(max_length=64)
    """SHA-256 of the business licence (营业执照)."""
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the company."""
        return self.name_zh


class CompanyContact(models.Model):
    """How the person who applied is reached, sealed; forgetting it is deleting the row."""

    application = models.BigIntegerField(primary_key=True)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        """Name the application."""
        return str(self.application)


class CompanyReturn(models.Model):
    """That a reviewer handed an application back, and what is to be mended. Never changed."""

    application = models.BigIntegerField(unique=True)
    words = models.CharField(max_length=400)
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the application."""
        return str(self.application)


class Company(models.Model):
    """A company that gives, as two reviewers examined it. Never changed."""

    code = models.CharField(max_length=30, unique=True)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    uscc = models.CharField(max_length=18, unique=True)
    intro = models.CharField(max_length=300)
    capabilities = ArrayField(models.CharField(max_length=12), default=list)
    domain = models.CharField(max_length=80, blank=True)
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the company."""
        return self.name_zh


class CompanyMember(models.Model):
    """Who speaks for a company here, as two reviewers examined it. Never changed."""

    company = models.CharField(max_length=30, db_index=True)
    account_id = models.UUIDField()
    role = models.CharField(max_length=16)
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "account_id"], name="speaks_once"),
            models.CheckConstraint(
                condition=models.Q(role="representative"), name="company_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the company."""
        return self.company


class CompanyCode(models.Model):
    """The code with which a company's people come in; the representative makes a new one."""

    company = models.CharField(max_length=30, primary_key=True)
    code = models.CharField(max_length=10)
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        """Name the company."""
        return self.company


class Employee(models.Model):
    """That an account is one of a company's people. Deleted when it leaves."""

    company = models.CharField(max_length=30)
    account = models.UUIDField(db_index=True)
    how = models.CharField(max_length=4)
    """`mail` or `code`."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "account"], name="employed_once"),
            models.CheckConstraint(
                condition=models.Q(how__in=["mail", "code"]), name="employee_came_so"
            ),
        ]

    def __str__(self) -> str:
        """Name the company."""
        return self.company


class CompanyPledge(models.Model):
    """A signed promise in public, which can be enforced (Charity Law 41). Never changed."""

    company = models.CharField(max_length=30, db_index=True)
    text = models.CharField(max_length=400)
    amount = models.BigIntegerField()
    """In fen."""
    signed_on = models.DateField()
    due_on = models.DateField()
    file = models.CharField(max_length=64)
    """SHA-256 of the signed letter."""
    paid_before = models.BigIntegerField()
    """What the company had paid when it was proposed, in fen: none of that keeps it."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, due_on__gte=models.F("signed_on")),
                name="pledge_of_something",
            ),
        ]

    def __str__(self) -> str:
        """Name the company."""
        return self.company


class CompanyPool(models.Model):
    """Money that a company put behind a pool of a campaign, as two of finance decided.

    Never changed; more money for the pool is a further row. Amounts in fen.
    """

    company = models.CharField(max_length=30, db_index=True)
    pool = models.CharField(max_length=40, db_index=True)
    campaign = models.CharField(max_length=40)
    purpose = models.CharField(max_length=8)
    about = models.CharField(max_length=80)
    """The project's code, or which people or place it is for."""
    amount = models.BigIntegerField()
    how = models.CharField(max_length=8)
    declared = models.CharField(max_length=400, blank=True)
    """What is told where it matches a project of its own; "" where it does not."""
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, purpose__in=[*PURPOSES], how__in=[*HOWS]),
                name="company_pool_of_something",
            ),
        ]

    def __str__(self) -> str:
        """Name the pool."""
        return self.pool


class CompanyProject(models.Model):
    """A project that one of a company's people suggested, and what the representative said."""

    company = models.CharField(max_length=30)
    project = models.CharField(max_length=40)
    suggested_by = models.UUIDField(null=True)
    state = models.CharField(max_length=10, default="waiting")
    answered_by = models.UUIDField(null=True)
    declared = models.CharField(max_length=400, blank=True)
    """What is told where the project is the company's own."""
    at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "project"], name="suggested_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=[*ANSWERS])
                & (models.Q(state="waiting") ^ models.Q(answered_at__isnull=False)),
                name="suggestion_is_answered",
            ),
        ]

    def __str__(self) -> str:
        """Name both."""
        return f"{self.company} {self.project}"
