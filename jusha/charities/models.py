"""Charities as people edit them, payees as settlement knows them."""

from django.db import models


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

    def __str__(self) -> str:
        """Name the charity."""
        return self.name_zh


class Payee(models.Model):
    """A charity that settlement may book gifts for."""

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    number = models.BigIntegerField()

    class Meta:
        db_table = "charities_payee"
        managed = False
