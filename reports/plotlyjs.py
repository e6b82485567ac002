"""plotly.js, packed to travel inside the page: 1.2 MB of source as half a megabyte of text.

It is plotly.js's own bundle of basic charts (npm: plotly.js-basic-dist-min), of the version that the installed plotly
draws for; `make plotlyjs` renews it. The whole of plotly.js is four times as long, and a browser reads all of it before
the first figure.
"""

import base64
import gzip
from functools import cache
from importlib.resources import files


@cache
def source() -> str:
    """The script, as it runs in the page once unpacked."""
    return files("reports").joinpath("assets", "plotly-basic.min.js").read_text(encoding="utf-8")


@cache
def packed() -> str:
    """Base64 of the gzipped source; no time in the header, so the same bytes every time."""
    return base64.b64encode(gzip.compress(source().encode(), compresslevel=9, mtime=0)).decode()
