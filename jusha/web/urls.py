"""Every page's address."""

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from django.views.i18n import set_language

from jusha.web.accounts.urls import urlpatterns as account_pages
from jusha.web.desk.urls import urlpatterns as desk_pages
from jusha.web.office.shelves import registered as office
from jusha.web.views import open_data as opened
from jusha.web.views import platform_reports
from jusha.web.views.abuse import abuse
from jusha.web.views.assets import serve_asset
from jusha.web.views.beside import beside, beside_day, find
from jusha.web.views.campaign import campaign
from jusha.web.views.certificate import own_picture, public_card
from jusha.web.views.charity import charity
from jusha.web.views.company import apply as company_apply
from jusha.web.views.company import company
from jusha.web.views.company import listed as companies
from jusha.web.views.company import room as company_room
from jusha.web.views.days import all_days, closing, closing_file, pact
from jusha.web.views.deed import deed, deed_proof
from jusha.web.views.disclosures import of_charity, of_project, paper, yearly
from jusha.web.views.donate import donate
from jusha.web.views.files import log_file
from jusha.web.views.finding import charities, projects, search
from jusha.web.views.health import health
from jusha.web.views.help_seeking import help_seeking, how_listed
from jusha.web.views.home import home
from jusha.web.views.join import join
from jusha.web.views.kept import evidence, receipts, report
from jusha.web.views.law import law
from jusha.web.views.line import line
from jusha.web.views.live import live_file
from jusha.web.views.log import entries, log
from jusha.web.views.messages import messages
from jusha.web.views.mine import keep, mine, statement, statement_file, statement_letter
from jusha.web.views.names import names
from jusha.web.views.official import official, post, posts_feed
from jusha.web.views.order import order, order_proof, order_state
from jusha.web.views.pay import pay
from jusha.web.views.pay_inside import who
from jusha.web.views.poster import poster_code, scanned
from jusha.web.views.prepare import calendar, choose, prepared, prepared_state
from jusha.web.views.privacy import consent, copy, copy_file, erase, erased, privacy
from jusha.web.views.project import project
from jusha.web.views.rankings import rankings
from jusha.web.views.receipt import letter, receipt
from jusha.web.views.refund import refund
from jusha.web.views.report import counts, report_form, report_state
from jusha.web.views.rule import rule, rule_document
from jusha.web.views.screen import screen
from jusha.web.views.spending import project_spending
from jusha.web.views.styleguide import styleguide
from jusha.web.views.team import listed as teams
from jusha.web.views.team import team
from jusha.web.views.team_room import new as team_new
from jusha.web.views.team_room import room as team_room
from jusha.web.views.uploads import upload
from jusha.web.views.verify import program, verify, verify_file
from jusha.web.views.year_figures import year_figures

CODE = r"(?P<code>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)"
NUMBER = r"(?P<number>0|[1-9][0-9]{0,14})"
RULE = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?\.[1-9][0-9]{0,8})"
PLACE = r"(?:[1-9][0-9]{0,3}-)?[1-9][0-9]{0,5}"
ORDER = r"(?P<number>20[0-9]{16})"

# It changes in which language this browser reads, and nothing else; a token would make every page
# a page of its own.
change_language = csrf_exempt(set_language)

