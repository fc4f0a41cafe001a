# METADATA
# title: Facts by their paths
# description: Parts of a request as facts by their paths with dots, so that what several sources say can be held together.
package priorauth.fhir.facts

# METADATA
# title: Flat
# description: The facts that a part of a request states, by path. `null` states nothing.
flat(part) := object.union(
	{name: value | some name, value in part; value != null; not is_object(value)},
	{concat(".", [section, name]): value |
		some section, members in part
		is_object(members)
		some name, value in members
		value != null
	},
)

# METADATA
# title: Nested
# description: The part of a request that states these facts.
nested(stated) := all_of([_nested(split(path, "."), value) | some path, value in stated])

# METADATA
# title: All of
# description: The union of objects; `{}` for no objects, where the builtin is undefined in Wasm.
all_of(parts) := object.union_n(array.concat([{}], parts))

_nested([name], value) := {name: value}

_nested([section, name], value) := {section: {name: value}}

# METADATA
# title: Known
# description: A fact in a part of a request; `null` where it is not stated.
known(part, path) := object.get(part, split(path, "."), null)

# METADATA
# title: Merged
# description: >-
#   A part of a request with what sources state beside it, by path. Lists are joined, because each source has the items
#   that it knows of.
merged(part, sources) := object.union(part, nested(object.union_n(array.concat(sources, [{path: items |
	some source in sources
	some path, value in source
	is_array(value)
	candidates := array.concat(_list(known(part, path)), [item | some each in sources; some item in each[path]])
	items := [item | some index, item in candidates; not item in array.slice(candidates, 0, index)]
}]))))

_list(value) := value if {
	is_array(value)
} else := []

# METADATA
# title: Contradicted
# description: The paths at which a source contradicts a part of a request, or another source.
contradicted(part, sources) := {path |
	some source in sources
	some path, value in source
	some other in array.concat([known(part, path)], [each[path] | some each in sources])
	not other in [null, value]
	not _add_up(value, other)
}

_add_up(one, other) if {
	is_array(one)
	is_array(other)
	not [] in [one, other]
}
