"""The pages' WSGI application, served by Granian in a process of its own."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
application = get_wsgi_application()