urlpatterns = [
    path("", home, name="home"),
    re_path(r"^live/(?P<name>.+)\Z", live_file, name="live"),
    path("find", search, name="find"),
    path("projects", projects, name="projects"),
    path("charities", charities, name="charities"),
    re_path(rf"^p/{CODE}\Z", project, name="project"),
    re_path(rf"^p/{CODE}/spending\Z", project_spending, name="project-spending"),
    re_path(rf"^p/{CODE}/donate\Z", donate, name="donate"),
    re_path(rf"^p/{CODE}/donate/line\Z", line, name="line"),
    re_path(rf"^p/{CODE}/disclosures\Z", of_project, name="disclosures"),
    re_path(
        rf"^p/{CODE}/disclosures/(?P<kind>[a-z]{{3,10}})/(?P<place>{PLACE})\Z",
        paper,
        name="disclosure",
    ),
    re_path(rf"^p/{CODE}/poster\.svg\Z", poster_code, name="poster"),
    re_path(r"^q/(?P<text>[A-Za-z0-9._~-]{20,120})\Z", scanned, name="scanned"),
    re_path(rf"^o/{ORDER}\Z", order, name="order"),
    re_path(rf"^o/{ORDER}/pay\Z", pay, name="pay"),
    re_path(rf"^o/{ORDER}/pay/who\Z", who, name="pay-who"),
    re_path(rf"^o/{ORDER}/state\Z", order_state, name="order-state"),
    re_path(rf"^o/{ORDER}/refund\Z", refund, name="refund"),
    re_path(rf"^o/{ORDER}/receipt\Z", receipt, name="receipt"),
    re_path(rf"^o/{ORDER}/receipt\.pdf\Z", letter, name="receipt-letter"),
    re_path(
        rf"^o/{ORDER}/(?P<what>certificate|card)\.(?P<kind>svg|png)\Z",
        own_picture,
        name="own-picture",
    ),
    re_path(rf"^o/{ORDER}\.tlog-proof\Z", order_proof, name="order-proof"),
    re_path(rf"^d/{NUMBER}\Z", deed, name="deed"),
    re_path(rf"^d/{NUMBER}/card\.png\Z", public_card, name="deed-card"),
    re_path(rf"^d/{NUMBER}\.tlog-proof\Z", deed_proof, name="deed-proof"),
    re_path(rf"^rule/{RULE}\Z", rule, name="rule"),
    re_path(rf"^rule/{RULE}\.toml\Z", rule_document, name="rule-document"),
    path("days", all_days, name="days"),
    path("pact", pact, name="pact"),
    re_path(rf"^c/{CODE}/report\Z", closing, name="closing"),
    re_path(rf"^c/{CODE}/report\.json\Z", closing_file, name="closing-file"),
    re_path(rf"^c/{CODE}\Z", campaign, name="campaign"),
    re_path(rf"^c/{CODE}/prepare\Z", choose, name="prepare"),
    re_path(rf"^c/{CODE}/rankings\Z", rankings, name="rankings"),
    re_path(rf"^c/{CODE}/screen\Z", screen, name="screen"),
    re_path(rf"^c/{CODE}/names\Z", names, name="names"),
    re_path(r"^prepared/(?P<token>[A-Za-z0-9_-]{22})\Z", prepared, name="prepared"),
    re_path(
        r"^prepared/(?P<token>[A-Za-z0-9_-]{22})/state\Z", prepared_state, name="prepared-state"
    ),
    re_path(r"^prepared/(?P<token>[A-Za-z0-9_-]{22})\.ics\Z", calendar, name="prepared-ics"),
    re_path(rf"^charity/{CODE}\Z", charity, name="charity"),
    re_path(rf"^charity/{CODE}/official\Z", official, name="official"),
    re_path(rf"^charity/{CODE}/official/posts\.atom\Z", posts_feed, name="posts-feed"),
    re_path(rf"^charity/{CODE}/official/{NUMBER}\Z", post, name="post"),
    re_path(rf"^charity/{CODE}/disclosures\Z", of_charity, name="charity-disclosures"),
    re_path(rf"^charity/{CODE}/years\Z", year_figures, name="charity-years"),
    re_path(
        rf"^charity/{CODE}/disclosures/(?P<place>20[0-9]{{2}})\Z",
        yearly,
        name="charity-disclosure",
    ),
    path("teams", teams, name="teams"),
    path("teams/new", team_new, name="team-new"),
    re_path(rf"^t/{CODE}\Z", team, name="team"),
    re_path(rf"^t/{CODE}/room\Z", team_room, name="team-room"),
    path("companies", companies, name="companies"),
    path("companies/apply", company_apply, name="company-apply"),
    re_path(rf"^company/{CODE}\Z", company, name="company"),
    re_path(rf"^company/{CODE}/room\Z", company_room, name="company-room"),
    path("law", law, name="law"),
    path("report", report_form, name="report"),
    re_path(
        r"^report/(?P<number>[1-9][0-9]{0,14})/(?P<secret>[A-Za-z0-9_-]{22})\Z",
        report_state,
        name="report-state",
    ),
    path("oversight", counts, name="oversight"),
    path("oversight/abuse", abuse, name="abuse"),
    path("oversight/reports", platform_reports.reports, name="platform-reports"),
    re_path(
        r"^oversight/reports/(?P<period>20[0-9]{2}(?:-h[12])?)\Z",
        platform_reports.report,
        name="platform-report",
    ),
    re_path(
        r"^oversight/reports/(?P<period>20[0-9]{2}(?:-h[12])?)\.csv\Z",
        platform_reports.table,
        name="platform-report-table",
    ),
    path("help-seeking", help_seeking, name="help-seeking"),
    path("how-listed", how_listed, name="how-listed"),
    path("log", log, name="log"),
    path("entries", entries, name="entries"),
    path("log/", RedirectView.as_view(pattern_name="log", permanent=True)),
    re_path(r"^log/(?P<name>.+)\Z", log_file, name="log-file"),
    path("beside", beside, name="beside"),
    path("beside/find", find, name="beside-find"),
    re_path(r"^beside/(?P<day>20[0-9]{2}-[0-9]{2}-[0-9]{2})\Z", beside_day, name="beside-day"),
    path("verify", verify, name="verify"),
    path("verify.html", verify_file, name="verify-file"),
    re_path(r"^verify/(?P<name>verify|recompute|watch)\.py\Z", program, name="program"),
    re_path(
        r"^files/(?P<sha256>[0-9a-f]{64})\.(?P<ending>jpg|png|webp|pdf|csv|xlsx)\Z",
        upload,
        name="upload",
    ),
    path("join", join, name="join"),
    path("receipts", receipts, name="receipts"),
    path("mine", mine, name="mine"),
    path("mine/keep", keep, name="mine-keep"),
    path("mine/messages", messages, name="messages"),
    re_path(r"^mine/(?P<year>20[0-9]{2})\Z", statement, name="mine-year"),
    re_path(r"^mine/(?P<year>20[0-9]{2})\.csv\Z", statement_file, name="mine-year-file"),
    re_path(r"^mine/(?P<year>20[0-9]{2})\.pdf\Z", statement_letter, name="mine-year-letter"),
    path("privacy", privacy, name="privacy"),
    path("privacy/consent", consent, name="privacy-consent"),
    path("privacy/copy", copy, name="privacy-copy"),
    path("privacy/copy.json", copy_file, name="privacy-copy-file"),
    path("privacy/erase", erase, name="privacy-erase"),
    path("privacy/erased", erased, name="privacy-erased"),
    *account_pages,
    *desk_pages,
    path("office/", office.urls),
    path("open", opened.open_data, name="open"),
    re_path(
        r"^open/(?P<name>projects|charities)\.(?P<form>csv|jsonl)\Z",
        opened.table,
        name="open-table",
    ),
    re_path(
        r"^open/gifts/(?P<day>20[0-9]{2}-[0-9]{2}-[0-9]{2})\.csv\Z", opened.gifts, name="open-gifts"
    ),
    path("open/grants.json", opened.grants_file, name="open-grants"),
    path("open/projects.atom", opened.feed, name="feed"),
    path("open/progress.atom", opened.progress_feed, name="progress-feed"),
    re_path(rf"^p/{CODE}/data\.jsonld\Z", opened.linked_project, name="project-linked"),
    re_path(rf"^charity/{CODE}/data\.jsonld\Z", opened.linked_charity, name="charity-linked"),
    re_path(rf"^d/{NUMBER}/data\.jsonld\Z", opened.linked_deed, name="deed-linked"),
    path("sitemap.xml", opened.sitemap, name="sitemap"),
    path("sitemap/pages.xml", opened.sitemap_pages, name="sitemap-pages"),
    re_path(
        rf"^sitemap/(?P<name>projects|charities)/{CODE}/part\.xml\Z",
        opened.sitemap_part,
        name="sitemap-part",
    ),
    path("robots.txt", opened.robots, name="robots"),
    path("kept/report", report, name="kept-report"),
    path("kept/evidence", evidence, name="kept-evidence"),
    path("health", health, name="health"),
    path("styleguide", styleguide, name="styleguide"),
    path("language", change_language, name="set_language"),
    path("assets/<str:digest>/<str:name>", serve_asset, name="asset"),
]
