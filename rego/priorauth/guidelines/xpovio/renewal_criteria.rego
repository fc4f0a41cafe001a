# METADATA
# title: VI. Coverage Renewal Criteria
# description: What a renewal must meet, and when it starts.
package priorauth.guidelines.xpovio.renewal_criteria

import data.priorauth.calendar
import data.priorauth.figure
import data.priorauth.request
import data.priorauth.version

# METADATA
# title: Prior authorization
# description: "VI: there is a coverage to renew. Without its end date nothing is known: its absence never denies."
prior_authorization := {
	"id": "prior_authorization",
	"clause": _section.criteria.prior_authorization.clause,
	"text": _section.clauses[_section.criteria.prior_authorization.clause],
	"status": _prior_authorization_status,
	"facts": {"end_date": object.get(input, ["prior_authorization", "end_date"], null)},
}

# METADATA
# title: Disease control
# description: "VI.1: the disease is stable or without progression; who cannot be evaluated is not known to be."
disease_control := {
	"id": "disease_control",
	"clause": _section.criteria.disease_control.clause,
	"text": _section.clauses[_section.criteria.disease_control.clause],
	"status": _disease_control_status,
	"facts": {
		"disease_status": object.get(input, ["clinical", "disease_status"], null),
		"controlled": _controlled,
		"progression": _progression,
	},
}

# METADATA
# title: Toxicity
# description: "VI.2: no unacceptable toxicity from the drug."
toxicity := {
	"id": "toxicity",
	"clause": _section.criteria.toxicity.clause,
	"text": _section.clauses[_section.criteria.toxicity.clause],
	"status": _toxicity_status,
	"facts": {"unacceptable_toxicity": object.get(input, ["clinical", "unacceptable_toxicity"], null)},
}

# METADATA
# title: Start date
# description: The first day of a renewal, the service date or the day after the prior authorization (Reading 8).
start_date := max([input.service_date, _earliest_start])

# METADATA
# title: Notices
# description: A renewal that starts more than a day after the prior authorization ended leaves a gap in coverage.
notices := [{
	"code": "coverage_gap",
	"message": "The renewal starts more than a day after the prior authorization ended.",
} |
	input.type == "renewal"
	start_date > _earliest_start
]

# METADATA
# title: Faults
# description: The figures of VI that are missing or of the wrong kind.
faults contains {
	"path": "/sections/renewal_criteria/criteria/disease_control/controlled",
	"message": "must be an array of disease statuses, at least one",
} if not _controlled

faults contains {
	"path": "/sections/renewal_criteria/criteria/disease_control/progression",
	"message": "must be an array of disease statuses, at least one",
} if not _progression

faults contains {
	"path": "/sections/renewal_criteria/criteria/disease_control/not_known",
	"message": "must be an array of disease statuses, at least one",
} if not _not_known

faults contains {
	"path": "/sections/renewal_criteria/criteria/disease_control",
	"message": "must have each disease status once, in `controlled`, `progression` or `not_known`",
} if {
	listed := array.concat(array.concat(_controlled, _progression), _not_known)
	sort(listed) != sort([status | some status in request.disease_statuses])
}

default _prior_authorization_status := "unknown"

_prior_authorization_status := "met" if is_string(input.prior_authorization.end_date)

_disease_control_status := "unknown" if object.get(input, ["clinical", "disease_status"], null) == null

_disease_control_status := "unknown" if input.clinical.disease_status in _not_known

_disease_control_status := "met" if input.clinical.disease_status in _controlled

_disease_control_status := "not_met" if input.clinical.disease_status in _progression

default _toxicity_status := "unknown"

_toxicity_status := "met" if input.clinical.unacceptable_toxicity == false

_toxicity_status := "not_met" if input.clinical.unacceptable_toxicity == true

_earliest_start := calendar.next_day(input.prior_authorization.end_date) if {
	is_string(input.prior_authorization.end_date)
}

_controlled := figure.strings(_section.criteria.disease_control.controlled)

_progression := figure.strings(_section.criteria.disease_control.progression)

_not_known := figure.strings(_section.criteria.disease_control.not_known)

_section := version.text.sections.renewal_criteria
