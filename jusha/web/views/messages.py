"""Messages of the account that is signed in."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from jusha.notices import queries as notices
from jusha.notices.read import mark_read
from jusha.people.models import UserAccount
from jusha.web.notice_words import line


@never_cache
def messages(request: HttpRequest) -> HttpResponse:
    """List the newest messages; what was new counts as read from now on."""
    if not isinstance(request.user, UserAccount):
        return redirect_to_login(request.get_full_path())
    found = notices.newest(request.user.pk)
    rows = [(each, line(each)) for each in found]
    if found and any(each.read_at is None for each in found):
        mark_read(request.user.pk, upto=found[0].pk, now=timezone.now())
    return render(request, "web/messages.html", {"rows": rows})
