# METADATA
# title: Documentation templates and rules
# description: >-
#   Da Vinci DTR 2.2: the questions that are open, as questionnaires, and what their answers state. The same input
#   always has the same answer.
package priorauth.fhir.dtr

import data.priorauth.document
import data.priorauth.fhir.answers
import data.priorauth.fhir.call
import data.priorauth.fhir.coverage
import data.priorauth.fhir.envelope
import data.priorauth.fhir.facts as stating
import data.priorauth.fhir.order
import data.priorauth.fhir.outcomes
import data.priorauth.fhir.payers
import data.priorauth.fhir.questionnaire
import data.priorauth.fhir.request
import data.priorauth.fhir.resources
import data.priorauth.fhir.texts

# METADATA
# title: Questionnaire package
# description: >-
#   The answer to `$questionnaire-package`: its HTTP `status`; its `body`, which is the operation's output, or an
#   OperationOutcome that says what was wrong; and what was `decided` of each order, for the plan's own records and not
#   to be sent. The input is `parameters`, as they came in; `member`, what the plan knows of the member, `null` when it
#   finds none; and `received`, the `instant` of the call and an `id` that no other call has.
# entrypoint: true
questionnaire_package := {
	"status": 200,
	"body": {"resourceType": "Parameters", "parameter": array.concat(
		[{"name": "packagebundle", "resource": bundle} | some bundle in bundles],
		[{"name": "outcome", "resource": outcomes.resource(_remarks)} | _remarks != []],
	)},
	"decided": [object.filter(judged.decision, ["outcome", "guideline"]) | some judged in _judged],
} if {
	count(_issues) == 0
	bundles := [_bundle(packed, index) | some index, packed in _packages]

	# All of them, or no answer.
	count(bundles) == count(_packages)
	count(_judged) == count(_orders)
} else := object.union(outcomes.refused(_issues), {"decided": []}) if {
	count(_issues) > 0
}

# METADATA
# title: Form
# description: >-
#   For a caller that has a request document, which is the `request` of the input: the `questionnaire` for what it
#   leaves open, and the `response` that it starts from. Both are `null` where no guideline asks anything.
# entrypoint: true
form := {"questionnaire": questionnaire.resource(of), "response": questionnaire.draft(of, stating.flat(envelope.request), about)} if {
	[decision] := [whole | whole := document.whole] with input as envelope.request
	of := questionnaire.form(envelope.request, decision)
	regex.match("[12]", of.marks)
	about := {
		"coverage": {"display": "the coverage that the request is under"},
		"subject": {"display": "the member"},
		"instant": envelope.received.instant,
	}
} else := {"questionnaire": null, "response": null}

# METADATA
# title: Facts
# description: >-
#   What the `response` of the input, a QuestionnaireResponse to one of these questionnaires, states: `document`, a part
#   of a request; and `faults`, what is wrong with it, each with its `linkId`, or `null`, and a message. `null` where it answers
#   none of these questionnaires.
# entrypoint: true
facts := {"document": stating.nested(read.facts), "faults": read.faults} if {
	of := questionnaire.named(envelope.response.questionnaire)
	read := answers.read(envelope.response, texts.declared(object.filter(of, ["id", "version"])))
} else := null

_parameters := resources.listed(envelope.parameters.parameter)

_given(name) := [parameter | some parameter in _parameters; parameter.name == name]

_from := resources.held([entry | some parameter in _parameters; some entry in resources.entries(parameter.resource)], null)

_coverage := coverage if {
	[coverage] := [parameter.resource | some parameter in _given("coverage")]
	coverage.resourceType == "Coverage"
}

_orders := [parameter.resource | some parameter in _given("order"); parameter.resource.resourceType in call.order_types]

_canonicals := [canonical | some parameter in _given("questionnaire"); canonical := resources.text(parameter.valueCanonical)]

# The request made from each order, with the decision on it.
_judged := [object.union_n([made, {"order": each}, _decision(made)]) |
	some each in _orders
	made := request.made(each, _from, $"{envelope.received.id}/{each.id}", envelope.member)
]

_decision(made) := {} if {
	made.unjudged
} else := {"decision": decision} if {
	[decision] := [whole | whole := document.whole] with input as made.document
}

# A package for each order, of the questionnaire that is asked for, or of the one for what is open; and one for each
# questionnaire asked for that is about none of the orders.
_packages := array.concat(
	[{"form": of, "stated": stating.flat(judged.document), "order": judged.order} |
		some judged in _judged
		some of in _forms(judged)
	],
	[{"form": of, "stated": {}} |
		some canonical in _canonicals
		not _about_an_order(canonical)
		of := questionnaire.named(canonical)
	],
)

