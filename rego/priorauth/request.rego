# METADATA
# title: Request check
# description: >-
#   What is wrong with a request document: every fault at once, each with its JSON Pointer and a plain message. `null`
#   is the same as absent everywhere, except as an item of an array. `schemas/request.json` says the same to editors.
package priorauth.request

import data.priorauth.calendar

# METADATA
# title: Errors
# description: >-
#   The faults of the request document, by path; empty when it is well formed. Of too many there is one that says so:
#   putting them in order takes Wasm the square of their number.
errors := [{"path": fault[0], "message": fault[1]} | some fault in sort(_faults)] if {
	count(_faults) <= _most
} else := [{"path": "", "message": $"has more than {_most} faults, too many to list"}]

_most := 1000

# METADATA
# title: Request id
# description: The request's id as it is echoed, `null` when it has none that can be.
default id := null

id := input.request_id if valid("identifier", input.request_id)

# METADATA
# title: Facts
# description: The JSON Pointers of the facts that requests can have, which are what a guideline may ask for.
facts contains concat("/", ["", section, name]) if {
	some section, properties in _sections
	some name, _ in properties
}

facts contains concat("/", ["", name]) if {
	some name, kind in _request
	kind != "object"
}

# METADATA
# title: Disease statuses
# description: The IMWG response categories that a request can state.
disease_statuses := {
	"stringent_complete_response",
	"complete_response",
	"very_good_partial_response",
	"partial_response",
	"minimal_response",
	"stable_disease",
	"progressive_disease",
	"not_evaluable",
}

# The kind of each property of a request, of its sections, and of the items of its lists.
_request := {
	"request_id": "identifier",
	"type": "request type",
	"service_date": "date",
	"drug": "object",
	"member": "object",
	"prescriber": "object",
	"diagnosis": "object",
	"nccn": "array",
	"documentation": "array",
	"dose": "object",
	"quantity": "object",
	"duration_months": "count",
	"prior_authorization": "object",
	"clinical": "object",
}

_sections := {
	"drug": {"name": "text"},
	"member": {
		"birth_date": "date",
		"benefit": "benefit",
		"formulary": "text",
		"drug_on_formulary": "boolean",
		"closed_formulary": "boolean",
		"formulary_alternatives_tried": "boolean",
	},
	"prescriber": {"npi": "npi", "taxonomies": "array"},
	"diagnosis": {"icd10": "text"},
	"dose": {"mg_per_week": "amount", "times_per_week": "count"},
	"quantity": {"tablets": "count", "days_supply": "count"},
	"prior_authorization": {"end_date": "date"},
	"clinical": {"disease_status": "disease status", "unacceptable_toxicity": "boolean"},
}

_items := {
	"nccn": {"source": "nccn source", "category": "nccn category"},
	"documentation": {"reference": "text", "type": "text", "date": "date"},
}

_required := {
	"request": ["type", "service_date"],
	"drug": ["name"],
	"nccn": ["source", "category"],
	"documentation": ["reference"],
}

# What a value of each kind must be, in words; `valid` says the same in code.
_expected := {
	"object": "must be an object",
	"array": "must be an array",
	"boolean": "must be true or false",
	"date": "must be a date that exists, written YYYY-MM-DD, from 0001-01-01 to 9998-12-31",
	"identifier": "must be a string of 1 to 128 characters",
	"text": "must be a string that is not blank",
	"npi": "must be a string of 10 digits",
	"taxonomy": "must be a NUCC taxonomy code: a string of 10 digits and capital letters that ends in X",
	"request type": "must be initial or renewal",
	"benefit": "must be pharmacy or medical",
	"nccn source": "must be guidelines or compendium",
	"nccn category": `must be one of the strings "1", "2A", "2B" and "3"`,
	"disease status": "must be stringent_complete_response, complete_response, very_good_partial_response, partial_response, minimal_response, stable_disease, progressive_disease or not_evaluable",
	"amount": "must be a number above 0, at most 1000000000",
	"count": "must be a whole number from 1 to 1000000000",
	"unknown": "is not a property that a request has here; see the request schema",
}

# METADATA
# title: Valid
# description: A value is of a kind.
valid("object", value) if is_object(value)

valid("array", value) if is_array(value)

valid("boolean", value) if is_boolean(value)

valid("date", value) if {
	is_string(value)
	regex.match(calendar.day, value)
}

valid("identifier", value) if {
	is_string(value)
	count(value) >= 1
	count(value) <= 128
}

valid("text", value) if {
	is_string(value)
	trim(value, "\t\n\u000b\f\r ") != ""
}

valid("npi", value) if {
	is_string(value)
	regex.match(`^[0-9]{10}$`, value)
}

valid("taxonomy", value) if {
	is_string(value)
	regex.match(`^[0-9A-Z]{9}X$`, value)
}

valid("request type", value) if value in {"initial", "renewal"}

valid("benefit", value) if value in {"pharmacy", "medical"}

valid("nccn source", value) if value in {"guidelines", "compendium"}

valid("nccn category", value) if value in {"1", "2A", "2B", "3"}

valid("disease status", value) if value in disease_statuses

valid("amount", value) if {
	is_number(value)
	value > 0
	value <= 1000000000
}

valid("count", value) if {
	is_number(value)
	value >= 1
	value <= 1000000000
	floor(value) == value
}

# Every object that the request is made of: where it stands, what it is and the properties it has.
_parts := array.concat(
	array.concat(
		[{"place": [], "name": "request", "properties": _request, "value": input} | is_object(input)],
		[{"place": [section], "name": section, "properties": _sections[section], "value": value} |
			some section, value in input
			is_object(value)
		],
	),
	[{"place": [list, position], "name": list, "properties": _items[list], "value": item} |
		some list in ["nccn", "documentation"]
		is_array(input[list])
		some position, item in input[list]
		is_object(item)
	],
)

_faults contains ["", "must be a JSON object, sent as the value of \"input\""] if count(_parts) == 0

_faults contains [_pointer(array.concat(part.place, [name])), _expected[kind]] if {
	some part in _parts
	some name, value in part.value
	kind := object.get(part.properties, name, "unknown")
	not valid(kind, value)
	value != null
}

_faults contains [_pointer(array.concat(part.place, [name])), "is required"] if {
	some part in _parts
	some name in _required[part.name]
	object.get(part.value, name, null) == null
}

_faults contains ["/drug/name", "is required"] if {
	is_object(input)
	object.get(input, "drug", null) == null
}

_faults contains [_pointer([list, position]), _expected.object] if {
	some list, _ in _items
	is_array(input[list])
	some position, item in input[list]
	not is_object(item)
}

_faults contains [_pointer(["prescriber", "taxonomies", position]), _expected.taxonomy] if {
	is_array(input.prescriber.taxonomies)
	some position, taxonomy in input.prescriber.taxonomies
	not valid("taxonomy", taxonomy)
}

_faults contains ["/member/birth_date", "must not be after the service date"] if {
	input.member.birth_date > input.service_date
	valid("date", input.member.birth_date)
	valid("date", input.service_date)
}

# RFC 6901: `~` is written `~0` and `/` is written `~1`.
_pointer(place) := concat("", [concat("", ["/", replace(replace($"{step}", "~", "~0"), "/", "~1")]) | some step in place])
