# METADATA
# title: Reasons
# description: Why a request is not approved as asked, and what to ask the prescriber.
package priorauth.reasons

import data.priorauth.criteria
import data.priorauth.criteria.groups
import data.priorauth.outcome
import data.priorauth.spelling
import data.priorauth.version
import data.priorauth.vocabulary

# METADATA
# title: Reasons that bear on the outcome
# description: One for each criterion that the outcome follows from; none when the request is approved as asked.
bearing := [] if {
	outcome.value == "approved"
} else := [object.union({"criterion": judged.id, "clause": judged.clause}, _reason(criterion, judged)) |
	some stage in _weighed
	some index, top in outcome.listed[stage]
	outcome[stage][index].status == _decisive[outcome.value]
	some [criterion, judged] in groups.bearing(top, outcome[stage][index])
]

# METADATA
# title: Reason of an ungoverned request
# description: Why no guideline on file governs the request.
ungoverned := {
	"code": version.ungoverned,
	"criterion": null,
	"clause": null,
	"message": {
		"drug_not_governed": "No guideline on file names this drug.",
		"service_date_not_governed": "No text on file of this drug's guideline was in force on the service date.",
	}[version.ungoverned],
}

# METADATA
# title: Missing facts
# description: >-
#   The absent facts that can still change the outcome of a pended request, each once, with the question to put to the
#   prescriber. Answering every question leaves none.
missing := [] if {
	outcome.value != "pended"
} else := [{
	"path": asked.path,
	"criterion": asked.criterion.id,
	"clause": asked.criterion.clause,
	"question": _question(asked),
} |
	some index, asked in _asked
	not asked.path in {earlier.path | some earlier in array.slice(_asked, 0, index)}
]

_asked := [object.union(asked, {"criterion": criterion}) |
	some stage in _weighed
	some index, criterion in outcome.listed[stage]
	some asked in groups.open(criterion, outcome[stage][index])
]

# The status that decides each outcome, and the stages at which it does.
_decisive := {"not_applicable": "not_met", "pended": "unknown", "denied": "not_met", "modified": "reduced"}

_weighed := ["coverage"] if {
	outcome.value == "denied"
} else := ["applicability"] if {
	# Whatever coverage still lacks, it is denied already, should the guideline apply.
	some criterion in outcome.coverage
	criterion.status == "not_met"
} else := ["applicability", "coverage", "limits"]

_question(asked) := question if {
	question := _fact(asked).question
	asked.property
} else := question if {
	question := asked.criterion.questions[asked.fact]
} else := vocabulary.fact(asked.fact).question

_fact(asked) := vocabulary.fact(asked.fact).items.properties[asked.property] if {
	asked.property
} else := vocabulary.fact(asked.fact)

_reason(criterion, judged) := reason if {
	judged.status == "unknown"
	reason := _unanswerable(criterion)
} else := {"code": code, "message": $"Not known, waiting for the {whom}: {titles}. Needed for: {judged.text}"} if {
	judged.status == "unknown"
	code := concat("_", [judged.id, "unknown"])
	open := groups.open(criterion, judged)
	whom := concat(" and the ", sort({vocabulary.fact(asked.fact).known_by | some asked in open}))
	titles := concat("; ", [_fact(asked).title | some asked in open])
} else := {"code": code, "message": $"Reduced from {_reduction(criterion, judged)}: {judged.text}"} if {
	judged.status == "reduced"
	code := concat("_", [judged.id, "reduced"])
} else := {"code": code, "message": $"Not met: {judged.text} ({_figures(judged)})"} if {
	judged.facts
	code := concat("_", [judged.id, "not_met"])
} else := {"code": code, "message": $"Not met: {judged.text}. One of these would do: {parts}"} if {
	judged.kind == "any"
	code := concat("_", [judged.id, "not_met"])
	parts := concat("; ", [part.text | some part in judged.parts])
} else := {"code": code, "message": $"Not met: {judged.text}"} if {
	code := concat("_", [judged.id, "not_met"])
}

_reduction(criterion, judged) := $"{spelling.number(judged.facts[name])} to {spelling.number(judged.facts.allowed)} {replace(name, "_", " ")}" if {
	steps := split(criterion.quantity, ".")
	name := steps[count(steps) - 1]
} else := $"{spelling.number(judged.facts.months)} to {spelling.number(judged.facts.maximum)} months"

# The facts that a criterion rests on, in words, in the order of their names.
_figures(judged) := concat("; ", sort([$"{replace(name, "_", " ")}: {_words(fact)}" | some name, fact in judged.facts]))

_words(fact) := "none" if {
	fact == []
} else := concat(", ", [_word(item) | some item in fact]) if {
	is_array(fact)
} else := concat(", ", sort(object.keys(fact))) if {
	is_object(fact)
} else := _word(fact)

_word(value) := spelling.number(value) if {
	is_number(value)
} else := $"{value}"

_unanswerable(criterion) := reason if {
	reason := criteria.unanswerable(criterion)
} else := {
	"code": "limit_not_listed",
	"message": $"{criterion.clause} lists no limit for {_fact({"fact": criterion.fact}).title}: {_words(value)}; a person decides.",
} if {
	value := groups.unlisted(criterion)
}
