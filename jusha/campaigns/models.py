"""Campaigns as people edit them; terms and totals as settlement keeps them."""

from django.db import models


class Campaign(models.Model):
    """A giving day or another time of giving together, as its pages tell it."""

    code = models.CharField(max_length=40, unique=True)
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120)
    theme_zh = models.CharField(max_length=120)
    theme_en = models.CharField(max_length=160)
    story_zh = models.TextField()
    story_en = models.TextField()
    projects = models.ManyToManyField("jusha.Project", related_name="+")

    def __str__(self) -> str:
        """Name the campaign."""
        return self.title_zh


class Terms(models.Model):
    """What settlement knows of a campaign (see rules.CampaignTerms)."""

    id = models.IntegerField(primary_key=True)
    code = models.TextField()
    number = models.BigIntegerField()
    terms = models.JSONField()

    class Meta:
        db_table = "campaigns_terms"
        managed = False


class Total(models.Model):
    """Running totals of a project in a campaign (campaign 0: outside any).

    `counted` is what caps count: matches and claims, of which nothing is ever given back.
    """

    pk = models.CompositePrimaryKey("campaign", "project", "asset")
    campaign = models.IntegerField()
    project = models.IntegerField()
    asset = models.SmallIntegerField()
    gifts = models.BigIntegerField()
    donated = models.BigIntegerField()
    matched = models.BigIntegerField()
    refunded = models.BigIntegerField()
    returned = models.BigIntegerField()
    counted = models.BigIntegerField()

    class Meta:
        db_table = "campaigns_total"
        managed = False
