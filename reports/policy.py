"""The page's Content-Security-Policy: it may run its own scripts, known by hash, and may talk to nobody."""

import base64
import hashlib
from collections.abc import Iterable


def policy(scripts: Iterable[str]) -> str:
    """A policy that lets exactly these inline scripts through, and no request.

    Styles stay open: plotly.js adds its own as it draws, and a style that may load nothing can tell nobody. Images are
    plotly.js's snapshots of its figures.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(digest, scripts))}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def digest(text: str) -> str:
    """The source expression of one inline element, https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
