# METADATA
# title: V. Coverage Duration
# description: How long coverage is available.
package priorauth.guidelines.xpovio.coverage_duration

import data.priorauth.figure
import data.priorauth.version

# METADATA
# title: Duration
# description: "V: coverage is available for up to 6 months; who asks for no duration asks for as long as that."
duration := {
	"id": "duration",
	"clause": _section.criteria.duration.clause,
	"text": _section.clauses[_section.criteria.duration.clause],
	"status": _status,
	"facts": {
		"months": object.get(input, ["duration_months"], null),
		"maximum": _maximum,
	},
}

# METADATA
# title: Months
# description: The months that are covered, those requested or as many as are available.
months := min([_requested, _maximum])

# METADATA
# title: Faults
# description: The figures of V that are missing or of the wrong kind.
faults contains {
	"path": "/sections/coverage_duration/criteria/duration/maximum_months",
	"message": "must be a whole number of at least 1",
} if not _maximum

_status := "met" if _requested <= _maximum

_status := "reduced" if _requested > _maximum

_requested := input.duration_months if {
	is_number(input.duration_months)
} else := _maximum

_maximum := figure.whole_number(_section.criteria.duration.maximum_months)

_section := version.text.sections.coverage_duration
