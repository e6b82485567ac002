"""Property tests explore on a person's machine; where CI is set, they run the same examples every time."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
