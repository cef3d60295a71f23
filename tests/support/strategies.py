"""Pods as hypothesis makes them: valid ones of every shape, with unknown fields."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
WORDS = st.one_of(
    st.sampled_from(
        "npm start run yarn pnpm npx sh /bin/sh -c node server.js tini -- ./run.sh $(PORT) exec env".split()
    ),
    st.sampled_from(
        ["npm start", "docker-entrypoint.sh", "A=b", "lastcall", "ci", "--prefix", "d", "bash", "yarn-4.cjs"]
    ),
    st.text(max_size=8),
)
COMMANDS = st.lists(WORDS, max_size=6) | st.none()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
UNKNOWN = st.dictionaries(st.from_regex(r"x-[a-z]{1,4}", fullmatch=True), JSON, max_size=2)
HANDLERS = st.one_of(
    st.builds(lambda s: {"sleep": {"seconds": s}}, st.integers(0, 40)),
    st.builds(lambda n: {"exec": {"command": ["sleep", str(n)]}}, st.integers(0, 900)),
    st.just({"exec": {"command": ["/drain"]}}),
    st.just({"httpGet": {"port": 80}}),
)


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make objects in which every field may be missing or null, besides unknown ones."""
    known = st.fixed_dictionaries({}, optional=fields)
    return st.tuples(UNKNOWN, known).map(lambda parts: {**parts[0], **parts[1]})


LIFECYCLES = _object(postStart=HANDLERS, preStop=HANDLERS | st.none()) | st.none()


def _container(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = _object(command=COMMANDS, args=COMMANDS, lifecycle=LIFECYCLES, **more)
    return st.tuples(fields, NAMES).map(lambda parts: {**parts[0], "name": parts[1]})


ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [f"lastcall.webhook/{name}" for name in ("pre-stop-sleep-seconds", "drain-seconds", "sidecar-drain-seconds")]
        + [f"lastcall.webhook/{name}" for name in ("max-grace-seconds", "entrypoint", "status", "nonsense", "inject")]
        + [f"lastcall.webhook/{name}" for name in ("image-shell", "image-shell.a", "image-command.a")]
        + ["example.org/owner"]
    ),
    st.sampled_from(["0", "3", "20", "700", "exec", "off", "supervise", "soon", "disabled", "{", "", "yes", "no"])
    | st.sampled_from(['["npm", "start"]', '["node", ".yarn/releases/yarn-4.cjs", "start"]'])
    | st.just('{"grace-period":{"pod":[1,30]},"pre-stop":{"container/a":5}}'),
    max_size=3,
)
LABELS = st.dictionaries(st.one_of(NAMES, NAMES, st.just("serving.knative.dev/revision")), NAMES, max_size=1)
PODS = st.builds(
    lambda metadata, spec, containers, unknown: {
        **unknown,
        "metadata": metadata,
        "spec": {**spec, "containers": containers},
    },
    _object(annotations=ANNOTATIONS | st.none(), labels=LABELS) | st.none(),
    _object(
        initContainers=st.lists(_container(restartPolicy=st.sampled_from(["Always"])), max_size=2) | st.none(),
        terminationGracePeriodSeconds=st.integers(0, 900),
        restartPolicy=st.sampled_from(["Always", "Always", "Always", "Never"]),
        nodeSelector=st.just({"kubernetes.io/os": "linux"}),
    ),
    st.lists(
        _container(restartPolicy=st.sampled_from(["Always", "Never"])),
        min_size=1,
        max_size=3,
        unique_by=lambda container: container["name"],
    ),
    UNKNOWN,
)


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [*([at] if at else []), *(path for part, inner in items for path in places(inner, (*at, part)))]


def inside(node: Any, path: tuple[Any, ...]) -> Any:
    """Return what a document holds there, or None."""
    for part in path:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return None
    return node


@st.composite
def pairs(draw: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make two Pods that differ in one place: one lacks it, or has there what a third one has, or anything."""
    first, third = draw(PODS), draw(PODS)
    second = copy.deepcopy(first)
    grafts = [path for path in places(third) if isinstance(inside(first, path[:-1]), dict)]
    path = draw(st.sampled_from(grafts) | st.sampled_from(places(first)))
    node = inside(second, path[:-1])
    new = inside(third, path) if path in grafts else draw(JSON | st.just(...))
    if new is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = new
    return (first, second) if draw(st.booleans()) else (second, first)
