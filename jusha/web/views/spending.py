"""What a project's money was spent on: every expense, newest first, a page at a time."""

import re
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from jusha.projects import expense_queries as expenses
from jusha.web import reference

PAGE: Final = 50
NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)


def project_spending(request: HttpRequest, code: str) -> HttpResponse:
    """List a project's expenses; `below` goes on behind the last of a page."""
    found, fund = reference.project(code), reference.fund(code)
    if found is None:
        raise Http404(code)
    asked = request.GET.get("below", "")
    below = int(asked) if NUMBER.fullmatch(asked) else 0
    listed = expenses.listed(fund.project, below=below, count=PAGE) if fund else []
    context = {
        "project": found,
        "line": reference.line(code),
        "expenses": listed,
        "more": listed[-1].number if len(listed) == PAGE else 0,
    }
    return render(request, "web/project_spending.html", context)
