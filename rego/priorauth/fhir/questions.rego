# METADATA
# title: Questions
# description: >-
#   The questions that a guideline puts to a prescriber for a type of request, made from its criteria and the
#   vocabulary: what the plan knows is never asked. A form is a choice of them.
package priorauth.fhir.questions

import data.priorauth.fhir.facts
import data.priorauth.fhir.texts
import data.priorauth.guidelines

# METADATA
# title: Asked
# description: >-
#   The facts that a prescriber knows and a criterion of a version rests on, by their paths, each once, in the order of
#   a decision.
asked(reference, type) := [path | some [_, path] in sort([[index, path] | some path, index in first])] if {
	declared := texts.declared(reference)
	paths := [path |
		some placed in _placed(reference, type)
		some path in placed.asks
		declared[path].known_by == "prescriber"
	]
	first := facts.all_of(array.reverse([{path: index} | some index, path in paths]))
}

# The criteria of a version, each at the end of the groups that it is in, with its stage and the facts that it rests on.
_placed(reference, type) := [{"stage": stage, "chain": chain, "asks": guidelines.asked(chain[count(chain) - 1])} |
	some stage in ["applicability", "coverage", "limits"]
	some chain in texts.criteria(reference, type, stage)
]

# METADATA
# title: Question
# description: >-
#   How a fact is asked for: its `path`; how it is `declared`; the `clause` of the first criterion that rests on it, and
#   the `text` of the question; and `when`, the values of other facts for which it is asked, empty where it always is.
question(reference, type, path) := {
	"path": path,
	"declared": declared[path],
	"clause": criterion.clause,
	"text": object.get(criterion, ["questions", path], declared[path].question),
	"when": _when(chains, declared),
} if {
	declared := texts.declared(reference)
	chains := [placed.chain | some placed in _placed(reference, type); path in placed.asks]
	criterion := chains[0][count(chains[0]) - 1]
}

# Of branches in branches the innermost says it, for its own question depends on those that it is in.
_when(chains, declared) := guards if {
	guards := [guard | some chain in chains; guard := _guard(chain, declared)]
	count(guards) == count(chains)
} else := []

_guard(chain, declared) := {"path": branch.fact, "values": chain[index + 1].when.values} if {
	index := max([each | some each, group in chain; group.kind == "branch"; each < count(chain) - 1])
	branch := chain[index]
	declared[branch.fact].known_by == "prescriber"
}

# METADATA
# title: Marks
# description: >-
#   Which of the facts asked for a request leaves open, which it has answered, and which do not matter to it: `1`, `2`
#   or `0` for each. A fact is open, too, if the answer to another open question may make it matter, so that none is
#   left after them.
marks(request, decision) := concat("", [_mark(path, facts.known(request, path) != null, open) |
	open := _open(request, decision)
	some path in asked(decision.guideline, request.type)
])

_mark(path, known, open) := "1" if {
	open[path] == "still"
} else := "1" if {
	open[path]
	not known
} else := "2" if {
	known
} else := "0"

# METADATA
# title: Marked
# description: The facts asked for that a form marks so.
marked(form, mark) := [path |
	some index, path in asked(object.filter(form, ["id", "version"]), form.type)
	substring(form.marks, index, 1) == mark
]

# The open facts: `still` those that are stated, and yet not settled.
_open(request, decision) := object.union(
	{path: "absent" |
		judged := texts.judged(decision)
		stages := _weighed(request, decision, judged)
		some placed in _placed(decision.guideline, request.type)
		placed.stage in stages
		_unsettled(placed.chain, judged, request)
		some path in placed.asks
	},
	{path: "still" |
		some missing in decision.missing
		path := texts.path(missing.path, texts.declared(decision.guideline))
	},
)

# Where coverage is settled already, only whether the guideline applies is open.
_weighed(request, decision, judged) := {"applicability"} if {
	some criterion in texts.listed(decision.guideline, request.type, "coverage")
	judged[criterion.id].status == "not_met"
} else := {"applicability", "coverage", "limits"}

# Neither it nor a group that it is in is settled; and if it is not considered, that is because the value of a branch is
# not known.
_unsettled(chain, judged, request) if {
	statuses := [object.get(judged, [criterion.id, "status"], "not_considered") | some criterion in chain]
	{status | some status in statuses} - {"unknown", "not_considered"} == set()
	_undivided([index | some index, status in statuses; status == "not_considered"], chain, request)
}

_undivided([], _, _)

_undivided(idle, chain, request) if {
	branch := chain[idle[0] - 1]
	branch.kind == "branch"
	facts.known(request, branch.fact) == null
}
