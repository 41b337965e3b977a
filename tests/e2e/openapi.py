"""docs/openapi.yaml as a dictionary, and answers checked against its schemas.

Reads the part of YAML that the file is written in: mappings by indentation, lists of flow values,
flow mappings and lists, scalars that are plain or in double quotes.
"""
import json
import os
import re

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "openapi.yaml")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
         "number": (int, float), "null": type(None)}


def load(path=FILE):
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("# ")]
    return _block([(len(l) - len(l.lstrip()), l.strip()) for l in lines], 0)[0]


def _block(lines, at):
    indent = lines[at][0]
    made = [] if lines[at][1].startswith("- ") else {}
    while at < len(lines) and lines[at][0] == indent:
        text = lines[at][1]
        if isinstance(made, list):
            made.append(_Flow(text[2:]).whole())
            at += 1
            continue
        key, rest = _split(text)
        if rest:
            made[key] = _Flow(rest).whole()
            at += 1
        else:
            made[key], at = _block(lines, at + 1)
    return made, at


def _split(text):
    match = re.match(r'("(?:[^"\\]|\\.)*"|[^:]+):(?: (.*))?$', text)
    key = match.group(1)
    return (json.loads(key) if key.startswith('"') else key), match.group(2)


class _Flow:
    def __init__(self, text):
        self.text, self.at = text, 0

    def whole(self):
        value = self.value("")
        if self.at != len(self.text):
            raise ValueError(f"not understood: {self.text[self.at:]}")
        return value

    def value(self, ends):
        start = self.text[self.at]
        if start == "{":
            return dict(self.items("}", self.pair))
        if start == "[":
            return list(self.items("]", lambda: self.value(",]")))
        if start == '"':
            match = re.compile(r'"(?:[^"\\]|\\.)*"').match(self.text, self.at)
            self.at = match.end()
            return json.loads(match.group())
        match = re.compile(f"[^{re.escape(ends)}]*" if ends else ".*").match(self.text, self.at)
        self.at = match.end()
        return _scalar(match.group().strip())

    def items(self, end, item):
        self.at += 1
        while self.text[self.at] != end:
            yield item()
            while self.text[self.at] in ", ":
                self.at += 1
        self.at += 1

    def pair(self):
        key = self.value(":")
        self.at += 2
        return key, self.value(",}")


def _scalar(word):
    words = {"true": True, "false": False, "null": None}
    if word in words:
        return words[word]
    return int(word) if re.fullmatch(r"-?\d+", word) else word


def flaws(api, schema, value, where="answer"):
    """Yields what is wrong with `value`; a member that the schema does not name is wrong, too."""
    if "$ref" in schema:
        schema = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = [k for k in kinds if isinstance(value, TYPES[k])
            and not (isinstance(value, bool) and k in ("integer", "number"))]
    if kinds and not fits:
        yield f"{where}: {value!r} is no {' or '.join(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
        yield from _members(api, schema, value, where)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from flaws(api, schema.get("items", {}), item, f"{where}[{number}]")


def _members(api, schema, value, where):
    known = schema.get("properties", {})
    for key in schema.get("required", []):
        if key not in value:
            yield f"{where}.{key} is missing"
    for key, member in value.items():
        if key in known:
            yield from flaws(api, known[key], member, f"{where}.{key}")
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from flaws(api, schema["additionalProperties"], member, f"{where}.{key}")
        else:
            yield f"{where}.{key} is not described"
