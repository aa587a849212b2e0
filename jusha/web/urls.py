"""Every page's address."""

from django.urls import path, re_path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from jusha.web.views.assets import serve_asset
from jusha.web.views.beside import beside, beside_day, find
from jusha.web.views.campaign import campaign
from jusha.web.views.charity import charity
from jusha.web.views.deed import deed, deed_proof
from jusha.web.views.donate import donate
from jusha.web.views.files import log_file
from jusha.web.views.health import health
from jusha.web.views.home import home
from jusha.web.views.kept import evidence, receipts, report
from jusha.web.views.live import live_file
from jusha.web.views.log import entries, log
from jusha.web.views.order import order, order_proof
from jusha.web.views.project import project
from jusha.web.views.rule import rule, rule_document
from jusha.web.views.styleguide import styleguide
from jusha.web.views.verify import verify, verify_file

CODE = r"(?P<code>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)"
NUMBER = r"(?P<number>0|[1-9][0-9]{0,14})"
RULE = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?\.[1-9][0-9]{0,8})"
ORDER = r"(?P<number>20[0-9]{16})"

urlpatterns = [
    path("", home, name="home"),
    re_path(r"^live/(?P<name>.+)\Z", live_file, name="live"),
    re_path(rf"^p/{CODE}\Z", project, name="project"),
    re_path(rf"^p/{CODE}/donate\Z", donate, name="donate"),
    re_path(rf"^o/{ORDER}\Z", order, name="order"),
    re_path(rf"^o/{ORDER}\.tlog-proof\Z", order_proof, name="order-proof"),
    re_path(rf"^d/{NUMBER}\Z", deed, name="deed"),
    re_path(rf"^d/{NUMBER}\.tlog-proof\Z", deed_proof, name="deed-proof"),
    re_path(rf"^rule/{RULE}\Z", rule, name="rule"),
    re_path(rf"^rule/{RULE}\.toml\Z", rule_document, name="rule-document"),
    re_path(rf"^c/{CODE}\Z", campaign, name="campaign"),
    re_path(rf"^charity/{CODE}\Z", charity, name="charity"),
    path("log", log, name="log"),
    path("entries", entries, name="entries"),
    path("log/", RedirectView.as_view(pattern_name="log", permanent=True)),
    re_path(r"^log/(?P<name>.+)\Z", log_file, name="log-file"),
    path("beside", beside, name="beside"),
    path("beside/find", find, name="beside-find"),
    re_path(r"^beside/(?P<day>20[0-9]{2}-[0-9]{2}-[0-9]{2})\Z", beside_day, name="beside-day"),
    path("verify", verify, name="verify"),
    path("verify.html", verify_file, name="verify-file"),
    path("receipts", receipts, name="receipts"),
    path("kept/report", report, name="kept-report"),
    path("kept/evidence", evidence, name="kept-evidence"),
    path("health", health, name="health"),
    path("styleguide", styleguide, name="styleguide"),
    path("language", set_language, name="set_language"),
    path("assets/<str:digest>/<str:name>", serve_asset, name="asset"),
]
