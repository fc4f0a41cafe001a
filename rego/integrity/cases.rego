# METADATA
# title: Worked cases
# description: >-
#   The results of worked cases, for authors of guidelines: the findings on the guidelines in `input.scope`, the
#   decisions on `input.cases`, and what becomes of approved cases when each fact is taken away. Nothing that serves
#   requests asks this.
package integrity.cases

import data.integrity
import data.priorauth.document

# METADATA
# title: Report
# description: >-
#   `answers` has a list for each case, in their order: its decision, or nothing if the guideline has findings, because
#   then there may be no decision. `probes` are as below.
report := {"findings": findings, "answers": answers, "probes": probes}

# METADATA
# title: Findings
# description: What is wrong with the guidelines in the scope.
findings := found if {
	chosen := input.scope
	found := integrity.findings with data.integrity.scope as chosen
}

# METADATA
# title: Answers
# description: The decision on each case.
answers := [answer |
	some each in input.cases
	answer := [_decision(each.request) | not each.guideline in _faulty]
]

_faulty contains finding.guideline if some finding in findings

_decision(request) := decision if {
	decision := document.whole with input as request
}

# METADATA
# title: Probes
# description: >-
#   Each fact of an approved case taken away, and set to null: the outcome and the quantity authorized of each, and
#   whether the two are decided alike. A property of a list's item is a fact; an item is not, because a list without it
#   states something else. Of cases that state the same facts and meet the same criteria, only the first is tried.
probes := [probe |
	some index in sort(_tried)
	request := input.cases[index].request
	walk(request, [path, value])
	is_string(path[count(path) - 1])
	not value == null
	not is_object(value)
	absent := _decision(json.patch(request, [{"op": "remove", "path": path}]))
	null_for_it := _decision(json.patch(request, [{"op": "replace", "path": path, "value": null}]))
	probe := {
		"case": index,
		"fact": concat(".", [$"{step}" | some step in path]),
		"absent": _short(absent),
		"null": _short(null_for_it),
		"alike": absent == null_for_it,
	}
]

_tried contains min(indices) if some indices in _alike

_alike[[decision.guideline, statuses, paths]] contains index if {
	some index, [decision] in answers
	decision.outcome == "approved"
	statuses := [each.status | walk(decision.criteria, [_, each])]
	paths := [path | walk(input.cases[index].request, [path, _])]
}

_short(decision) := {
	"outcome": decision.outcome,
	"quantity": object.get(decision, ["authorization", "quantity"], null),
}
