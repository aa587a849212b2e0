"""QR codes, so that a record seen on one screen opens on a phone."""

import segno


def qr_data_uri(text: str) -> str:
    """An SVG of the code as a data URI: black on white, in any colour scheme."""
    return segno.make(text, error="m", micro=False).svg_data_uri(
        scale=4, border=2, dark="#1E1B17", light="#FFFFFF"
    )
