"""Timelines as pictures, for a terminal and as SVG. Both draw the same rows."""
