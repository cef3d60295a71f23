"""The three verdicts."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Whether requests are lost when a Pod ends."""

    LOSES = "loses"
    """Requests are lost."""
    SAFE = "safe"
    """Nothing is lost, and everything that the verdict depends on is known or a stated assumption."""
    UNKNOWN = "unknown"
    """Something that the verdict depends on is not in the manifest; a finding names it and what supplies it."""

    @property
    def symbol(self) -> str:
        """The verdict in one character, for a terminal, a chart and the page."""
        return {"loses": "✘", "safe": "✔"}.get(self.value, "?")

    @property
    def tone(self) -> str:
        """The class of its colour in SVG and on the page."""
        return {"loses": "bad", "safe": "good"}.get(self.value, "unsure")
