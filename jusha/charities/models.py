"""Charities as people edit them, who works there, payees as settlement knows them."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from jusha.charities.rules import ORGANISATIONS, ROLES


class Charity(models.Model):
    """A legal entity that raises money in public (Charity Law sections 22 and 25)."""

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    uscc = models.CharField(max_length=18)
    certificate_no = models.CharField(max_length=60)
    address_zh = models.CharField(max_length=200)
    address_en = models.CharField(max_length=200)
    phone = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, blank=True, default="", db_default="")
    """One of rules.ORGANISATIONS; "" where nobody said."""

    def __str__(self) -> str:
        """Name the charity."""
        return self.name_zh


class Certificate(models.Model):
    """A certificate to raise money in public (公开募捐资格证书), as two persons saw it.

    Never changed: a new one, or a correction, is a further row, and the newest row holds. Pages
    write what a confirmed decision says, and nothing else.
    """

    charity = models.CharField(max_length=40, db_index=True)
    number = models.CharField(max_length=60)
    issuer = models.CharField(max_length=80)
    """The civil affairs department that gave it."""
    valid_from = models.DateField()
    valid_until = models.DateField()
    """Its last day. One that was taken away gets a row that ends the day before."""
    evidence = models.CharField(max_length=64)
    """SHA-256 of the file that the two persons looked at, in hexadecimal."""
    set_by = models.CharField(max_length=80)
    second = models.CharField(max_length=80)
    set_at = models.DateTimeField(auto_now_add=True)
    decision = models.BigIntegerField(unique=True, null=True)
    """By which decision of two it was written; null: by command of the database's owner."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(set_by=models.F("second")), name="certificate_takes_two"
            ),
        ]

    def __str__(self) -> str:
        """Name the charity and the number."""
        return f"{self.charity} {self.number}"


class Member(models.Model):
    """An account that works for a charity, in one role.

    Written by the owner of the database (`jusha staff`), and by pages as two persons decided. No
    page changes or ends a membership: who decides about money is no page's business.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+"
    )
    """An account with a role cannot be erased: the database says no."""
    charity = models.CharField(max_length=40, db_index=True)
    role = models.CharField(max_length=10)
    set_at = models.DateTimeField(auto_now_add=True)
    decision = models.BigIntegerField(unique=True, null=True)
    """As a certificate's."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "charity"], name="one_role_a_charity"),
            models.CheckConstraint(condition=models.Q(role__in=[*ROLES]), name="role_is_known"),
        ]

    def __str__(self) -> str:
        """Name the charity and the role."""
        return f"{self.charity} {self.role}"


class Application(models.Model):
    """What somebody asks for who wants a charity to be admitted. Never changed.

    What is mended is a further row; the newest of an account counts. One that led to no admission
    may be deleted: when its account is erased, what it said of persons goes too.
    """

    account = models.UUIDField(db_index=True)
    code = models.CharField(max_length=40)
    """The charity's name in addresses and in the public log."""
    kind = models.CharField(max_length=12)
    raises = models.BooleanField()
    """Whether it raises money in public itself, by a certificate of its own."""
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    uscc = models.CharField(max_length=18)
    address_zh = models.CharField(max_length=200)
    address_en = models.CharField(max_length=200)
    phone = models.CharField(max_length=40)
    contact = models.CharField(max_length=40)
    """The person to ask; for reviewers alone."""
    registration = models.CharField(max_length=64)
    """SHA-256 of the registration certificate (登记证书)."""
    number = models.CharField(max_length=60, blank=True)
    """Of the certificate to raise money, as the four below; empty without one."""
    issuer = models.CharField(max_length=80, blank=True)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    evidence = models.CharField(max_length=64, blank=True)
    policy = models.SmallIntegerField()
    """Which wording of the platform's rules the person agreed to (rules.POLICY)."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[*ORGANISATIONS]), name="organisation_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the charity."""
        return self.name_zh


class ApplicationReturn(models.Model):
    """That a reviewer handed an application back, and what is to be mended. Never changed."""

    application = models.OneToOneField(
        Application, on_delete=models.DO_NOTHING, related_name="returned"
    )
    words = models.CharField(max_length=400)
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the application."""
        return str(self.application_id)


class Admission(models.Model):
    """That a charity was admitted, by which decision of two reviewers. Never changed."""

    charity = models.CharField(max_length=40, unique=True)
    uscc = models.CharField(max_length=18, unique=True)
    application = models.OneToOneField(
        Application, on_delete=models.DO_NOTHING, related_name="admission"
    )
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the charity."""
        return self.charity


class Partner(models.Model):
    """Who works with a qualified charity under its name (Charity Law section 26). Never changed.

    A partner is never paid: it has no book and no account here. One that ends early gets a further
    row with an earlier last day; the newest row of a credit code holds.
    """

    charity = models.CharField(max_length=40, db_index=True)
    """The qualified charity, in whose account all money stands."""
    name = models.CharField(max_length=120)
    uscc = models.CharField(max_length=18)
    evaluation = models.CharField(max_length=64)
    """SHA-256 of how the charity judged the partner before it agreed."""
    agreement = models.CharField(max_length=64)
    """SHA-256 of the written agreement."""
    valid_from = models.DateField()
    valid_until = models.DateField()
    decision = models.BigIntegerField(unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("valid_from")),
                name="partner_days_in_order",
            ),
        ]

    def __str__(self) -> str:
        """Name the partner."""
        return self.name


class Payee(models.Model):
    """A charity that settlement may book gifts for."""

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "charities_payee"
        managed = False
