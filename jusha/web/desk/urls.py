"""Every address of the desk; pages of a piece stand together."""

from django.urls import path, re_path

from jusha.web.desk import (
    accounts,
    applications,
    bills,
    broadcasts,
    charity,
    complaints,
    disclosures,
    failed,
    files,
    help_seeking,
    holds,
    law,
    payees,
    platform_reports,
    project_edit,
    projects,
    refunds,
    registers,
    residue,
    spending,
    spending_batch,
    sponsors,
    year_figures,
)
from jusha.web.views.desk import desk

urlpatterns = [
    path("desk", desk, name="desk"),
    path("desk/accounts", accounts.listed, name="desk-accounts"),
    re_path(
        r"^desk/accounts/(?P<charity>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)\Z",
        accounts.account,
        name="desk-account",
    ),
    re_path(
        r"^desk/accounts/(?P<charity>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)/new\Z",
        accounts.write,
        name="desk-post-new",
    ),
    re_path(
        r"^desk/accounts/(?P<charity>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)"
        r"/(?P<number>[1-9][0-9]{0,8})\Z",
        accounts.write,
        name="desk-post",
    ),
    path("desk/applications", applications.listed, name="desk-applications"),
    re_path(
        r"^desk/applications/(?P<number>[1-9][0-9]{0,14})\Z",
        applications.application,
        name="desk-application",
    ),
    path("desk/bills", bills.days, name="desk-bills"),
    re_path(
        r"^desk/bills/(?P<rail>[a-z]{1,16})/(?P<on>20[0-9]{2}-[0-9]{2}-[0-9]{2})\Z",
        bills.day,
        name="desk-bills-day",
    ),
    re_path(
        r"^desk/bills/(?P<number>[1-9][0-9]{0,14})\Z", bills.difference, name="desk-difference"
    ),
    re_path(
        r"^desk/bills/(?P<number>[1-9][0-9]{0,14})/confirm\Z",
        bills.confirm,
        name="desk-difference-confirm",
    ),
    path("desk/broadcasts", broadcasts.broadcasts, name="desk-broadcasts"),
    path("desk/charities", charity.listed, name="desk-charities"),
    re_path(
        r"^desk/charities/(?P<charity>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)\Z",
        charity.charity,
        name="desk-charity",
    ),
    path("desk/complaints", complaints.complaints, name="desk-complaints"),
    re_path(
        r"^desk/complaints/(?P<number>[1-9][0-9]{0,14})\Z",
        complaints.complaint,
        name="desk-complaint",
    ),
    path("desk/help", help_seeking.help_asked, name="desk-help"),
    path("desk/holds", holds.holds, name="desk-holds"),
    path("desk/registers", registers.registers, name="desk-registers"),
    path("desk/exports", registers.exports, name="desk-exports"),
    re_path(
        r"^desk/exports/(?P<number>[1-9][0-9]{0,14})\Z",
        registers.export_file,
        name="desk-export-file",
    ),
    path("desk/files", files.files, name="desk-files"),
    path("desk/failed", failed.listed, name="desk-failed"),
    re_path(
        r"^desk/failed/(?P<number>[1-9][0-9]{0,14})/confirm\Z",
        failed.confirm,
        name="desk-failed-confirm",
    ),
    path("desk/projects", projects.listed, name="desk-projects"),
    re_path(r"^desk/projects/(?P<code>[A-Za-z0-9._-]{1,40})\Z", projects.one, name="desk-project"),
    re_path(
        r"^desk/projects/(?P<code>[A-Za-z0-9._-]{1,40})/edit\Z",
        project_edit.edit,
        name="desk-project-edit",
    ),
    path("desk/spending", spending.requests, name="desk-spending"),
    path("desk/spending/new", spending.ask, name="desk-spending-new"),
    path("desk/spending/batch", spending_batch.batch, name="desk-spending-batch"),
    re_path(
        r"^desk/spending/(?P<number>[1-9][0-9]{0,14})\Z",
        spending.one,
        name="desk-spending-one",
    ),
    path("desk/disclosures", disclosures.listed, name="desk-disclosures"),
    path("desk/disclosures/write", disclosures.write, name="desk-disclosure-write"),
    re_path(
        r"^desk/disclosures/(?P<number>[1-9][0-9]{0,14})\Z",
        disclosures.decide,
        name="desk-disclosure",
    ),
    path("desk/residue", residue.residue, name="desk-residue"),
    path("desk/year-figures", year_figures.year_figures, name="desk-year-figures"),
    path("desk/platform-reports", platform_reports.reports, name="desk-platform-reports"),
    path("desk/sponsors", sponsors.sponsors, name="desk-sponsors"),
    path("desk/payees", payees.listed, name="desk-payees"),
    re_path(
        r"^desk/payees/(?P<charity>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)\Z",
        payees.propose,
        name="desk-payee",
    ),
    path("desk/law", law.listed, name="desk-law"),
    re_path(r"^desk/law/(?P<name>[a-z][a-z0-9-]{0,47})\Z", law.rule, name="desk-law-rule"),
    path("desk/refunds", refunds.cases, name="desk-refunds"),
    path("desk/refunds/open", refunds.open_case, name="desk-refund-open"),
    re_path(r"^desk/refunds/(?P<number>[1-9][0-9]{0,14})\Z", refunds.case, name="desk-refund"),
    re_path(
        r"^desk/refunds/(?P<number>[1-9][0-9]{0,14})/confirm\Z",
        refunds.confirm,
        name="desk-refund-confirm",
    ),
]
