# METADATA
# title: Drugs by their codes
# description: "What the codes of a medication say of a request: which drug, of which strength. Codes are data."
package priorauth.fhir.drugs

import data.priorauth.fhir.facts
import data.priorauth.fhir.resources
import data.priorauth.fhir.texts

# METADATA
# title: Stated
# description: >-
#   What a medication's CodeableConcept states of a request: by its codes or, failing that, by a name, which is its
#   whole text.
#   Undefined where it has neither, or where its codes, or its names, are of different drugs.
stated(concept) := object.union_n(coded) if {
	coded := _coded(concept)
	coded != []
	facts.contradicted({}, [facts.flat(each) | some each in coded; count(coded) > 1]) == set()
} else := {"drug": {"name": name}} if {
	_coded(concept) == []
	names := _names(concept)
	count({id | some each in names; id := texts.guideline(each)}) < 2
	name := array.concat([each | some each in names; texts.guideline(each)], names)[0]
}

_coded(concept) := [statement |
	some coding in resources.codings([concept])
	system := data.codes.systems[coding.system]
	some code in _spellings(system, coding.code)
	statement := data.codes[system][code]
]

_names(concept) := array.concat(
	[resources.text(concept.text) | true],
	[resources.text(coding.display) | some coding in resources.listed(concept.coding)],
)

# A National Drug Code names a labeler, a product and mostly a package. With 11 digits and no hyphens, each part that is
# short of its length has a zero before it.
_spellings(system, code) := {concat("-", [labeler, product_code]) |
	parts := _parts(code)
	some labeler in {parts[0], _unpadded(parts[0], 5)}
	some product_code in {parts[1], _unpadded(parts[1], 4)}
} if {
	system == "ndc"
} else := {code}

_parts(code) := [substring(code, 0, 5), substring(code, 5, 4)] if {
	regex.match(`^[0-9]{11}$`, code)
} else := split(code, "-")

_unpadded(part, length) := trim_prefix(part, "0") if {
	count(part) == length
} else := part
