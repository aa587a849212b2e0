"""Complaints with their steps, and what was said, sealed and apart."""

from typing import ClassVar

from django.db import models


class Complaint(models.Model):
    """That something was reported, about what, and until when it must be answered. Never changed.

    It holds nothing about the reporter: what they wrote and how they are reached is sealed beside
    it. How it stands follows from its steps (rules.state_of).
    """

    kind = models.CharField(max_length=16)
    """One of rules.KINDS."""
    about = models.CharField(max_length=200)
    """The page's path on this site."""
    project = models.CharField(max_length=40, default="")
    charity = models.CharField(max_length=40, default="")
    """Whose matter it is; "" where it is the platform's own."""
    received_on = models.DateField()
    answer_days = models.SmallIntegerField()
    """Working days that the law gave on that day."""
    due_on = models.DateField()
    """The last day to answer."""
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["charity", "-id"], name="complaint_of_charity"),
            models.Index(fields=["received_on"], name="complaint_received"),
        ]

    def __str__(self) -> str:
        """Name it by its number."""
        return str(self.pk)


class ComplaintStep(models.Model):
    """One thing that was done about a complaint, by whom. Never changed."""

    complaint = models.BigIntegerField()
    did = models.CharField(max_length=10)
    """One of rules.STEPS."""
    as_role = models.CharField(max_length=10)
    """`reporter`, `reviewer` or `charity`."""
    by = models.UUIDField(null=True)
    """The account; of the reporter: null."""
    finding = models.CharField(max_length=16, default="")
    """Of `closed`: one of rules.FINDINGS."""
    hold = models.BigIntegerField(default=0)
    """Of `held`: the hold's number. Of `told`: the broadcast's."""
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["complaint", "id"], name="steps_of_complaint")]

    def __str__(self) -> str:
        """Name the complaint and the step."""
        return f"{self.complaint} {self.did}"


class ComplaintWords(models.Model):
    """What was said in a step, sealed; forgetting it is deleting the row."""

    step = models.BigIntegerField(primary_key=True)
    complaint = models.BigIntegerField(db_index=True)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        """Name the step."""
        return str(self.step)


class ComplaintContact(models.Model):
    """How the reporter is reached, sealed; forgetting it is deleting the row."""

    complaint = models.BigIntegerField(primary_key=True)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        """Name the complaint."""
        return str(self.complaint)


class ComplaintErased(models.Model):
    """That a reporter had their complaint erased, and until when the law keeps what they wrote.

    Nobody reads it any more; the contact was deleted at once. Goes with the words.
    """

    complaint = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the complaint."""
        return str(self.complaint)


class ComplaintLetter(models.Model):
    """A letter to a reporter that is to leave; deleted once it left or cannot."""

    step = models.BigIntegerField(primary_key=True)
    complaint = models.BigIntegerField()
    mail_at = models.DateTimeField(db_index=True)
    mail_tries = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        """Name the step."""
        return str(self.step)


class RegisterEntry(models.Model):
    """A version of an entry in a register: incidents, or assessments of the impact on privacy.

    Never changed: a correction is the next version. The newest version tells how it stands.
    """

    register = models.CharField(max_length=10)
    """`incident` (MZ/T 088-2017) or `assessment` (PIPL 55, 56)."""
    number = models.IntegerField()
    version = models.SmallIntegerField()
    title = models.CharField(max_length=120)
    text = models.CharField(max_length=4_000)
    """What happened or is planned, its risks, what was done. No person's data."""
    happened_on = models.DateField()
    keep_until = models.DateField()
    """The law's least; nothing deletes it after that."""
    by = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["register", "number", "version"], name="register_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(register__in=["incident", "assessment"]),
                name="register_is_known",
            ),
        ]

    def __str__(self) -> str:
        """Name the register, the number and the version."""
        return f"{self.register} {self.number}.{self.version}"


class RegulatorExport(models.Model):
    """What an authority may be given of one case, as two persons decided. Never changed."""

    case_id = models.CharField(max_length=60)
    """The authority's own number of its case or letter."""
    authority = models.CharField(max_length=80)
    complaint = models.BigIntegerField()
    """A complaint's number; 0: none."""
    project = models.CharField(max_length=40)
    by = models.UUIDField()
    decision = models.BigIntegerField(unique=True, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the authority's case."""
        return self.case_id


class ExportTaken(models.Model):
    """One time that an export was taken, by whom, with the hash of the file. Never changed."""

    export = models.BigIntegerField(db_index=True)
    by = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name the export and the hash."""
        return f"{self.export} {self.sha256[:12]}"


class FactsSeen(models.Model):
    """Which version of a project's facts an account saw before it gave; goes with the account."""

    account = models.ForeignKey("jusha.UserAccount", on_delete=models.CASCADE, related_name="+")
    project = models.CharField(max_length=40)
    version = models.CharField(max_length=16)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "project"], name="facts_seen_once"),
        ]

    def __str__(self) -> str:
        """Name the project and the version."""
        return f"{self.project} {self.version}"


class HelpReferral(models.Model):
    """A person in need led on to a charity: what they wrote is sealed, and goes once it was taken.

    It stands in no list, search or feed: help for one person is no public fundraising.
    """

    charity = models.CharField(max_length=40, db_index=True)
    sealed = models.BinaryField(null=True)
    """Words and contact; null once a member of the charity has taken it up, or its time is over."""
    taken_by = models.UUIDField(null=True)
    taken_at = models.DateTimeField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Name it by its number."""
        return str(self.pk)
