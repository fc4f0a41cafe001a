# METADATA
# title: Inspection
# description: >-
#   What is wrong with the guidelines on file. Each version is inspected as data, and by asking the rules themselves to
#   decide an otherwise empty request under it.
package priorauth.inspection

import data.priorauth.determination
import data.priorauth.figure
import data.priorauth.outcome
import data.priorauth.request
import data.priorauth.version

# METADATA
# title: Findings
# description: Every finding, by guideline, version and JSON Pointer; empty when all is sound.
findings := [{"guideline": finding[0], "version": finding[1], "path": finding[2], "message": finding[3]} |
	some finding in sort(_findings)
]

_findings contains ["", "", "/plan/clinician_review/outcomes", "must be an array of outcomes, at least one"] if {
	not outcome.reviewed
}

_findings contains ["", "", "/guidelines", "must have at least one guideline"] if not _guidelines

_findings contains [id, "", "", "must have at least one version"] if {
	some id, versions in data.guidelines
	not figure.keys(versions)
}

_findings contains [id, number, path, message] if {
	some [id, number] in _versions
	some path, message in _expected
	not _sound(path, number, data.guidelines[id][number])
}

_findings contains [id, number, "/in_force", concat(" ", ["must not share a day with", other_id, other])] if {
	some [id, number] in _versions
	some [other_id, other] in _versions
	[id, number] != [other_id, other]
	_overlap(data.guidelines[id][number], data.guidelines[other_id][other])
}

_findings contains [id, number, concat("/", ["/sections", section]), "must have a section, a title, a text, a position of its own, and readings that are strings if any"] if {
	some [id, number] in _versions
	some section, _ in _members(data.guidelines[id][number].sections)
	not _readable(section, data.guidelines[id][number].sections)
}

_findings contains [id, number, concat("/", ["/sections", section, "clauses", clause]), "is a clause that no criterion uses"] if {
	some [id, number] in _versions
	some section, content in _members(data.guidelines[id][number].sections)
	some clause, _ in _members(content.clauses)
	not _used(clause, content)
}

_findings contains [id, number, concat("/", ["/sections", section, "criteria", criterion, "clause"]), "must be a clause of the section, with its text"] if {
	some [id, number] in _versions
	some section, content in _members(data.guidelines[id][number].sections)
	some criterion, _ in _members(content.criteria)
	not _cited(criterion, content)
}

_findings contains [id, number, concat("/", ["/sections", section, "criteria", criterion, "questions"]), "must be an array of questions, each with the path of a fact that requests have"] if {
	some [id, number] in _versions
	some section, content in _members(data.guidelines[id][number].sections)
	some criterion, _ in _members(content.criteria)
	not _asked(criterion, content)
}

_findings contains [id, number, concat("/", ["/sections", section, "criteria", criterion]), "must not be a criterion of another section too"] if {
	some [id, number] in _versions
	sections := data.guidelines[id][number].sections
	some section, content in _members(sections)
	some criterion, _ in _members(content.criteria)
	count([other | some other in sections; other.criteria[criterion]]) > 1
}

# What the rules make of it.
_findings contains [id, number, fault.path, fault.message] if {
	some [id, number] in _versions
	text := data.guidelines[id][number]
	some fault in data.priorauth.guidelines[id].faults with version.text as text
}

_findings contains [id, number, "", concat(" ", ["its rules cannot decide a request of type", type])] if {
	some [id, number] in _versions
	some type in _types
	not _documents[id][number][type]
}

_findings contains [id, number, concat("/", ["/sections", section, "criteria", criterion, "questions"]), "must ask for what the criterion rests on"] if {
	some [id, number] in _versions
	some type in _types
	criteria := outcome.criteria with input as _probe(id, number, type) with data.guidelines as _alone(id, number)
	some judged in criteria
	criterion := judged.id
	judged.status == "unknown"
	some section, content in data.guidelines[id][number].sections
	content.criteria[criterion].questions == []
}

_findings contains [id, number, "/sections", concat(" ", ["has no criterion", criterion, "that its rules report"])] if {
	some [id, number] in _versions
	some criterion in (_reported(id, number) - _criteria(id, number))
}

