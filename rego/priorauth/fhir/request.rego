# METADATA
# title: Requests
# description: >-
#   The request document made from an order: what it says, with what it points to; what the plan knows of the
#   member; and what the prescriber has answered. Only the plan states its own facts; no answer does.
package priorauth.fhir.request

import data.priorauth.fhir.answers
import data.priorauth.fhir.facts
import data.priorauth.fhir.order
import data.priorauth.fhir.outcomes
import data.priorauth.fhir.questionnaire
import data.priorauth.fhir.resources
import data.priorauth.fhir.texts

# METADATA
# title: Made
# description: The request that an order makes, as `of` has it; or `unjudged`, why no guideline can judge the order.
made(prescription, from, id, member) := {"unjudged": why} if {
	why := order.unjudged(prescription)
} else := found if {
	found := of(prescription, from, id, member)
} else := {"unjudged": "The order names its drug by no code or name that the plan knows."}

# METADATA
# title: Of an order
# description: >-
#   `document`, the request, which is called `id`; `answered`, the paths of what answers state; and `faults`, what is
#   wrong with the answers, each with the `linkId`, or `null`, and a message. `member` is what the plan knows, which
#   takes precedence over the order. Undefined where the order does not state its drug or its day.
of(prescription, from, id, member) := {
	"document": object.union(
		facts.merged(known, stated),
		object.union({"type": type}, {"request_id": id | count(id) <= data.facts.request_id.maxLength}),
	),
	"answered": {path | some source in stated; some path, _ in source},
	"faults": array.concat(
		[fault | some each in answered; some fault in each.faults],
		[{"linkId": path, "message": _otherwise} | some path in sort(facts.contradicted(known, stated))],
	),
} if {
	drug := order.drug(prescription, from)
	governing := texts.governing(drug.drug.name, order.service_date(prescription))
	declared := texts.declared(governing)
	known := object.union_n(array.concat(
		[drug, order.stated(prescription, from, declared, drug)],
		_plan(member, drug.drug.name),
	))
	type := _type(known)
	answered := [answers.read(response, declared) |
		some response in _responses(prescription, from)
		questionnaire.governs(response.questionnaire, governing, type)
	]
	stated := [each.facts | some each in answered]
}

_otherwise := "contradicts the order or another answer: change the one that is wrong"

# METADATA
# title: Issues
# description: >-
#   What is wrong with the answers that a request was made of, with what a decision on it finds wrong with what they
#   state.
issues(found, decision) := array.concat(
	[_issue("conflict", fault.linkId, fault.message) | some fault in found.faults],
	[_issue("value", _link(error.path), error.message) |
		some error in decision.errors
		some path in found.answered
		startswith($"{error.path}/", $"/{replace(path, ".", "/")}/")
	],
)

# The items of a list have one `linkId`, wherever they stand in it.
_link(pointer) := concat(".", [step | some step in split(trim_prefix(pointer, "/"), "/"); not regex.match(`^[0-9]+$`, step)])

_issue(code, link, text) := outcomes.issue(422, code, concat("", ["QuestionnaireResponse.item", _where(link)]), text)

_where(null) := ""

_where(link) := $".where(linkId='{link}')" if link != null

# What the plan knows of the member, whatever the drug and for this one.
_plan(member, name) := [part |
	some part in array.concat([member.facts | true], [member.drugs[texts.guideline(name)] | true])
	is_object(part)
]

# A renewal is of an authorization that the plan has on file.
_type(known) := known.type if {
	known.type
} else := "renewal" if {
	known.prior_authorization.end_date
} else := "initial"

# What was answered about this order, and finished.
_responses(prescription, from) := [response |
	some response in from.all
	response.resourceType == "QuestionnaireResponse"
	response.status in {"completed", "amended"}
	some extension in resources.listed(response.extension)
	extension.url == "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/qr-context"
	resources.identity(extension.valueReference, response, from) == $"{prescription.resourceType}/{prescription.id}"
]
