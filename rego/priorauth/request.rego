# METADATA
# title: Request check
# description: >-
#   What is wrong with a request document, by the vocabulary of facts: every error at once, each with its JSON Pointer and
#   a plain message. `null` is the same as absent everywhere, except as an item of an array.
package priorauth.request

import data.priorauth.calendar
import data.priorauth.spelling
import data.priorauth.version
import data.priorauth.vocabulary

# METADATA
# title: Errors
# description: >-
#   The errors of the request document, by path; empty when it is well formed. Of too many there is one that says so:
#   putting them in order takes Wasm the square of their number.
errors := [] if {
	_well_formed
} else := [{"path": error[0], "message": error[1]} | some error in sort(_errors)] if {
	count(_errors) <= _most
} else := [{"path": "", "message": $"has more than {_most} errors, too many to list"}]

_most := 1000

# METADATA
# title: Request id
# description: The request's id as it is echoed, `null` when it has none that can be.
default id := null

id := input.request_id if _scalar("string", data.facts.request_id, input.request_id)

# Most requests are well formed: what they state is in the vocabulary and as it says. Then no error is looked for one by
# one. Each rule looks at all facts for one thing that can be wrong with them.
_well_formed if {
	input.type
	input.service_date
	input.drug.name
	not _peculiar_fact
	not _mistyped
	not _unlisted
	not _no_day
	not _no_text
	not _no_number
	not _peculiar_item
	not _born_out_of_range
	not _formulary_unknown
}

# What the request states that is not null: how it is declared, `null` where it is not, and its value.
_facts := array.concat(
	[[object.get(_shared, name, null), value] |
		some name, value in input
		not is_object(value)
		value != null
	],
	[[object.get(_shared, path, object.get(_own, path, null)), value] |
		some section, members in input
		some name, value in members
		is_string(name)
		value != null
		path := concat(".", [section, name])
	],
)

_shared := data.facts

default _own := {}

_own := version.text.facts

_peculiar_fact if {
	some [null, _] in _facts
}

# A name with a dot would pass for another path.
_peculiar_fact if {
	some name, members in input
	_dotted(name, members)
}

_dotted(name, _) if contains(name, ".")

_dotted(_, members) if {
	is_object(members)
	contains(concat("", object.keys(members)), ".")
}

_mistyped if {
	some [declared, value] in _facts
	object.get(_json_types, declared.type, "") != type_name(value)
}

_json_types := {
	"string": "string",
	"number": "number",
	"integer": "number",
	"boolean": "boolean",
	"array": "array",
}

_unlisted if {
	some [declared, value] in _facts
	not value in declared.enum
	declared.enum
}

_no_day if {
	some [declared, value] in _facts
	declared.format
	not _scalar("string", declared, value)
}

_no_text if {
	some [declared, value] in _facts
	is_string(value)
	not declared.enum
	not declared.format
	not _scalar("string", declared, value)
}

_no_number if {
	some [declared, value] in _facts
	is_number(value)
	not _scalar(declared.type, declared, value)
}

_peculiar_item if {
	some [declared, value] in _facts
	is_array(value)
	some item in value
	not _item(declared.items, item)
}

# A member of the request is a section, or a fact by itself.
_part(section, members) if {
	is_object(members)
	not data.facts[section]
	not contains(section, ".")
	not _malformed_member(section, members)
}

_part(name, value) if {
	not contains(name, ".")
	_sound(_declared(name), value)
}

_malformed_member(section, members) if {
	some name, value in members
	value != null
	not _sound(_declared(concat(".", [section, name])), value)
}

_malformed_member(_, members) if {
	some name, _ in members
	contains(name, ".")
}

_malformed_member(section, _) if not _section(section)

# A section is what some fact's path starts with. That of a guideline's own facts may have no shared fact.
_section(name) if _sections[name]

_sections contains split(path, ".")[0] if {
	some path, _ in data.facts
	contains(path, ".")
}

_declared(path) := declared if {
	declared := vocabulary.fact(path)
} else := declared if {
	declared := vocabulary.elsewhere[path]
} else := {"type": "nothing"}

_sound(declared, value) if _scalar(declared.type, declared, value)

_sound(declared, value) if {
	declared.type == "array"
	is_array(value)
	not _malformed_item(declared.items, value)
}

_malformed_item(declared, list) if {
	some item in list
	not _item(declared, item)
}

_item(declared, value) if _scalar(declared.type, declared, value)

_item(declared, item) if {
	declared.type == "object"
	is_object(item)
	not _lacking(declared, item)
	not _malformed_property(declared, item)
}

_lacking(declared, item) if {
	some name in declared.required
	object.get(item, name, null) == null
}

_malformed_property(declared, item) if {
	some name, value in item
	value != null
	not _property(declared, name, value)
}

_property(declared, name, value) if {
	property := declared.properties[name]
	_scalar(property.type, property, value)
}

_scalar("boolean", _, value) if is_boolean(value)

_scalar("number", declared, value) if {
	is_number(value)
	not _out_of_range(declared, value)
}

_scalar("integer", declared, value) if {
	is_number(value)
	floor(value) == value
	not _out_of_range(declared, value)
}

_scalar("string", declared, value) if value in declared.enum

