"""The schemas of two emulators, compared command by command: names of types do not count, only what messages may hold."""


class Types:
    """A schema as `query-qmp-schema` gives it."""

    def __init__(self, entries):
        self.entries = {entry["name"]: entry for entry in entries}

    def of_kind(self, kind):
        return sorted(name for name, entry in self.entries.items() if entry["meta-type"] == kind)

    def shape(self, name):
        """A type's kind, and its parts by name."""
        entry = self.entries[name]
        kind = entry["meta-type"]
        if kind == "builtin":
            return entry["json-type"], {}
        if kind == "array":
            return "array", {"[]": (entry["element-type"], False)}
        if kind == "enum":
            return "enum", {member["name"]: (None, True) for member in entry["members"]}
        if kind == "alternate":
            return "alternate", {self.shape(member["type"])[0]: (member["type"], True) for member in entry["members"]}
        parts = {member["name"]: (member["type"], "default" in member) for member in entry["members"]}
        for variant in entry.get("variants", []):
            if self.shape(variant["type"])[1]:
                parts[f"({variant['case']})"] = (variant["type"], True)
        return "object", parts


def differences(own, peer, path, own_type, peer_type, seen):
    """Where messages of one type are not messages of the other."""
    if (own_type, peer_type) in seen:
        return
    seen.add((own_type, peer_type))
    own_kind, own_parts = own.shape(own_type)
    peer_kind, peer_parts = peer.shape(peer_type)
    if own_kind != peer_kind:
        yield f"{path}: {own_kind}, peer {peer_kind}"
        return
    # A branch that is missing with its tag's value is no difference of its own.
    missing = sorted(name for name in peer_parts if name not in own_parts and not name.startswith("("))
    if missing:
        yield f"{path}: without {' '.join(missing)}"
    required = [name for name in missing if not peer_parts[name][1]]
    if required and peer_kind == "object":
        yield f"{path}: the peer requires {' '.join(required)}"
    for name in sorted(own_parts):
        where = f"{path}.{name}"
        if name not in peer_parts:
            yield f"{where}: the peer does not have it"
        else:
            if own_parts[name][1] != peer_parts[name][1]:
                yield f"{where}: {'optional' if own_parts[name][1] else 'required'}, unlike the peer's"
            if own_parts[name][0] and peer_parts[name][0]:
                yield from differences(own, peer, where, own_parts[name][0], peer_parts[name][0], seen)


def compare(own_entries, peer_entries):
    """All differences of commands and events that `own` has."""
    own, peer = Types(own_entries), Types(peer_entries)
    for kind, parts in [("command", ("arg-type", "ret-type")), ("event", ("arg-type",))]:
        for name in own.of_kind(kind):
            if name not in peer.entries:
                yield f"{name}: the peer does not have it"
                continue
            mine, theirs = own.entries[name], peer.entries[name]
            for part in parts:
                yield from differences(own, peer, f"{name} {part}", mine[part], theirs[part], set())
            if mine.get("allow-oob") != theirs.get("allow-oob"):
                yield f"{name}: allow-oob {mine.get('allow-oob')}, peer {theirs.get('allow-oob')}"
            for feature in sorted(set(mine.get("features", [])) ^ set(theirs.get("features", []))):
                yield f"{name}: feature {feature}"
