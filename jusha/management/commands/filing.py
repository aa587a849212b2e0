"""`jusha filing`: by which filing each project raises money in public, and until when."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jusha.charities.certify import NotCertifiedError, hash_of
from jusha.management.two_persons import add_two_persons, day
from jusha.projects import queries
from jusha.projects.models import Project
from jusha.projects.raising import filing, hindrances
from jusha.projects.record_filing import FilingRefusedError, Seen, record_filing
from jusha.projects.rules import Asked


class Command(BaseCommand):
    """Without arguments: list the projects with the filing that holds today."""

    help = "list, or set by two persons, the filing of a project's fundraising plan"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("project", nargs="?", help="the project's code")
        parser.add_argument("number", nargs="?", default="", help="the filing's number")
        parser.add_argument("--filed", metavar="DAY", help="the day of filing, YYYY-MM-DD")
        parser.add_argument("--from", dest="first", metavar="DAY", help="the first day of raising")
        parser.add_argument("--until", dest="last", metavar="DAY", help="the last day of raising")
        parser.add_argument(
            "--emergency", action="store_true", help="begun before the filing (Charity Law 73)"
        )
        add_two_persons(parser)

    def handle(self, *_args: object, project: str | None, **options: Any) -> None:
        """List or set."""
        if project is None:
            self._list()
            return
        found = queries.find(project)
        if found is None:
            raise CommandError(f"there is no project {project}")
        if not options["evidence"]:
            raise CommandError(
                "say all of it: jusha filing PROJECT NUMBER --filed … --from … --until …"
                " --evidence FILE"
            )
        asked = Asked(
            options["number"],
            day(options["filed"], "--filed") if options["filed"] else None,
            day(options["first"], "--from"),
            day(options["last"], "--until"),
            emergency=options["emergency"],
        )
        try:
            seen = Seen(options["by"], options["second"], hash_of(options["evidence"]))
            made = record_filing(found, asked, seen, today=timezone.localdate())
        except (FilingRefusedError, NotCertifiedError) as error:
            raise CommandError(f"{error}; nothing was changed") from error
        self.stdout.write(
            f"done 已设定: {project} raises money by {made.number or '(pending)'}"
            f" until {made.ends_on}"
        )

    def _list(self) -> None:
        today = timezone.localdate()
        for project in Project.objects.order_by("code"):
            found = filing(project.code, today)
            why = ", ".join(each.code for each in hindrances(project.code, today)) or "open 开放"
            if found is None:
                self.stdout.write(f"{project.code:24} none 无备案: {why}")
                continue
            self.stdout.write(
                f"{project.code:24} {found.number or '(pending)':40} {found.starts_on} –"
                f" {found.ends_on} {why}"
            )
