"""The public log's own files, byte for byte, for programs that check us."""

import re
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest

TILE: Final = re.compile(
    r"tile/(?:[0-9]|[1-5][0-9]|6[0-3]|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}"
    r"(?:\.p/(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?",
    re.ASCII,
)
TABLE: Final = re.compile(r"tables/[0-9a-f]{64}\.json", re.ASCII)
SIGNED: Final = re.compile(r"checkpoints/(?:0|[1-9][0-9]{0,15})", re.ASCII)
EVIDENCE: Final = re.compile(r"evidence/[A-Za-z0-9._-]{1,120}\.json", re.ASCII)
REFUSAL: Final = re.compile(r"refusals/[0-9a-f-]{1,60}\.txt", re.ASCII)
A_WHILE: Final = "public, max-age=60"
FOR_EVER: Final = "public, max-age=31536000, immutable"


def log_file(_request: HttpRequest, name: str) -> FileResponse:
    """Serve one file of the log by its exact name; anything else is not found.

    Sources: c2sp.org/tlog-tiles (types, caching), c2sp.org/tlog-checkpoint.
    """
    if name in {"checkpoint", "vkey", "policy"} or REFUSAL.fullmatch(name):
        kind, keep = "text/plain; charset=utf-8", "no-cache"
    elif SIGNED.fullmatch(name):
        # Its text is for ever; a witness that was away may still add its line.
        kind, keep = "text/plain; charset=utf-8", A_WHILE
    elif name == "witnesses.json" or EVIDENCE.fullmatch(name):
        kind, keep = "application/json", "no-cache"
    elif TABLE.fullmatch(name):
        kind, keep = "application/json", FOR_EVER
    elif TILE.fullmatch(name):
        kind, keep = "application/octet-stream", FOR_EVER
    else:
        raise Http404(name)
    try:
        file = (Path(settings.JUSHA_LOG_DIR) / "public" / name).open("rb")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise Http404(name) from error
    response = FileResponse(file, content_type=kind)
    response["Cache-Control"] = keep
    # Anyone's verifier, on any site, may read the log.
    response["Access-Control-Allow-Origin"] = "*"
    return response
