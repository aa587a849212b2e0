"""Addresses of the site: all pages live in the web room."""

from django.urls import include, path

urlpatterns = [path("", include("jusha.web.urls"))]