_forms(judged) := [questionnaire.open(judged.document, judged.decision) | true] if {
	_canonicals == []
} else := [of |
	some canonical in _canonicals
	questionnaire.governs(canonical, judged.decision.guideline, judged.document.type)
	of := questionnaire.named(canonical)
]

_about_an_order(canonical) if {
	some judged in _judged
	questionnaire.governs(canonical, judged.decision.guideline, judged.document.type)
}

_bundle(packed, index) := {
	"resourceType": "Bundle",
	"meta": {"profile": ["http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/DTR-QPackageBundle"]},
	"type": "collection",
	"entry": [
		{"fullUrl": form_resource.url, "resource": form_resource},
		{"fullUrl": $"{data.plan.fhir.url}/QuestionnaireResponse/{id}", "resource": object.union({"id": id}, response)},
	],
} if {
	form_resource := questionnaire.resource(packed.form)
	id := $"{envelope.received.id}.{index + 1}"
	response := questionnaire.draft(packed.form, packed.stated, object.union_n([
		{
			"coverage": {"reference": $"Coverage/{_coverage.id}"},
			"subject": _subject(packed),
			"instant": envelope.received.instant,
		},
		{"order": {"reference": $"MedicationRequest/{packed.order.id}"} | packed.order},
	]))
}

_subject(packed) := packed.order.subject if {
	is_object(packed.order.subject)
} else := _coverage.beneficiary if {
	is_object(_coverage.beneficiary)
} else := {"display": "the member"}

# Remarks on a package.
_remarks := _warnings if {
	_warnings != []
} else := [_remark("information", "informational", "By what the plan knows now, nothing more is needed from the prescriber.") |
	_packages == []
]

_warnings := array.concat(
	[object.union(
		_remark("warning", "not-found", "This names no questionnaire of the plan's."),
		{"expression": [$"Parameters.parameter.where(name='questionnaire')[{index}].value"]},
	) |
		some index, parameter in _given("questionnaire")
		not questionnaire.named(object.get(parameter, "valueCanonical", null))
	],
	[object.union(
		_remark("warning", "not-supported", $"No guideline on file judges this order. {why}"),
		{"expression": [$"Parameters.parameter.where(name='order')[{index}].resource"]},
	) |
		some index, judged in _judged
		why := _unjudged(judged)
	],
)

_unjudged(judged) := judged.unjudged if {
	judged.unjudged
} else := coverage.unjudged(judged.decision)

_remark(severity, code, text) := {"severity": severity, "code": code, "details": {"text": text}}

_issues contains outcomes.issue(400, "structure", "Parameters", "must be the input Parameters of $questionnaire-package") if {
	not _are_parameters
}

_are_parameters if {
	envelope.parameters.resourceType == "Parameters"
	_parameters
}

_issues contains outcomes.issue(400, "required", "Parameters.parameter.where(name='coverage')", "must be one, with a Coverage") if {
	_are_parameters
	not _coverage
}

_issues contains outcomes.issue(400, "value", "Coverage.payor", "must name, by its identifier, a payer that this service answers for") if {
	_coverage
	not payers.ours(_coverage, _from)
}

_issues contains outcomes.issue(400, "required", "Parameters.parameter.where(name='order')", _stateless) if {
	_are_parameters
	_orders == []
	_canonicals == []
}

_issues contains outcomes.issue(400, "value", "Parameters.parameter.where(name='order').resource", _no_order) if {
	count(_orders) < count(_given("order"))
}

_no_order := concat("", ["must be one of ", concat(", ", sort(call.order_types))])

_stateless := "is required unless a questionnaire is given; contexts are not stored"

_issues contains outcomes.issue(422, "not-found", "Coverage", "identifies no member that the plan knows") if {
	_coverage
	not is_object(envelope.member)
}

_issues contains outcomes.issue(422, "required", $"{resource.resourceType}.id", "is required, so that it can be referred to") if {
	some resource in array.concat(_orders, [_coverage | true])
	not is_string(object.get(resource, "id", null))
}

_issues contains outcomes.issue(422, "conflict", $"{each.resourceType}.subject", "must be the beneficiary of the coverage") if {
	some each in _orders
	[patient] := [id | [type, id] := split(resources.local(_coverage.beneficiary, _from), "/"); type == "Patient"]
	payers.another_patient(each.subject, patient, _from)
}

_issues contains issue if {
	some each in _orders
	some issue in order.issues(each)
}

_issues contains issue if {
	some judged in _judged
	some issue in request.issues(judged, judged.decision)
}
