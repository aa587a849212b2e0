"""The door process: takes messages, records them, and answers when they are durable."""

import os

from jusha.config import logs
from jusha.config.metrics.serve import serve


def main() -> None:
    """Serve on JUSHA_HOST and JUSHA_DOOR_PORT until told to stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
    import django  # noqa: PLC0415 - the role is chosen before the settings are read
    from django.conf import settings  # noqa: PLC0415 - as above

    django.setup()
    logs.configure("door")
    from jusha.door.server import run  # noqa: PLC0415 - as above

    serve("door", base_port=settings.JUSHA_METRICS_PORT)
    run(
        settings.HOME,
        host=settings.JUSHA_HOST,
        port=settings.JUSHA_DOOR_PORT,
        behind_proxy=settings.JUSHA_PROXY_HOPS > 0,
    )


if __name__ == "__main__":
    main()
