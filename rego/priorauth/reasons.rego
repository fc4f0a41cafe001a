# METADATA
# title: Reasons
# description: Why a request is not approved as asked, and what to ask the prescriber.
package priorauth.reasons

import data.priorauth.outcome
import data.priorauth.version

# METADATA
# title: Reasons that bear on the outcome
# description: One for each criterion that the outcome follows from; none when the request is approved as asked.
bearing := given if {
	decisive := [criterion |
		some criterion in _weighed
		criterion.status == _decisive[outcome.value]
	]
	given := [reason |
		some criterion in decisive
		is_string(criterion.text)
		reason := object.union(
			{"criterion": criterion.id, "clause": criterion.clause},
			object.get(_explanations, criterion.id, _plain(criterion)),
		)
	]

	# A criterion without a text has no reason, and without its reason there is no decision.
	count(given) == count(decisive)
}

# METADATA
# title: Reason of an ungoverned request
# description: Why no guideline on file governs the request.
ungoverned := {
	"code": version.ungoverned,
	"criterion": null,
	"clause": null,
	"message": _ungoverned_messages[version.ungoverned],
}

# METADATA
# title: Missing facts
# description: >-
#   The absent facts that the unknown criteria of a pended request rest on, each with the question to put to the
#   prescriber. Answering every question leaves none.
missing := [] if outcome.value != "pended"

missing := [question |
	some criterion in _unknown
	some asked in _judged(criterion.id).questions
	_absent(criterion.id, asked.path)
	question := {
		"path": asked.path,
		"criterion": criterion.id,
		"clause": criterion.clause,
		"question": asked.question,
	}
] if {
	outcome.value == "pended"
	every criterion in _unknown {
		is_array(_judged(criterion.id).questions)
		_answerable(criterion.id)
		every asked in _judged(criterion.id).questions {
			is_string(asked.path)
			is_string(asked.question)
		}
	}
}

_ungoverned_messages := {
	"drug_not_governed": "No guideline on file names this drug.",
	"service_date_not_governed": "No text on file of this drug's guideline was in force on the service date.",
}

# The status that decides each outcome, and the criteria among which it does.
_decisive := {
	"not_applicable": "not_met",
	"pended": "unknown",
	"denied": "not_met",
	"modified": "reduced",
}

_weighed := outcome.applicability if outcome.value == "not_applicable"

_weighed := outcome.criteria if outcome.value == "pended"

_weighed := outcome.coverage if outcome.value == "denied"

_weighed := outcome.limits if outcome.value == "modified"

_unknown := [criterion |
	some criterion in outcome.criteria
	criterion.status == "unknown"
]

# What a section says of its own criterion, where the status alone does not say enough.
_explanations := data.priorauth.guidelines[version.id].explanations

_plain(criterion) := {
	"code": concat("_", [criterion.id, criterion.status]),
	"message": concat(" ", [_lead[criterion.status], criterion.text]),
}

_lead := {
	"not_met": "Not met:",
	"unknown": "Not known:",
	"reduced": "Reduced to what the guideline allows:",
}

# The criterion as the text has it. Undefined when it has two of one id.
_judged(id) := criterion if {
	[criterion] := [listed | some section in version.text.sections; listed := section.criteria[id]]
}

# What is unknown can be asked for, or a section explains why not; else a request would be pended for ever.
_answerable(id) if {
	some asked in _judged(id).questions
	_absent(id, asked.path)
}

_answerable(id) if _explanations[id]

_absent(_, path) if _fact(path) in {null, []}

_absent(id, path) if _fact(path) in _judged(id).not_known

_fact(path) := object.get(input, split(trim_prefix(path, "/"), "/"), null)
