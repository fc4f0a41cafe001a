# METADATA
# title: FHIR resources
# description: >-
#   The resources that came in together, and how one is found from another. Nothing is fetched: what is not among them
#   is not known. An element of a wrong type counts as absent.
package priorauth.fhir.resources

import data.priorauth.fhir.facts

# METADATA
# title: Entries
# description: What a Bundle holds, or a resource by itself, as entries of a Bundle.
entries(value) := [entry | some entry in listed(value.entry); is_string(entry.resource.resourceType)] if {
	value.resourceType == "Bundle"
} else := [{"resource": value}] if {
	is_string(value.resourceType)
} else := []

# METADATA
# title: Held
# description: >-
#   The resources of entries, ready to look things up in: by `Type/id` and by the entry's URL. `server` is the base URL
#   of whoever sent them, `null` when it is not known.
held(given, server) := {
	"all": [entry.resource | some entry in given],
	"found": facts.all_of(array.concat(
		[{key: [entry.resource]} |
			some entry in given
			is_string(entry.resource.id)
			key := concat("/", [entry.resource.resourceType, entry.resource.id])
		],
		[{entry.fullUrl: [entry.resource]} | some entry in given; is_string(entry.fullUrl)],
	)),
	"base": _base(server),
}

_base(server) := concat("", [trim_right(server, "/"), "/"]) if {
	is_string(server)
} else := ""

# METADATA
# title: Resolved
# description: The resource that a Reference in the resource `beside` points to; undefined when it is not there.
resolved(reference, beside, resources) := resource if {
	startswith(text(reference.reference), "#")
	[resource] := [contained | some contained in listed(beside.contained); contained.id == substring(reference.reference, 1, -1)]
} else := resource if {
	[resource] := resources.found[local(reference, resources)]
}

# METADATA
# title: Local
# description: What a Reference says, without the sender's own base URL and without a version.
local(reference, resources) := trim_prefix(split(text(reference.reference), "/_history/")[0], resources.base)

# METADATA
# title: Identity
# description: What a Reference points to, so that two can be compared, even where that is not there.
identity(reference, beside, resources) := $"{resource.resourceType}/{resource.id}" if {
	resource := resolved(reference, beside, resources)
	is_string(resource.id)
} else := local(reference, resources)

# METADATA
# title: Codings
# description: The codings of CodeableConcepts that have a system and a code.
codings(concepts) := [coding |
	some concept in concepts
	some coding in listed(concept.coding)
	is_string(coding.system)
	is_string(coding.code)
]

# METADATA
# title: Codes
# description: The codes of CodeableConcepts in one system.
codes(concepts, system) := [coding.code | some coding in codings(concepts); coding.system == system]

# METADATA
# title: Identifiers
# description: What an element is called in one system.
identifiers(element, system) := [text(identifier.value) | some identifier in listed(element.identifier); identifier.system == system]

# METADATA
# title: Quantity
# description: The number that a Quantity states in a unit; undefined when it is another unit, or only a bound.
quantity(element, unit) := element.value if {
	is_number(element.value)
	element.system == unit.system
	element.code == unit.code
	not element.comparator
}

# METADATA
# title: Listed
# description: A list as it is; undefined for anything else.
listed(value) := value if is_array(value)

# METADATA
# title: Text
# description: A text as it is; undefined for anything else.
text(value) := value if is_string(value)
