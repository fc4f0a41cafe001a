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
		"criteria": _each(document.criteria, ["id", "clause", "status"]),
		"reasons": _each(document.reasons, ["code", "criterion", "clause"]),
		"notices": _each(document.notices, ["code"]),
	},
)

_each(items, names) := [object.filter(item, names) | some item in items]
