"""Addresses of the API, and of the page that tells of it."""

from django.urls import path, re_path

from jusha.api.edge import serve
from jusha.api.page import page

urlpatterns = [
    path("api", page, name="api"),
    re_path(r"^api/v1/(?P<rest>(?s:.*))\Z", serve, name="api-v1"),
]
