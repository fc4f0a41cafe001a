# METADATA
# title: Questionnaires
# description: >-
#   A form as a FHIR Questionnaire of Da Vinci DTR, and the QuestionnaireResponse that it starts from. A Questionnaire
#   is named for its guideline, the type of request and the form, so that one URL and version always is the same
#   Questionnaire, and nothing need be stored.
package priorauth.fhir.questionnaire

import data.priorauth.fhir.answers
import data.priorauth.fhir.questions
import data.priorauth.fhir.resources

# METADATA
# title: Form
# description: >-
#   The form for a request: its guideline's `id` and `version`, the `type` of request, and the `marks` of the questions.
form(request, decision) := {
	"id": decision.guideline.id,
	"version": decision.guideline.version,
	"type": request.type,
	"marks": questions.marks(request, decision),
}

# METADATA
# title: Open
# description: The form for what a pended request lacks from the prescriber; undefined where it lacks nothing from them.
open(request, decision) := found if {
	decision.outcome == "pended"
	found := form(request, decision)
	contains(found.marks, "1")
}

# METADATA
# title: Canonical
# description: The URL and version that name the Questionnaire of a form.
canonical(of) := $"{_url(of)}|{of.version}"

_url(of) := $"{data.plan.fhir.url}/Questionnaire/{_id(of)}"

_id(of) := $"{of.id}.{of.type}.{of.marks}"

# METADATA
# title: Named
# description: >-
#   The form that a canonical names; undefined where no such Questionnaire exists. Without a version it is the latest.
named(canonical) := {"id": guideline, "version": version, "type": type, "marks": marks} if {
	[url, version] := _versioned(split(resources.text(canonical), "|"))
	[guideline, type, marks] := split(trim_prefix(url, $"{data.plan.fhir.url}/Questionnaire/"), ".")
	type in data.facts.type.enum
	regex.match(`^[012]*[12][012]*$`, marks)
	count(marks) == count(questions.asked({"id": guideline, "version": version}, type))
}

_versioned([url, version]) := [url, version]

_versioned([url]) := [url, max(object.keys(data.guidelines[guideline]))] if {
	guideline := split(trim_prefix(url, $"{data.plan.fhir.url}/Questionnaire/"), ".")[0]
}

# METADATA
# title: Governs
# description: Whether a canonical names a Questionnaire of this version of a guideline and type of request, whatever its form.
governs(canonical, reference, type) if {
	url := trim_suffix(resources.text(canonical), $"|{reference.version}")
	url != canonical
	startswith(url, _url({"id": reference.id, "type": type, "marks": ""}))
}

# METADATA
# title: Questions of a form
# description: The questions that are on a form, with `answered` where a request answers them already.
on(of) := [object.union(question, {"answered": mark == "2"}) |
	reference := object.filter(of, ["id", "version"])
	some index, path in questions.asked(reference, of.type)
	mark := substring(of.marks, index, 1)
	mark != "0"
	question := questions.question(reference, of.type, path)
]

# METADATA
# title: Resource
# description: The Questionnaire of a form.
resource(of) := {
	"resourceType": "Questionnaire",
	"id": _id(of),
	"meta": {"profile": ["http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/dtr-std-questionnaire"]},
	"extension": [
		{"url": $"{_dtr}/questionnaireAudience", "valueCode": "clinical"},
		{"url": $"{_dtr}/request-specific", "valueBoolean": true},
		{"url": $"{_dtr}/estimated-completion-time", "extension": [
			{"url": "clinicalTime", "valueCode": duration},
			{"url": "totalTime", "valueCode": duration},
		]},
		{
			"url": "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm",
			"valueCoding": {"system": "http://hl7.org/fhir/version-algorithm", "code": "date"},
		},
	],
	"url": _url(of),
	"version": of.version,
	"name": $"PriorAuthorization_{replace(of.id, "-", "_")}_{of.type}",
	"title": $"{content.title}: prior authorization, {of.type} request",
	"status": "active",
	"subjectType": ["Patient"],
	"date": of.version,
	"publisher": data.plan.fhir.publisher,
	"item": [item | some question in asked; some item in _items(question, asked)],
} if {
	content := data.guidelines[of.id][of.version]
	asked := on(of)
	duration := _time(sum([_seconds(question) | some question in asked]))
}

_dtr := "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"

# By DTR's own estimates: 5 seconds for what is picked or only looked over, 25 for what is written.
_seconds(question) := 5 if {
	question.answered
} else := 5 if {
	_item_type(question.declared) in {"boolean", "choice"}
} else := 25

