"""One address: where a signed gift is posted."""

from django.urls import path

from benchmarks.usual_django.views import donations

urlpatterns = [path("donations", donations)]
