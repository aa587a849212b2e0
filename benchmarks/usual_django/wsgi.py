"""The application object for Granian."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.usual_django.settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
