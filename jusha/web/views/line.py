"""The waiting page: the place in line, and on to paying when it is there."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jusha.web.views import donate as pressing
from jusha.web.waiting import SEE_OTHER, forget, keep_arrival, kept
from jusha.web.waiting_rules import ASK_EVERY_SECONDS

REDIRECTS = range(300, 400)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def line(request: HttpRequest, code: str) -> HttpResponse:
    """Say the place, or place the order that was pressed; a second tab is led where the first was.

    A form that is sent from here (because something in it had to be mended) is pressed anew.
    """
    if request.method == "POST":
        return pressing.donate(request, code)
    choice = kept(request, code)
    if choice is None or not choice.is_pressed:
        return HttpResponseRedirect(reverse("donate", args=(code,)), status=SEE_OTHER)
    waiting = pressing.WAITING
    if address := waiting.where(choice):
        return HttpResponseRedirect(address, status=SEE_OTHER)
    if request.method == "HEAD":
        return HttpResponse()
    if place := waiting.place(choice):
        context = {
            "place": place,
            "seconds": waiting.line.wait_seconds(place),
            "every": ASK_EVERY_SECONDS,
        }
        return render(request, "web/line.html", context)
    request.method, request.POST = "POST", choice.form  # type: ignore[assignment]
    answer = pressing.press(request, code, had_turn=True)
    if answer.status_code in REDIRECTS:
        forget(answer)
        waiting.went(choice, answer["Location"])
    else:
        waiting.give_back()
        keep_arrival(request, answer, choice)
    return answer
