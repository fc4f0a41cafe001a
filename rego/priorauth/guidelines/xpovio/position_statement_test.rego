# II. Position Statement.
package priorauth.guidelines.xpovio.position_statement_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.position_statement

test_one_document_is_met if {
	position_statement.documentation == _documentation("met", 1) with input as fixtures.initial
}

test_several_documents_are_met if {
	position_statement.documentation == _documentation("met", 2) with input as fixtures.initial_with({"documentation": [
		{"reference": "a"},
		{"reference": "b", "type": "lab", "date": "2022-10-01"},
	]})
}

test_documentation_is_unknown_without_a_document if {
	every request in [
		fixtures.initial_with({"documentation": []}),
		fixtures.initial_with({"documentation": null}),
		fixtures.empty_initial,
		fixtures.empty_renewal,
	] {
		position_statement.documentation == _documentation("unknown", null) with input as request
	}
}

test_there_are_no_faults if {
	position_statement.faults == set() with input as fixtures.initial
}

test_a_minimum_that_is_none_is_a_fault if {
	every broken in [null, 0, 1.5, "1", [1]] {
		position_statement.faults == {{
			"path": "/sections/position_statement/criteria/documentation/minimum_documents",
			"message": "must be a whole number of at least 1",
		}} with input as fixtures.initial
			with data.guidelines as fixtures.replaced("/sections/position_statement/criteria/documentation/minimum_documents", broken)
	}
}

_documentation(status, documents) := {
	"id": "documentation",
	"clause": "II",
	"text": "Coverage is determined through a prior authorization process with supporting clinical documentation for every request",
	"status": status,
	"facts": {"documents": documents, "minimum": 1},
}
