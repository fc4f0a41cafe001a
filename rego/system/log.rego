# METADATA
# title: Decision log
# description: >-
#   What the decision log keeps: what was decided and why, by ids and codes, and nothing of whom it was decided for. What
#   is not named here is left out, also what a later policy may add.
package system.log

# METADATA
# title: Mask
# description: How OPA alters an entry before it is written. Never undefined, for then an entry would be written whole.
mask := [
	{"op": "remove", "path": "/input"},
	{"op": "remove", "path": "/nd_builtin_cache"},
	{"op": "upsert", "path": "/result", "value": _kept},
]

# METADATA
# title: Drop
# description: >-
#   Entries that are not written: of evaluations that failed with words of their own, which can quote the request and
#   cannot be masked. Whoever asked is told, and they are counted in the metrics.
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

# Where a criterion, or a part of one, has its names and its status. The way there is numbers, and `parts`.
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
