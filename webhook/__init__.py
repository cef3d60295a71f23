"""lastcall: let Pods end without losing a request."""

__version__ = "0.1.0"
