"""Check a value against the part of JSON Schema that the project's own schemas use."""

from __future__ import annotations

from typing import Any

_TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
_TYPES["number"] = (int, float)
_KNOWN = {
    *("$schema", "title", "description", "default", "$defs"),
    *("$ref", "allOf", "anyOf", "type", "const", "enum", "properties", "required", "items", "additionalProperties"),
}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """Return what in the value the schema does not allow; raise ValueError for a keyword that is not known here."""
    if unknown := set(schema) - _KNOWN:
        raise ValueError(f"{at}: {unknown} is not checked")
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    found = [each for part in schema.get("allOf", ()) for each in problems(value, part, root, at)]
    options = [problems(value, part, root, at) for part in schema.get("anyOf", ())]
    found += [f"{at}: none of the alternatives"] if options and all(options) else []
    if not _is(value, schema.get("type")) or value not in schema.get("enum", [value]):
        return [*found, f"{at}: {value!r} is not {schema.get('type') or schema.get('enum')}"]
    if schema.get("const", value) != value:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if isinstance(value, list):
        parts = [each for index, item in enumerate(value) for each in _part(item, schema, "items", root, at, index)]
        return found + parts
    if isinstance(value, dict):
        found += [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            named = schema.get("properties", {}).get(name)
            found += (
                problems(item, named, root, f"{at}.{name}")
                if named is not None
                else _part(item, schema, "additionalProperties", root, at, name)
            )
    return found


def _part(item: Any, schema: dict[str, Any], key: str, root: dict[str, Any], at: str, name: object) -> list[str]:
    part = schema.get(key)
    return problems(item, part, root, f"{at}.{name}") if isinstance(part, dict) else []


def _is(value: Any, kind: str | None) -> bool:
    if kind is None or kind == "null":
        return kind is None or value is None
    return isinstance(value, _TYPES[kind]) and not (isinstance(value, bool) and kind in ("integer", "number"))