_scalar("string", declared, value) if {
	declared.format == "date"
	is_string(value)
	calendar.day(value)
	regex.match(object.get(declared, "pattern", ""), value)
}

_scalar("string", declared, value) if {
	not declared.enum
	not declared.format
	is_string(value)
	spelling.trimmed(value) != ""
	count(value) <= object.get(declared, "maxLength", 100000)
	regex.match(object.get(declared, "pattern", ""), value)
	not _says_nothing(declared, value)
}

# Where a text answers a question, one that only says that there is nothing is none.
_says_nothing(declared, value) if {
	declared.title != "Request id"
	spelling.placeholder(value)
}

_out_of_range(declared, value) if value < declared.minimum

_out_of_range(declared, value) if value <= declared.exclusiveMinimum

_out_of_range(declared, value) if value > declared.maximum

_born_out_of_range if input.member.birth_date > input.service_date

_born_out_of_range if calendar.completed_years(input.member.birth_date, input.service_date) >= 120

_formulary_unknown if {
	is_string(input.member.formulary)
	not spelling.formulary(input.member.formulary)
}

# From here on every error is looked for, each in its place.
_errors contains ["", "must be a JSON object, sent as the value of \"input\""] if not is_object(input)

_errors contains [_pointer([name]), _expected(data.facts[name])] if {
	some name, value in input
	value != null
	not _part(name, value)
	not is_array(value)
	data.facts[name]
}

_errors contains [_pointer([name]), _expected(data.facts[name])] if {
	some name, value in input
	is_array(value)
	data.facts[name].type != "array"
}

_errors contains [_pointer([name]), "must be an object"] if {
	some name, value in input
	value != null
	not is_object(value)
	_sections[name]
}

_errors contains [_pointer([name]), _unknown] if {
	some name, value in input
	value != null
	not _part(name, value)
	not data.facts[name]
	not _is_section(name, value)
}

_is_section(name, _) if _sections[name]

_is_section(name, value) if {
	is_object(value)
	not contains(name, ".")
	some path, _ in vocabulary.elsewhere
	startswith(path, concat("", [name, "."]))
}

_errors contains [_pointer([section, name]), _expected(declared)] if {
	some section, members in input
	is_object(members)
	not data.facts[section]
	some name, value in members
	value != null
	declared := _declared_in(section, name)
	not _sound(declared, value)
	not _items_tell(declared, value)
}

_declared_in(section, name) := {"type": "nothing"} if {
	contains(concat("", [section, name]), ".")
} else := _declared(concat(".", [section, name]))

_items_tell(declared, value) if {
	declared.type == "array"
	is_array(value)
}

_lists contains [[name], data.facts[name].items, value] if {
	some name, value in input
	is_array(value)
	data.facts[name].type == "array"
}

_lists contains [[section, name], declared.items, value] if {
	some section, members in input
	is_object(members)
	some name, value in members
	is_array(value)
	declared := _declared_in(section, name)
	declared.type == "array"
}

_errors contains [_pointer(array.concat(place, [index])), _expected(declared)] if {
	some [place, declared, list] in _lists
	some index, item in list
	not _item(declared, item)
	not is_object(item)
}

_errors contains [_pointer(array.concat(place, [index])), _expected(declared)] if {
	some [place, declared, list] in _lists
	declared.type != "object"
	some index, item in list
	is_object(item)
}

_errors contains [_pointer(array.concat(place, [index, name])), "is required"] if {
	some [place, declared, list] in _lists
	some index, item in list
	is_object(item)
	some name in declared.required
	object.get(item, name, null) == null
}

_errors contains [_pointer(array.concat(place, [index, name])), _expected(object.get(declared.properties, name, {"type": "nothing"}))] if {
	some [place, declared, list] in _lists
	some index, item in list
	is_object(item)
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
	not _drug_mistyped
}

_drug_mistyped if {
	input.drug != null
	not is_object(input.drug)
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

_errors contains ["/member/formulary", concat("", ["must be a formulary of the plan's: ", concat(", ", sort(object.keys(_formularies)))])] if {
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

_expected(declared) := concat(" or ", _but_one(declared.enum)) if declared.enum

_expected(declared) := _date(declared) if declared.format == "date"

_expected(declared) := concat("", ["must match the pattern ", declared.pattern]) if {
	declared.pattern
	not declared.format
}

_expected(declared) := $"must be a string of 1 to {declared.maxLength} characters" if declared.maxLength

_expected(declared) := "must be a text that says something: not blank, and no placeholder such as N/A" if {
	declared.type == "string"
	not declared.enum
	not declared.format
	not declared.pattern
	not declared.maxLength
}

_expected(declared) := $"must be a number{_range(declared)}" if declared.type == "number"

_expected(declared) := $"must be a whole number{_range(declared)}" if declared.type == "integer"

_date(declared) := "must be a day that exists, written YYYY-MM-DD, from 1990 to 2099" if declared.pattern

_date(declared) := "must be a day that exists, written YYYY-MM-DD, from 1870 to 2099" if not declared.pattern

_but_one(values) := array.concat(
	[$"must be one of {concat(", ", array.slice(values, 0, count(values) - 1))}" | count(values) > 1],
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
