"""``make demo``: the webhook answers a review, and two containers end: one as written, one as patched."""
