"""The pages' WSGI application, served by Granian in a process of its own."""

import gc
import os
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
pages = get_wsgi_application()

from django.conf import settings  # noqa: E402 - the application has read them

from jusha.config.metrics.serve import serve  # noqa: E402 - as above
from jusha.web.live_serve import before  # noqa: E402 - as above

GARBAGE: Final = (50_000, 20, 100)
"""A page makes some thousand objects that all die with it: to look for rings among them after each
700, and each time through all that was loaded at the start, costs a fifth of a page."""
application = before(pages)
gc.collect()
gc.freeze()
gc.set_threshold(*GARBAGE)

if settings.JUSHA_MODE_LACKS:
    raise ImproperlyConfigured(settings.JUSHA_MODE_LACKS)

serve("web", base_port=settings.JUSHA_METRICS_PORT)
