"""Pictures: decoded within limits, turned upright, and written anew without what they carried.

What a camera notes (place, time, serial number), colour profiles, comments and anything behind the
picture's end stay behind. The same bytes in give the same bytes out, by one version of Pillow.
"""

import io
from typing import Any, Final

from PIL import Image, ImageOps

from jusha.uploads.rules import PIXELS_MAX, SIDE_PIXELS_MAX, UploadRefusedError

QUALITY: Final = 85
BROKEN: Final = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, OverflowError)
"""What Pillow's readers raise for files that are not what they begin as."""
TOO_LARGE: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
HOW: Final[dict[str, dict[str, Any]]] = {
    "jpeg": {"quality": QUALITY, "optimize": True},
    "png": {"optimize": True},
    "webp": {"quality": QUALITY, "method": 4},
}


def redraw(data: bytes, kind: str) -> bytes:
    """Decode a picture and write it anew; the longer side is at most SIDE_PIXELS_MAX pixels.

    Raises UploadRefusedError: "broken", "too-many-pixels", "moving".
    """
    try:
        with Image.open(io.BytesIO(data), formats=[kind.upper()]) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise UploadRefusedError("too-many-pixels")
            if kind != "jpeg" and getattr(picture, "is_animated", False):
                raise UploadRefusedError("moving")
            return _written(picture, kind)
    except TOO_LARGE as error:
        raise UploadRefusedError("too-many-pixels") from error
    except BROKEN as error:
        raise UploadRefusedError("broken") from error


def _written(picture: Image.Image, kind: str) -> bytes:
    """The first frame, upright, in plain colours."""
    upright = ImageOps.exif_transpose(picture)
    has_holes = "A" in upright.getbands() or "transparency" in upright.info
    plain = upright.convert("RGBA" if has_holes and kind != "jpeg" else "RGB")
    plain.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX), Image.Resampling.LANCZOS)
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    out = io.BytesIO()
    bare.save(out, format=kind.upper(), **HOW[kind])
    return out.getvalue()
