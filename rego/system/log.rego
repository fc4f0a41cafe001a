# METADATA
# title: Decision log
# description: >-
#   What the decision log keeps: the decision and its reasons, as ids and codes, and nothing of the member. Anything
#   that is not named here is left out, including what a later policy may add.
package system.log

# METADATA
# title: Mask
# description: How OPA alters an entry before it is written. Never undefined, or an entry would be written whole.
mask := [
	{"op": "remove", "path": "/input"},
	{"op": "remove", "path": "/nd_builtin_cache"},
	{"op": "upsert", "path": "/result", "value": _kept},
]

# METADATA
# title: Drop
# description: >-
#   Entries that are not written: failed evaluations whose messages can quote the request and cannot be masked. The
#   caller is told, and the metrics count them.
drop if {
	input.error
	not _quotes_nothing
}

_quotes_nothing if input.error.code in {"eval_cancel_error", "eval_conflict_error"}

default _kept := null

_kept := _decision(input.result) if input.path == "priorauth/decision"

_kept := [_decision(document) | some document in input.result] if input.path == "priorauth/decisions"

_decision(document) := object.union(
	json.filter(document, ["outcome", "requires_clinician_review", "guideline/id", "guideline/version"]),
	{
		"criteria": _criteria(document.criteria),
		"reasons": _each(document.reasons, ["code", "criterion", "clause"]),
		"notices": _each(document.notices, ["code"]),
	},
)

# Criteria with the parts of groups, however deep.
_criteria(judged) := object.get(json.filter({"criteria": judged}, _places(judged)), "criteria", [])

# The places of the id, clause and status of each criterion and part. The steps to them are numbers and `parts`.
_places(judged) := [array.concat(["criteria"], [$"{step}" | some step in path]) |
	walk(judged, [path, told])
	is_string(told)
	path[count(path) - 1] in {"id", "clause", "status"}
	is_number(path[count(path) - 2])
	every step in array.slice(path, 0, count(path) - 2) {
		_leads_to_criteria(step)
	}
]

_leads_to_criteria("parts")

_leads_to_criteria(step) if is_number(step)

_each(items, names) := [object.filter(item, names) | some item in items]
