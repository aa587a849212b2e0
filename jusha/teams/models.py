"""Teams, who is in them, which run against each other; and what was given through them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from jusha.teams.rules import DEPTH_MAX, INVITE_DEPTH_MAX, KINDS, STATES, STEPS, TARGET_MAX_FEN
from jusha.teams.rules import TARGET_MIN_FEN as MIN_FEN


class Team(models.Model):
    """A page on which people give together for a project; its captain holds no money.

    Once opened only its captain and its state change; texts only go, with the captain's account.
    Triggers see to it (sql/0038_teams.sql).
    """

    code = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=8)
    title = models.CharField(max_length=30)
    story = models.CharField(max_length=1000)
    figure = models.CharField(max_length=40, blank=True)
    """Of a fan circle: the person or group, as the captain names them."""
    project = models.CharField(max_length=40, db_index=True)
    company = models.CharField(max_length=40, blank=True, db_index=True)
    target = models.BigIntegerField()
    """In fen."""
    above = ArrayField(models.CharField(max_length=40), default=list)
    """Codes of the teams that it is a part of, the topmost first."""
    captain = models.UUIDField(null=True, db_index=True)
    """The account; null once it was erased."""
    handover = models.CharField(max_length=10, blank=True)
    """With this code a member takes over; "" while none is out."""
    state = models.CharField(max_length=8, default="open")
    opened_on = models.DateField()
    ends_on = models.DateField()
    """Its last day."""
    closed_at = models.DateTimeField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[*KINDS], state__in=[*STATES]), name="team_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(target__gte=MIN_FEN, target__lte=TARGET_MAX_FEN),
                name="team_target_fits",
            ),
            models.CheckConstraint(
                condition=models.Q(above__len__lte=DEPTH_MAX), name="team_is_not_deep"
            ),
            models.CheckConstraint(
                condition=models.Q(state="closed") ^ models.Q(closed_at=None),
                name="team_closed_at",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "project", "-id"], name="teams_of_project"),
            GinIndex(fields=["above"], name="teams_above"),
        ]

    def __str__(self) -> str:
        """Name the team by its code."""
        return self.code

    @property
    def parent(self) -> str:
        """Code of the team that it is directly a part of; "" for one that stands alone."""
        return self.above[-1] if self.above else ""


class TeamStep(models.Model):
    """One thing that was done with a team, by whom. Never changed."""

    team = models.CharField(max_length=40)
    did = models.CharField(max_length=8)
    """One of rules.STEPS."""
    by = models.UUIDField(null=True)
    """The account; null for an erasure."""
    words = models.CharField(max_length=400, blank=True)
    """Of `down` and `up`: why."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(did__in=[*STEPS]), name="team_step_is_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["team", "id"], name="steps_of_team")]

    def __str__(self) -> str:
        """Name the team and the step."""
        return f"{self.team} {self.did}"


class TeamMember(models.Model):
    """That an account is in a team now, and by whose link it came. Deleted when it leaves."""

    team = models.CharField(max_length=40)
    account = models.UUIDField(db_index=True)
    token = models.CharField(max_length=10, unique=True)
    """What the member's own link carries."""
    came_by = models.BigIntegerField(default=0)
    """Id of the member whose link it was; 0 for the team's own link."""
    depth = models.SmallIntegerField(default=0)
    """Links from the captain's to here."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "account"], name="once_in_a_team"),
            models.CheckConstraint(
                condition=models.Q(depth__gte=0, depth__lte=INVITE_DEPTH_MAX),
                name="invited_so_deep",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["team", "depth"], name="depths_of_team"),
            models.Index(fields=["came_by"], name="came_by_member"),
        ]

    def __str__(self) -> str:
        """Name the team."""
        return self.team


class TeamDuel(models.Model):
    """Two teams shown side by side, as one captain proposed and the other agreed."""

    one = models.CharField(max_length=40)
    other = models.CharField(max_length=40, db_index=True)
    proposed_at = models.DateTimeField(auto_now_add=True)
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["one", "other"], name="one_duel_a_pair"),
            models.CheckConstraint(
                condition=~models.Q(one=models.F("other")), name="duel_takes_two"
            ),
        ]

    def __str__(self) -> str:
        """Name both."""
        return f"{self.one} {self.other}"


class TeamTotal(models.Model):
    """What was given through a team or a company, counted up to the cursor. Amounts in fen.

    `persons`: givers who have not had everything back; a giver whom the rail does not name is
    none.
    """

    pk = models.CompositePrimaryKey("scope", "code")
    scope = models.CharField(max_length=1)
    """`t` for a team with all its sub-teams, `c` for a company."""
    code = models.CharField(max_length=40)
    gifts = models.BigIntegerField()
    given = models.BigIntegerField()
    refunded = models.BigIntegerField()
    persons = models.BigIntegerField()
    recent = ArrayField(models.BigIntegerField())
    """The newest orders, newest first; at most rules.RECENT."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("given"), persons__gte=0),
                name="team_total_adds_up",
            ),
        ]

    def __str__(self) -> str:
        """Name whose it is."""
        return f"{self.scope} {self.code}"


class TeamGiver(models.Model):
    """What one person key gave through a team or a company, so that persons are counted once."""

    pk = models.CompositePrimaryKey("scope", "code", "person")
    scope = models.CharField(max_length=1)
    code = models.CharField(max_length=40)
    person = models.UUIDField()
    given = models.BigIntegerField()
    refunded = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("given")), name="team_giver_adds_up"
            ),
        ]

    def __str__(self) -> str:
        """Name whose."""
        return f"{self.scope} {self.code}"


class TeamCursor(models.Model):
    """Up to which entry of the log the totals are counted: one row."""

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        """Say how far."""
        return str(self.number)
