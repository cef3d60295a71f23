"""Manifests in every style that YAML has, for hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable


class Writer:
    """Writes JSON data as YAML in a style that is drawn anew for every value."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.comments = 0

    def once_in(self, number: int) -> bool:
        """Return True once in so many times."""
        return bool(self.draw(st.integers(1, number)) == number)

    def one_of(self, *choices: Any) -> Any:
        """Return one of the choices."""
        return self.draw(st.sampled_from(choices))

    def comment(self) -> str:
        """Return a comment of its own, or nothing."""
        self.comments += 1
        return "" if self.once_in(2) else f" # c{self.comments}"

    def scalar(self, value: Any) -> str:
        """Return a scalar, plain or in quotes."""
        if not isinstance(value, str):
            return "null" if value is None else str(value)
        return str(self.one_of(value, f'"{value}"', f"'{value}'"))

    def flow(self, value: Any) -> str:
        """Return the value on one line."""
        if isinstance(value, dict):
            space = str(self.one_of("", " "))
            return "{" + space + ", ".join(f"{k}: {self.flow(v)}" for k, v in value.items()) + space + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.flow, value)) + "]"
        return self.scalar(value)

    def below(self, value: Any, indent: int) -> str:
        """Return what stands behind a key or dash at this column, to the line's end and further."""
        if not isinstance(value, dict | list) or not value or self.once_in(4):
            return f" {self.flow(value)}{self.comment()}\n"
        inner = indent + (self.one_of(0, 2) if isinstance(value, list) else self.one_of(2, 2, 4))
        lines = self.comment() + "\n"
        for item in value.items() if isinstance(value, dict) else value:
            if self.once_in(3):
                self.comments += 1
                lines += self.one_of("\n", f"{' ' * inner}# c{self.comments}\n")
            if isinstance(value, dict):
                lines += f"{' ' * inner}{item[0]}:" + self.below(item[1], inner)
            else:
                lines += f"{' ' * inner}-" + self.item(item, inner)
        return lines

    def item(self, item: Any, indent: int) -> str:
        """Return what stands behind a dash: a mapping may begin on the same line."""
        if not isinstance(item, dict) or not item or self.once_in(2):
            return self.below(item, indent + 1 if isinstance(item, list) else indent)
        pairs = [f"{k}:" + self.below(v, indent + 2) for k, v in item.items()]
        return " " + (" " * (indent + 2)).join(pairs)


NAMES = st.sampled_from(("web", "app", "proxy"))
COMMANDS = st.sampled_from((["npm", "start"], ["node", "server.js"], ["npx", "next"], ["sleep", "1d"]))
CONTAINER: Any = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "image": st.just("a/b:1.2"),
        "command": COMMANDS,
        "args": st.just(["--port", "http"]),
        "ports": st.just([{"containerPort": 3000}]),
        "env": st.just([{"name": "A", "value": "b c"}]),
        "lifecycle": st.sampled_from((None, {"preStop": {"sleep": {"seconds": 3}}})),
    },
)
POD: Any = st.fixed_dictionaries(
    {"spec": st.fixed_dictionaries(
        {"containers": st.lists(CONTAINER, min_size=1, max_size=2, unique_by=lambda c: str(c["name"]))},
        optional={"terminationGracePeriodSeconds": st.sampled_from((None, 10, 60)), "nodeName": st.just("n")},
    )},
    optional={"metadata": st.sampled_from((None, {}, {"labels": {"app": "web"}}, {"annotations": {"a": "b"}}))},
)  # fmt: skip


@st.composite
def texts(draw: Callable[[Any], Any]) -> str:
    """Write a file with one to three documents."""
    writer, result = Writer(draw), draw(st.sampled_from(("", "# c0 licence\n---\n", "# c0\n\n", "---\n")))
    for number in range(draw(st.integers(1, 3))):
        head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
        pod = {**head, "spec": {"replicas": 2, "template": draw(POD)}}
        body = "".join(f"{k}:" + writer.below(v, 0) for k, v in pod.items())
        result += ("---\n" * bool(number)) + body + draw(st.sampled_from(("", "", "---\n# c1000 only a comment\n")))
    result = result if draw(st.booleans()) else result.removesuffix("\n")
    result = result.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))
    return str(draw(st.sampled_from(("", "\ufeff"))) + result)
