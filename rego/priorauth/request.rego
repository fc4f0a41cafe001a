# METADATA
# title: Request check
# description: >-
#   What is wrong with a request document, by the vocabulary of facts: every error at once, each with its JSON Pointer
#   and a plain message. `null` is the same as absent everywhere, except as an item of an array.
package priorauth.request

import data.priorauth.calendar
import data.priorauth.spelling
import data.priorauth.version
import data.priorauth.vocabulary

# METADATA
# title: Errors
# description: >-
#   The errors of the request document, by path; empty when it is well formed. Too many errors are replaced by one that
#   says so, because sorting them takes Wasm time in the square of their number.
errors := [] if {
	_well_formed
} else := [{"path": error[0], "message": error[1]} | some error in sort(_errors)] if {
	count(_errors) <= _most
} else := [{"path": "", "message": $"has more than {_most} errors, too many to list"}]

_most := 1000

# METADATA
# title: Request id
# scope: document
# description: The request's id as it is echoed, `null` when it has no valid one.
default id := null

id := input.request_id if _scalar("string", data.facts.request_id, input.request_id)

_well_formed if {
	input.type != null
	input.service_date != null
	input.drug.name != null
	_each_part_is_sound
	not _born_out_of_range
	not _formulary_unknown
}

_each_part_is_sound if data.usual.whole

else if {
	# Each stated fact is in the vocabulary and fits it, and each object is a section, because a fact of it is stated.
	count(_sound_facts) == count([name | some name, value in _unusual; value != null; not is_object(value)])
	count(_sound_members) == count([name |
		some members in _unusual
		is_object(members)
		some name, value in members
		value != null
	])
	{section | some section in _sound_members} == {name | some name, value in _unusual; is_object(value)}
}

# The parts of the request that the quick look finds well formed, on hosts that have it.
_usual := data.usual.parts if {
	data.usual.parts
} else := set()

_unusual := object.remove(input, _usual)

# Those of the rest that fit the vocabulary: facts by themselves, and members of sections. A name with a dot would pass
# for another path.
_sound_facts := array.concat(
	[name |
		some name, value in _unusual
		declared := data.facts[name]
		_scalar(declared.type, declared, value)
		not contains(name, ".")
	],
	[name |
		some name, value in _unusual
		is_array(value)
		_list(data.facts[name], value)
		not contains(name, ".")
	],
)

_sound_members := array.concat(
	[section |
		some section, members in _unusual
		is_object(members)
		some name, value in members
		declared := _vocabulary[concat(".", [section, name])]
		_scalar(declared.type, declared, value)
	],
	[section |
		some section, members in _unusual
		is_object(members)
		some name, value in members
		is_array(value)
		_list(_vocabulary[concat(".", [section, name])], value)
	],
)

_vocabulary := object.union(version.text.facts, data.facts) if {
	version.text.facts
} else := data.facts

# Whether a value fits its declaration, whose types are JSON Schema's.
_as_declared(declared, value) if _scalar(declared.type, declared, value)

_as_declared(declared, value) if {
	is_array(value)
	_list(declared, value)
}

_list(declared, list) if {
	declared.type == "array"
	count(list) == count([item | some item in list; _item(declared.items, item)])
}

_scalar("boolean", _, value) if is_boolean(value)

_scalar("number", declared, value) if {
	is_number(value)
	value <= object.get(declared, "maximum", value)
	value >= object.get(declared, "minimum", value)
	value > object.get(declared, "exclusiveMinimum", value - 1)
}

_scalar("integer", declared, value) if {
	is_number(value)
	value <= object.get(declared, "maximum", value)
	value >= object.get(declared, "minimum", value)
	floor(value) == value
}

_scalar("string", declared, value) if {
	value in declared.enum
} else if {
	declared.format == "date"
	calendar.day(value)
	regex.match(object.get(declared, "pattern", "^"), value)
} else if {
	is_string(value)
	not declared.enum
	not declared.format
	not _says_nothing(declared, value)
	regex.match(object.get(declared, "pattern", ""), value)
}

_says_nothing(declared, value) if {
	spelling.placeholder(value)
	not declared.maxLength
}

# The id of a request is whatever its sender calls it.
_says_nothing(_, "")

_says_nothing(declared, value) if count(value) > declared.maxLength

_item(declared, item) if {
	declared.type == "object"
	is_object(item)
	_required_stated(declared, item)
	count([name | some name, value in item; value != null]) == count([name |
		some name, value in item
		property := declared.properties[name]
		_scalar(property.type, property, value)
	])
}

_item(declared, item) if _scalar(declared.type, declared, item)

_required_stated(declared, item) if {
	count(declared.required) == count([name | some name in declared.required; item[name] != null])
} else if not declared.required

_property(declared, name, value) if {
	property := declared.properties[name]
	_scalar(property.type, property, value)
}

_born_out_of_range if input.member.birth_date > input.service_date

_born_out_of_range if {
	is_string(input.member.birth_date)
	is_string(input.service_date)
	calendar.completed_years(input.member.birth_date, input.service_date) >= 120
}

_formulary_unknown if {
	is_string(input.member.formulary)
	not spelling.formulary(input.member.formulary)
}

# From here on every error is found, each in its place.
_errors contains ["", "must be a JSON object, sent as the value of \"input\""] if not _is_object

_is_object if is_object(input)

# Each fact that is stated, in its place, with how it is declared.
_facts contains [[name], declared, value] if {
	some name, value in _object(input)
	value != null
	not _is_section(name, value)
	declared := _declared_alone(name)
}

_declared_alone(name) := {"type": "nothing"} if {
	contains(name, ".")
} else := object.get(data.facts, name, {"type": "nothing"})

