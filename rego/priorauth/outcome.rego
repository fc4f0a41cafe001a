# METADATA
# title: Outcome
# description: >-
#   The outcome that follows from the statuses of the criteria. Stages are settled in order, applicability, coverage,
#   then limits: within a stage a criterion not met weighs before an unknown one, and no later stage can undo an earlier.
package priorauth.outcome

import data.priorauth.figure
import data.priorauth.version

# METADATA
# title: Criteria
# description: All criteria of the request's type, in the order of the decision.
criteria := array.concat(array.concat(applicability, coverage), limits)

# METADATA
# title: Applicability
# description: The criteria that say whether the guideline applies to the member.
applicability := data.priorauth.guidelines[version.id].applicability

# METADATA
# title: Coverage
# description: The criteria that say whether the drug is covered.
coverage := data.priorauth.guidelines[version.id].coverage

# METADATA
# title: Limits
# description: The criteria that say how much is covered, and for how long.
limits := data.priorauth.guidelines[version.id].limits

# METADATA
# title: Outcome
# description: >-
#   One of `not_applicable`, `pended`, `denied`, `modified` and `approved`. Undefined when a criterion has a status that
#   its stage does not know.
value := _value if {
	_applicability - {"met", "not_met", "unknown"} == set()
	_coverage - {"met", "not_met", "unknown"} == set()
	_limits - {"met", "reduced", "unknown"} == set()
}

_value := "not_applicable" if {
	"not_met" in _applicability
} else := "pended" if {
	"unknown" in _applicability
} else := "denied" if {
	"not_met" in _coverage
} else := "pended" if {
	"unknown" in _coverage
} else := "pended" if {
	"unknown" in _limits
} else := "modified" if {
	"reduced" in _limits
} else := "approved"

# METADATA
# title: Reviewed outcomes
# description: The outcomes that a clinician reviews before they are told to anyone. Undefined when one is none.
reviewed := outcomes if {
	outcomes := figure.strings(data.plan.clinician_review.outcomes)
	every outcome in outcomes {
		outcome in {"approved", "modified", "denied", "pended", "not_applicable", "invalid"}
	}
}

_applicability := {criterion.status | some criterion in applicability}

_coverage := {criterion.status | some criterion in coverage}

_limits := {criterion.status | some criterion in limits}
