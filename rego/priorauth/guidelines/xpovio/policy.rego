# METADATA
# title: III. Policy
# description: What an initial request must meet.
package priorauth.guidelines.xpovio.policy

import data.priorauth.calendar
import data.priorauth.figure
import data.priorauth.request
import data.priorauth.version

# METADATA
# title: Age
# description: "III.1: the member is at least 18 years of age, in completed years on the service date (Reading 3)."
age := {
	"id": "age",
	"clause": _section.criteria.age.clause,
	"text": _section.clauses[_section.criteria.age.clause],
	"status": _age_status,
	"facts": {"age": _age, "minimum": _minimum_age},
}

# METADATA
# title: Prescriber
# description: "III.2: the prescriber is a hematologist or oncologist, by NUCC taxonomy code (Reading 4)."
prescriber := {
	"id": "prescriber",
	"clause": _section.criteria.prescriber.clause,
	"text": _section.clauses[_section.criteria.prescriber.clause],
	"status": _prescriber_status,
	"facts": {
		"taxonomies": _given_taxonomies,
		"accepted": _accepted_taxonomies,
	},
} if _known_taxonomies

# METADATA
# title: NCCN recommendation
# description: "III.3: an NCCN recommendation of category 1 or 2A supports the requested use."
nccn := {
	"id": "nccn",
	"clause": _section.criteria.nccn.clause,
	"text": _section.clauses[_section.criteria.nccn.clause],
	"status": _nccn_status,
	"facts": {
		"categories": _given_categories,
		"accepted": _accepted_categories,
	},
} if _known_categories

# METADATA
# title: Faults
# description: The figures of III that are missing or of the wrong kind.
faults contains {
	"path": "/sections/policy/criteria/age/minimum_years",
	"message": "must be a whole number of at least 1",
} if not _minimum_age

faults contains {
	"path": "/sections/policy/criteria/prescriber/taxonomies",
	"message": "must be an object of NUCC taxonomy codes, each with its title, at least one",
} if not _known_taxonomies

faults contains {
	"path": "/sections/policy/criteria/nccn/categories",
	"message": "must be an array of NCCN categories, at least one",
} if not _known_categories

default _age_status := "unknown"

_age_status := "met" if {
	is_number(_age)
	_age >= _minimum_age
}

_age_status := "not_met" if {
	is_number(_age)
	_age < _minimum_age
}

default _age := null

_age := calendar.completed_years(input.member.birth_date, input.service_date) if is_string(input.member.birth_date)

_minimum_age := figure.whole_number(_section.criteria.age.minimum_years)

default _prescriber_status := "unknown"

_prescriber_status := "met" if _specialist

_prescriber_status := "not_met" if {
	is_array(_given_taxonomies)
	not _specialist
}

_specialist if {
	some taxonomy in _given_taxonomies
	taxonomy in _accepted_taxonomies
}

default _given_taxonomies := null

_given_taxonomies := input.prescriber.taxonomies if {
	is_array(input.prescriber.taxonomies)
	count(input.prescriber.taxonomies) > 0
}

_accepted_taxonomies := figure.keys(_section.criteria.prescriber.taxonomies)

_known_taxonomies if {
	count(_accepted_taxonomies) > 0
	every taxonomy, title in _section.criteria.prescriber.taxonomies {
		request.valid("taxonomy", taxonomy)
		is_string(title)
	}
}

default _nccn_status := "unknown"

_nccn_status := "met" if _recommended

_nccn_status := "not_met" if {
	is_array(_given_categories)
	not _recommended
}

_recommended if {
	some category in _given_categories
	category in _accepted_categories
}

default _given_categories := null

_given_categories := [recommendation.category | some recommendation in input.nccn] if {
	is_array(input.nccn)
	count(input.nccn) > 0
}

_accepted_categories := figure.strings(_section.criteria.nccn.categories)

_known_categories if {
	every category in _accepted_categories {
		request.valid("nccn category", category)
	}
}

_section := version.text.sections.policy
