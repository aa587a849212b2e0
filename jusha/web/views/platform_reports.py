"""What the platform reports on its own running, for everybody: versions, and a table of figures."""

import csv
import io

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from jusha.oversight import platform_report as platform
from jusha.web.platform_shown import lines, ratios, title


def reports(request: HttpRequest) -> HttpResponse:
    """List the periods of which a report is out."""
    rows = [(each, title(each)) for each in platform.reports()]
    return render(request, "web/platform_reports.html", {"rows": rows})


def report(request: HttpRequest, period: str) -> HttpResponse:
    """Show a period's report, the newest version first."""
    found = platform.versions(period)
    if not found:
        raise Http404(period)
    shown = [(each, lines(each.figures), ratios(each.figures, each.cost)) for each in found]
    context = {"title": title(found[0]), "period": period, "shown": shown}
    return render(request, "web/platform_report.html", context)


def table(_request: HttpRequest, period: str) -> HttpResponse:
    """Every version of a period's report as CSV: figure, its name, number; amounts in fen."""
    found = platform.versions(period)
    if not found:
        raise Http404(period)
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(["period", "version", "figure", "name", "value"])
    for each in found:
        for line in lines(each.figures):
            rows.writerow([period, each.version, line.code, line.name, line.number])
        for code in ("income", "cost"):
            rows.writerow([period, each.version, code, "", getattr(each, code)])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="jusha-platform-{period}.csv"'
    return answer