_findings contains [id, number, "/sections", concat(" ", ["has a criterion", criterion, "that its rules do not report"])] if {
	some [id, number] in _versions
	some criterion in (_criteria(id, number) - _reported(id, number))
}

# A rule of its own: where there is no data at all, a call under `not` is undefined and not false.
_guidelines := figure.keys(data.guidelines)

_versions contains [id, number] if {
	some id, numbers in data.guidelines
	some number, _ in numbers
}

# What is not an object has no members, and is a finding in itself.
_members(value) := value if is_object(value)

_types := ["initial", "renewal"]

# What each part of a version must be; `_sound` says when it is.
_expected := {
	"/title": "must be a string",
	"/drug/names": "must be an object of drug names in lower case, each with what it is, at least one",
	"/effective_date": "must be a date that exists, written YYYY-MM-DD, the one the version is filed under",
	"/next_review": "must be a month, written YYYY-MM",
	"/date_of_origin": "must be a month, written YYYY-MM",
	"/review_dates": "must be an array of months, written YYYY-MM, at least one",
	"/in_force": "must have a date `from` and, if it ends, a date `to` that is not earlier, and nothing else",
	"/sections": "must have a section with a criterion",
}

_sound("/title", _, text) if is_string(text.title)

_sound("/drug/names", _, text) if {
	count(figure.keys(text.drug.names)) > 0
	every name, meaning in text.drug.names {
		name == lower(trim_space(name))
		is_string(meaning)
	}
}

_sound("/effective_date", number, text) if {
	figure.day(text.effective_date)
	text.effective_date == number
}

_sound("/next_review", _, text) if figure.month(text.next_review)

_sound("/date_of_origin", _, text) if figure.month(text.date_of_origin)

_sound("/review_dates", _, text) if {
	every month in figure.strings(text.review_dates) {
		figure.month(month)
	}
}

_sound("/in_force", _, text) if {
	_period(text)
	every name in object.keys(text.in_force) {
		name in {"from", "to"}
	}
}

_sound("/sections", _, text) if {
	some section in text.sections
	figure.keys(section.criteria)
}

_overlap(text, other) if {
	some name, _ in text.drug.names
	other.drug.names[name]
	_period(text).from <= _period(other).to
	_period(other).from <= _period(text).to
}

_period(text) := {"from": text.in_force.from, "to": to} if {
	is_object(text.in_force)
	to := object.get(text.in_force, "to", "9998-12-31")
	every date in [text.in_force.from, to] {
		figure.day(date)
	}
	text.in_force.from <= to
}

_readable(id, sections) if {
	is_string(sections[id].section)
	is_string(sections[id].title)
	is_string(sections[id].text)
	sections[id].position in numbers.range(0, count(sections) - 1)
	readings := object.get(sections[id], "readings", [])
	is_array(readings)
	every reading in readings {
		is_string(reading)
	}
	count([other | some other in sections; other.position == sections[id].position]) == 1
}

_used(clause, section) if {
	some criterion in section.criteria
	criterion.clause == clause
}

_cited(criterion, section) if is_string(section.clauses[section.criteria[criterion].clause])

_asked(criterion, section) if {
	is_array(section.criteria[criterion].questions)
	every asked in section.criteria[criterion].questions {
		asked.path in request.facts
		is_string(asked.question)
	}
}

_criteria(id, number) := {criterion |
	some section in _members(data.guidelines[id][number].sections)
	some criterion, _ in _members(section.criteria)
}

# What the rules report of a version that they can decide.
_reported(id, number) := {criterion.id |
	some document in _documents[id][number]
	some criterion in document.criteria
} if {
	count(_documents[id][number]) == count(_types)
}

_documents[id][number][type] := document if {
	some [id, number] in _versions
	some type in _types
	document := determination.document with input as _probe(id, number, type) with data.guidelines as _alone(id, number)
	document.guideline.id == id
	document.guideline.version == number
}

# Two versions in force on one day have no decision, but each of them is sound or not by itself.
_alone(id, number) := {id: {number: data.guidelines[id][number]}}

# The request that states nothing but what makes this version govern it.
_probe(id, number, type) := {
	"type": type,
	"service_date": data.guidelines[id][number].in_force.from,
	"drug": {"name": min(figure.keys(data.guidelines[id][number].drug.names))},
}
