"""QR codes, as SVG that stands in a page."""

import segno

# Modules of white around it, without which many cameras do not find it.
_QUIET_ZONE = 4
_PIXELS = 4


def qr_svg(text: str) -> str:
    """A text as a QR code in SVG: dark on white in any colour scheme, and without styles or scripts."""
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(
        scale=_PIXELS, border=_QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
