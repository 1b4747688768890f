"""What all tests share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.register_profile("deep", parent=settings.get_profile("default"), max_examples=1500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Whoever runs the tests may be connected: that is none of their business.
os.environ["HXRULES_CREDENTIALS"] = str(Path(tempfile.gettempdir()) / "hxrules-tests" / "credentials.json")
os.environ["HXRULES_KEYRING"] = "off"
