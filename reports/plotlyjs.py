"""plotly.js, packed to travel inside the page: 4.8 MB of source as 2 MB of text."""

import base64
import gzip
from functools import cache

from plotly.offline import get_plotlyjs


@cache
def source() -> str:
    """The script, as it runs in the page once unpacked."""
    return str(get_plotlyjs())


@cache
def packed() -> str:
    """Base64 of the gzipped source; no time in the header, so the same bytes every time."""
    return base64.b64encode(gzip.compress(source().encode(), compresslevel=9, mtime=0)).decode()
