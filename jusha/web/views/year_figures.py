"""A charity's whole years for everybody: both ratios, forecast, the law's figure, the reason."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from jusha.charities import queries as charities
from jusha.oversight.year_figures import years
from jusha.web.year_words import shown


def year_figures(request: HttpRequest, code: str) -> HttpResponse:
    """Show every year that a charity told, newest version first."""
    found = charities.find(code)
    if found is None:
        raise Http404(code)
    rows = [(each, [shown(ratio) for ratio in each.ratios]) for each in years(code)]
    return render(request, "web/charity_years.html", {"charity": found, "rows": rows})
