# METADATA
# title: Footer
# description: The paragraphs below the text — to which members the guideline applies, and closed formularies.
package priorauth.guidelines.xpovio.footer

import data.priorauth.version

# METADATA
# title: Drug on formulary
# description: "Footer: the guideline applies only to members whose covered formulary includes the drug."
drug_on_formulary := {
	"id": "drug_on_formulary",
	"clause": _section.criteria.drug_on_formulary.clause,
	"text": _section.clauses[_section.criteria.drug_on_formulary.clause],
	"status": _status,
	"facts": {"drug_on_formulary": object.get(input, ["member", "drug_on_formulary"], null)},
}

# METADATA
# title: Notices
# description: >-
#   Footer: on a closed formulary all appropriate alternatives come before a coverage exception (Reading 9).
notices := [{"code": "formulary_exception", "message": _exception} |
	input.member.drug_on_formulary == false
	input.member.closed_formulary == true
]

default _status := "unknown"

_status := "met" if input.member.drug_on_formulary == true

_status := "not_met" if input.member.drug_on_formulary == false

default _exception := "The drug is off a closed formulary. It is not known whether all appropriate formulary alternatives were tried; only then will a coverage exception be considered."

_exception := "The drug is off a closed formulary. All appropriate formulary alternatives were tried, so a coverage exception can be considered." if {
	input.member.formulary_alternatives_tried == true
}

_exception := "The drug is off a closed formulary. A coverage exception cannot be considered until all appropriate formulary alternatives were tried." if {
	input.member.formulary_alternatives_tried == false
}

_section := version.text.sections.footer
