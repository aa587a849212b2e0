"""The pages' WSGI application, served by Granian in a process of its own."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
pages = get_wsgi_application()

from django.conf import settings  # noqa: E402 - the application has read them

from jusha.config.metrics.serve import serve  # noqa: E402 - as above
from jusha.config.modes import ModeRefusedError  # noqa: E402 - as above
from jusha.web.live_serve import before  # noqa: E402 - as above

application = before(pages)

if settings.JUSHA_MODE_LACKS:
    raise ModeRefusedError(settings.JUSHA_MODE_LACKS)

serve("web", base_port=settings.JUSHA_METRICS_PORT)
