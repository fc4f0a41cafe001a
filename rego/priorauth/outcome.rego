# METADATA
# title: Outcome
# description: >-
#   The criteria of a request, and the outcome that follows from their statuses. Stages are settled in order:
#   applicability, coverage, limits. Within a stage a criterion not met takes precedence over an unknown one, and no
#   later stage can undo an earlier one.
package priorauth.outcome

import data.priorauth.criteria as kinds
import data.priorauth.criteria.groups
import data.priorauth.version

# METADATA
# title: Criteria
# description: All criteria of the request's type as a decision reports them, in order.
criteria := array.concat(array.concat(applicability, coverage), limits)

# METADATA
# title: Applicability
# description: The criteria that say whether the guideline applies to the member.
applicability := _judged(listed.applicability)

# METADATA
# title: Coverage
# description: The criteria that say whether the drug is covered.
coverage := _judged(listed.coverage)

# METADATA
# title: Limits
# description: The criteria that say how much is covered, and for how long.
limits := _judged(listed.limits)

# METADATA
# title: Listed
# description: The criteria as the guideline's data has them, for this type of request, by stage.
listed := {stage: array.concat(object.get(types, "every_request", []), object.get(types, input.type, [])) |
	some stage in ["applicability", "coverage", "limits"]
	types := object.get(version.text.criteria, stage, {})
}

# METADATA
# title: Outcome
# description: One of `not_applicable`, `pended`, `denied`, `modified` and `approved`.
value := _value if {
	# Where a criterion has no status, nothing follows from the others.
	is_array(criteria)
}

_value := "approved" if {
	{judged.status | some judged in criteria} == {"met"}
} else := "not_applicable" if {
	"not_met" in _statuses(applicability)
} else := "pended" if {
	"unknown" in _statuses(applicability)
} else := "denied" if {
	"not_met" in _statuses(coverage)
} else := "pended" if {
	"unknown" in (_statuses(coverage) | _statuses(limits))
} else := "modified" if {
	_statuses(limits) - {"met", "reduced"} == set()
}

# All of them or none: where the data lacks what a kind needs, there is no decision. A list without groups is judged
# directly, which is cheaper.
_judged(listed) := judged if {
	judged := [{"id": criterion.id, "clause": criterion.clause, "text": criterion.text, "status": status, "facts": facts} |
		some criterion in listed
		[status, facts] := kinds.judge(criterion.kind, criterion)
	]
	count(judged) == count(listed)
} else := judged if {
	judged := [groups.judge(criterion) | some criterion in listed]
	count(judged) == count(listed)
}

_statuses(judged) := {criterion.status | some criterion in judged}
