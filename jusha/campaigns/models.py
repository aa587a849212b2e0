"""Campaigns as people edit them; terms and totals as settlement keeps them."""

from typing import ClassVar

from django.db import models

from jusha.campaigns.day_rules import COLOURS


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
    parent = models.CharField(max_length=40, blank=True, default="", db_default="")
    """The giving day that this is a venue (分会场) of, by code; a venue has none of its own."""
    predecessor = models.CharField(max_length=40, blank=True, default="", db_default="")
    """The campaign that this one follows, under whatever name it ran."""
    colour = models.CharField(max_length=12, default="cinnabar", db_default="cinnabar")
    """One of the house's colours (day_rules.COLOURS), never a value of its own."""
    anchor = models.CharField(max_length=40, blank=True, default="", db_default="")
    """The day of the calendar that it is held for (anchors.toml)."""
    is_rehearsal = models.BooleanField(default=False, db_default=False)
    """彩排: not listed, said on each page, in the sandbox alone."""
    opens = models.DateTimeField(null=True, blank=True)
    closes = models.DateTimeField(null=True, blank=True)
    """As planned. What holds is what settlement was told (Terms)."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True, closes__isnull=True)
                | models.Q(opens__lt=models.F("closes")),
                name="campaign_opens_before_it_closes",
            ),
            models.CheckConstraint(
                condition=models.Q(colour__in=COLOURS), name="campaign_colour_is_known"
            ),
        ]

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
