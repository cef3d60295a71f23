"""Elements of SVG, built as a tree: whatever a manifest contains stays text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

WIDTH = 860


def root_of(height: float, width: float = WIDTH) -> ET.Element:
    """Return an SVG of this size."""
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "lastcall", "role": "img"})
    resize(root, height, width)
    return root


def resize(root: ET.Element, height: float, width: float = WIDTH) -> None:
    """Set the size of an SVG."""
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    root.set("viewBox", f"0 0 {width:g} {height:g}")


def words_at(parent: ET.Element, x: float, y: float, words: str, kind: str) -> ET.Element:
    """Add a text; ``kind`` is its class."""
    element = ET.SubElement(parent, "text", {"class": kind, "x": f"{x:g}", "y": f"{y:g}"})
    element.text = _printable(words)
    return element


def tooltip(parent: ET.Element, words: str) -> None:
    """Add what is shown at the pointer."""
    ET.SubElement(parent, "title").text = _printable(words)


def span(parent: ET.Element, words: str, kind: str) -> None:
    """Add a part to a text; ``kind`` is its class, or empty."""
    ET.SubElement(parent, "tspan", {"class": kind} if kind else {}).text = _printable(words)


def _printable(words: str) -> str:
    """Drop what XML cannot hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
