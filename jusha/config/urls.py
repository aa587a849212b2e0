"""Addresses of the site: pages live in the web room, the API in its own."""

from django.urls import include, path

urlpatterns = [path("", include("jusha.api.urls")), path("", include("jusha.web.urls"))]
handler400 = "jusha.api.edge.bad_request"