_facts contains [[section, name], declared, value] if {
	some section, members in _object(input)
	_is_section(section, members)
	some name, value in _object(members)
	value != null
	declared := _declared(section, name)
}

_object(value) := value if is_object(value)

# The first step of a fact's path is a section.
_is_section(name, _) if _sections[name]

# For other sections all guidelines are searched, so not for these; in Wasm both rules are evaluated.
_is_section(name, value) if {
	not _sections[name]
	is_object(value)
	some path, _ in vocabulary.elsewhere
	startswith(path, concat("", [name, "."]))
	not contains(name, ".")
}

_sections contains split(path, ".")[0] if {
	some path, _ in _vocabulary
	contains(path, ".")
}

# A name with a dot would pass for another path.
_declared(section, name) := {"type": "nothing"} if {
	contains(concat("", [section, name]), ".")
} else := declared if {
	declared := _vocabulary[concat(".", [section, name])]
} else := declared if {
	declared := vocabulary.elsewhere[concat(".", [section, name])]
} else := {"type": "nothing"}

_errors contains [_pointer([section]), "must be an object"] if {
	some section in _sections
	value := input[section]
	value != null
	not is_object(value)
}

_errors contains [_pointer(place), _expected(declared)] if {
	some [place, declared, value] in _facts
	not _as_declared(declared, value)
	not _told_by_items(declared, value)
}

_told_by_items(declared, value) if {
	declared.type == "array"
	is_array(value)
}

_items contains [array.concat(place, [index]), declared.items, item] if {
	some [place, declared, value] in _facts
	_told_by_items(declared, value)
	some index, item in value
	not _item(declared.items, item)
}

_errors contains [_pointer(place), _expected(declared)] if {
	some [place, declared, item] in _items
	not _told_by_properties(declared, item)
}

_told_by_properties(declared, item) if {
	declared.type == "object"
	is_object(item)
}

_errors contains [_pointer(array.concat(place, [name])), "is required"] if {
	some [place, declared, item] in _items
	is_object(item)
	some name in declared.required
	object.get(item, name, null) == null
}

_errors contains [_pointer(array.concat(place, [name])), _expected(object.get(declared.properties, name, {"type": "nothing"}))] if {
	some [place, declared, item] in _items
	_told_by_properties(declared, item)
	some name, value in item
	value != null
	not _property(declared, name, value)
}

_errors contains [concat("", ["/", name]), "is required"] if {
	is_object(input)
	some name in ["type", "service_date"]
	object.get(input, name, null) == null
}

_errors contains ["/drug/name", "is required"] if {
	is_object(input)
	object.get(input, ["drug", "name"], null) == null
	object.get(input, "drug", null) == null
}

_errors contains ["/drug/name", "is required"] if {
	is_object(input.drug)
	object.get(input.drug, "name", null) == null
}

_errors contains ["/member/birth_date", "must not be after the service date"] if {
	_both_days
	input.member.birth_date > input.service_date
}

_errors contains ["/member/birth_date", "must not be 120 years or more before the service date"] if {
	_both_days
	calendar.completed_years(input.member.birth_date, input.service_date) >= 120
}

_both_days if {
	calendar.day(input.member.birth_date)
	calendar.day(input.service_date)
}

_errors contains ["/member/formulary", concat("", ["must be one of the plan's formularies: ", concat(", ", sort(object.keys(_formularies)))])] if {
	_formulary_unknown
	not spelling.placeholder(input.member.formulary)
	spelling.trimmed(input.member.formulary) != ""
}

_formularies[name] if some name in data.plan.formularies

_unknown := "is not a fact that any guideline on file declares; see the request schema"

# What a fact must be, in words; `_scalar` and `_item` say the same in code.
_expected(declared) := "must be true or false" if declared.type == "boolean"

_expected(declared) := "must be an array" if declared.type == "array"

_expected(declared) := "must be an object" if declared.type == "object"

_expected(declared) := _unknown if declared.type == "nothing"

_expected(declared) := $"must be {concat(" or ", _but_one(declared.enum))}" if declared.enum

_expected(declared) := _date(declared) if declared.format == "date"

_expected(declared) := concat("", ["must match the pattern ", declared.pattern]) if {
	declared.pattern
	not declared.format
}

_expected(declared) := $"must be a string of 1 to {declared.maxLength} characters" if declared.maxLength

_expected(declared) := "must be a meaningful text: not blank, and not a placeholder such as N/A" if {
	declared.type == "string"
	not declared.enum
	not declared.format
	not declared.pattern
	not declared.maxLength
}

_expected(declared) := $"must be a number{_range(declared)}" if declared.type == "number"

_expected(declared) := $"must be a whole number{_range(declared)}" if declared.type == "integer"

_date(declared) := "must be a real date, written YYYY-MM-DD, from 1990 to 2099" if declared.pattern

_date(declared) := "must be a real date, written YYYY-MM-DD, from 1870 to 2099" if not declared.pattern

_but_one(values) := array.concat(
	[$"one of {concat(", ", array.slice(values, 0, count(values) - 1))}" | count(values) > 1],
	[values[count(values) - 1]],
)

_range(declared) := concat("", array.concat(
	array.concat(
		[$" of at least {declared.minimum}" | declared.minimum],
		[$" above {declared.exclusiveMinimum}" | is_number(declared.exclusiveMinimum)],
	),
	[$" and at most {declared.maximum}" | declared.maximum],
))

# RFC 6901: `~` is written `~0` and `/` is written `~1`.
_pointer(place) := concat("", [concat("", ["/", replace(replace($"{step}", "~", "~0"), "/", "~1")]) | some step in place])