_time(seconds) := "under-1min" if {
	seconds < 60
} else := "under-3min" if {
	seconds < 180
} else := "under-5min" if {
	seconds < 300
} else := "over-5min"

# A question as items: itself and, for a list that may be stated to be empty, one that says so.
_items(question, asked) := array.concat(
	[object.union_n([
		{"linkId": question.path, "prefix": question.clause, "text": question.text, "type": _item_type(question.declared)},
		{"repeats": true | question.declared.type == "array"},
		{"readOnly": true | question.answered},
		_enabled(question, asked),
		_answered_by(question.path, question.declared, question.answered),
	])],
	[object.union_n([
		{"linkId": $"{question.path}.none", "text": $"{question.declared.title}: there are none.", "type": "boolean"},
		{"readOnly": true | question.answered},
		_enabled(question, asked),
	]) |
		question.declared.empty == "none"
	],
)

# When a question is put at all: by the answer to another that is on the form. What is answered already stands.
_enabled(question, asked) := {"enableWhen": conditions, "enableBehavior": "any"} if {
	guards := _guards(question, asked)
	guards != []
	declared := {each.path: each.declared | some each in asked}
	conditions := [condition |
		some guard in guards
		some value in guard.values
		condition := object.union(
			{"question": guard.path, "operator": "="},
			answers.typed("answer", declared[guard.path], guard.path, value),
		)
	]
} else := {}

_guards(question, asked) := question.when if {
	not question.answered
	paths := {each.path | some each in asked}
	every guard in question.when {
		guard.path in paths
	}
} else := []

_item_type(declared) := "choice" if {
	_single(declared).enum
} else := lower(kind) if {
	kind := answers.kind(_single(declared))
} else := "group"

# The declaration of one answer, which for a list is that of its items.
_single(declared) := object.get(declared, "items", declared)

_answered_by(path, declared, read_only) := {"item": [member |
	some name in answers.properties(declared.items)
	property := declared.items.properties[name]
	member := object.union_n([
		{
			"linkId": $"{path}.{name}",
			"text": object.get(property, "question", property.title),
			"type": _item_type(property),
			"required": name in object.get(declared.items, "required", []),
		},
		{"readOnly": true | read_only},
		_bounded($"{path}.{name}", property),
	])
]} if {
	declared.items.type == "object"
} else := _bounded(path, _single(declared))

# What an answer may be.
_bounded(path, declared) := object.union_n([
	{"answerOption": [{"valueCoding": answers.coding(path, value)} | some value in declared.enum] | declared.enum},
	{"maxLength": declared.maxLength | declared.maxLength},
	{"extension": bounds | bounds != []},
]) if {
	core := "http://hl7.org/fhir/StructureDefinition"
	bounds := array.concat(
		[object.union({"url": $"{core}/{name}"}, answers.typed("value", declared, path, bound)) |
			some [keyword, name] in [["minimum", "minValue"], ["maximum", "maxValue"]]
			bound := declared[keyword]
		],
		[{"url": $"{core}/regex", "valueString": declared.pattern} | not declared.format; declared.pattern],
	)
}

# METADATA
# title: Draft
# description: >-
#   The QuestionnaireResponse that a form starts from: what is known is filled in. `about` has the references to the
#   subject, the coverage, and the order, if there is one, and the instant that it is written at.
draft(of, stated, about) := object.union_n([
	{
		"resourceType": "QuestionnaireResponse",
		"meta": {"profile": [$"{_dtr}/dtr-questionnaireresponse"]},
		"extension": array.flatten([
			{"url": $"{_dtr}/qr-coverage", "valueReference": about.coverage},
			[{"url": $"{_dtr}/qr-context", "valueReference": order} | order := about.order],
			{"url": $"{_dtr}/intendedUse", "valueCodeableConcept": {"coding": [{
				"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/coverage-information-codes",
				"code": "withpa",
			}]}},
		]),
		"questionnaire": canonical(of),
		"status": "in-progress",
		"subject": about.subject,
		"authored": about.instant,
	},
	{"item": items | items != []},
]) if {
	asked := on(of)
	always := {question.path: stated[question.path] | some question in asked; _guards(question, asked) == []}
	items := [item |
		some question in asked
		value := stated[question.path]
		_put(_guards(question, asked), always)
		some item in answers.written(question.path, question.declared, value, _origin)
	]
}

# Whether a draft answers a question. A conditional question is prefilled only if unconditional answers enable it.
_put([], _)

_put(guards, stated) if {
	some guard in guards
	stated[guard.path] in guard.values
}

_origin := {
	"url": $"{_dtr}/information-origin",
	"extension": [{"url": "source", "valueCode": "auto-server"}],
}
