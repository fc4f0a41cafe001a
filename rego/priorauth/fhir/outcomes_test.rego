package priorauth.fhir.outcomes_test

import data.priorauth.fhir.outcomes

test_what_is_refused_is_so_by_its_gravest_status_and_with_every_issue if {
	issues := {
		outcomes.issue(422, "required", "Coverage.id", "must be there"),
		outcomes.issue(412, "incomplete", "prefetch.coverage", "must be prefetched"),
		outcomes.issue(422, "value", "", "is wrong"),
	}
	outcomes.refused(issues) == {"status": 412, "body": {"resourceType": "OperationOutcome", "issue": [
		{"severity": "error", "code": "incomplete", "details": {"text": "must be prefetched"}, "expression": ["prefetch.coverage"]},
		{"severity": "error", "code": "required", "details": {"text": "must be there"}, "expression": ["Coverage.id"]},
		{"severity": "error", "code": "value", "details": {"text": "is wrong"}},
	]}}
}
