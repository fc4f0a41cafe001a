# METADATA
# title: II. Position Statement
# description: Coverage is determined with supporting clinical documentation for every request.
package priorauth.guidelines.xpovio.position_statement

import data.priorauth.figure
import data.priorauth.version

# METADATA
# title: Documentation
# description: "II: supporting clinical documentation. Without it nothing is known: its absence never denies."
documentation := {
	"id": "documentation",
	"clause": _section.criteria.documentation.clause,
	"text": _section.clauses[_section.criteria.documentation.clause],
	"status": _status,
	"facts": {
		"documents": _documents,
		"minimum": _minimum,
	},
}

# METADATA
# title: Faults
# description: The figures of II that are missing or of the wrong kind.
faults contains {
	"path": "/sections/position_statement/criteria/documentation/minimum_documents",
	"message": "must be a whole number of at least 1",
} if not _minimum

default _status := "unknown"

_status := "met" if {
	is_number(_documents)
	_documents >= _minimum
}

default _documents := null

_documents := count(input.documentation) if {
	is_array(input.documentation)
	count(input.documentation) > 0
}

_minimum := figure.whole_number(_section.criteria.documentation.minimum_documents)

_section := version.text.sections.position_statement
