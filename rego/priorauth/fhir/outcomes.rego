# METADATA
# title: Operation outcomes
# description: What is wrong with a call, as a FHIR OperationOutcome. Elements are named, and their values never quoted.
package priorauth.fhir.outcomes

# METADATA
# title: Issue
# description: A fault of an element, with its HTTP status and FHIR's code for issues of its kind.
issue(status, code, expression, text) := {"status": status, "code": code, "expression": expression, "text": text}

# METADATA
# title: Refused
# description: >-
#   The answer to a call that cannot be served: the gravest HTTP status, and every issue.
refused(issues) := {
	"status": min([issue.status | some issue in issues]),
	"body": resource([object.union(
		{"severity": "error", "code": issue.code, "details": {"text": issue.text}},
		{"expression": [issue.expression] | issue.expression != ""},
	) |
		some issue in sort(issues)
	]),
}

# METADATA
# title: Resource
# description: An OperationOutcome of these issues.
resource(issues) := {"resourceType": "OperationOutcome", "issue": issues}
