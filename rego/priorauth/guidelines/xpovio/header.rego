# METADATA
# title: Header
# description: The table "Applicable" — the benefit and the formularies to which the guideline applies.
package priorauth.guidelines.xpovio.header

import data.priorauth.figure
import data.priorauth.request
import data.priorauth.version

# METADATA
# title: Benefit
# description: "Applicable: the guideline is marked for the pharmacy benefit, not for the medical benefit."
benefit := {
	"id": "benefit",
	"clause": _section.criteria.benefit.clause,
	"text": _section.clauses[_section.criteria.benefit.clause],
	"status": _benefit_status,
	"facts": {
		"benefit": object.get(input, ["member", "benefit"], null),
		"applicable": _benefits,
	},
} if _known_benefits

# METADATA
# title: Formulary
# description: "Applicable: the guideline is marked for the formularies 1, 2, 3/Exclusive and 4/AON."
formulary := {
	"id": "formulary",
	"clause": _section.criteria.formulary.clause,
	"text": _section.clauses[_section.criteria.formulary.clause],
	"status": _formulary_status,
	"facts": {
		"formulary": object.get(input, ["member", "formulary"], null),
		"applicable": _formularies,
	},
} if _titled_formularies

# METADATA
# title: Faults
# description: The figures of the header that are missing or of the wrong kind.
faults contains {
	"path": "/sections/header/criteria/benefit/applicable",
	"message": "must be an array of benefits that a request can state, at least one",
} if not _known_benefits

faults contains {
	"path": "/sections/header/criteria/formulary/applicable",
	"message": "must be an object of formularies, each with its title, at least one",
} if not _titled_formularies

default _benefit_status := "unknown"

_benefit_status := "met" if input.member.benefit in _benefits

_benefit_status := "not_met" if {
	is_string(input.member.benefit)
	not input.member.benefit in _benefits
}

default _formulary_status := "unknown"

_formulary_status := "met" if input.member.formulary in _formularies

_formulary_status := "not_met" if {
	is_string(input.member.formulary)
	not input.member.formulary in _formularies
}

_benefits := figure.strings(_section.criteria.benefit.applicable)

_known_benefits if {
	every benefit in _benefits {
		request.valid("benefit", benefit)
	}
}

_formularies := figure.keys(_section.criteria.formulary.applicable)

_titled_formularies if {
	count(_formularies) > 0
	every title in _section.criteria.formulary.applicable {
		is_string(title)
	}
}

_section := version.text.sections.header
