# METADATA
# title: Coverage information
# description: >-
#   What a decision says of an order in Da Vinci CRD's coverage-information extension. A drug with a guideline is
#   covered, with prior authorization; the limits told are the guideline's. It never says whether a request is denied or
#   reduced, because no clinician has confirmed that: approved, reduced and denied requests get the same answer.
package priorauth.fhir.coverage

import data.priorauth.authorization
import data.priorauth.calendar
import data.priorauth.criteria
import data.priorauth.criteria.groups
import data.priorauth.fhir.questionnaire
import data.priorauth.fhir.questions
import data.priorauth.fhir.texts

# METADATA
# title: URL
# description: What names the extension.
url := "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"

# METADATA
# title: Extension
# description: >-
#   The extension with what is asserted of the coverage that `about.coverage` refers to, on the day of `about.instant`,
#   under the assertion id `about.id`.
extension(asserted, about) := {"url": url, "extension": array.flatten([
	{"url": "coverage", "valueReference": about.coverage},
	asserted,
	{"url": "date", "valueDate": substring(about.instant, 0, 10)},
	{"url": "coverage-assertion-id", "valueString": about.id},
])}

# METADATA
# title: Asserted
# description: >-
#   What a decision says, as the parts of the extension. `asking` is whether the prescriber can be asked now for what is
#   missing.
asserted(request, decision, asking) := array.flatten([
	_code("covered", "covered"),
	_code("pa-needed", "auth-needed"),
	_questions(request, decision, asking),
	_details(request, decision),
]) if {
	not unjudged(decision)
} else := conditional(unjudged(decision)) if {
	decision.outcome == "not_applicable"
} else := technical(unjudged(decision))

# METADATA
# title: Unjudged
# description: Why a decision judges no criteria, in words; undefined where it does.
unjudged(decision) := concat(" ", [reason.message | some reason in decision.reasons]) if {
	decision.outcome == "not_applicable"
} else := concat("; ", [$"{error.path} {error.message}" | some error in decision.errors]) if {
	decision.outcome == "invalid"
}

# METADATA
# title: Conditional
# description: What is asserted of an order that no guideline judges, or not as it stands, and why.
conditional(why) := [
	_code("covered", "conditional"),
	_code("info-needed", "OTH"),
	_reason({"text": why}),
	_detail("instructions", "cat-other", {"valueString": why}, []),
]

# METADATA
# title: Technical
# description: What is asserted when the plan's own systems could not decide, and why.
technical(why) := [
	_code("covered", "indeterminate"),
	_code("pa-needed", "indeterminate"),
	_reason({"coding": [_cause("technical")], "text": why}),
]

# METADATA
# title: Not covered
# description: What is asserted of a member without coverage, by one of CRD's reasons.
not_covered(code, why) := [
	_code("covered", "not-covered"),
	_reason({"coding": [_cause(code)], "text": why}),
]

_code(name, code) := {"url": name, "valueCode": code}

_reason(concept) := {"url": "reason", "valueCodeableConcept": concept}

_cause(code) := {"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp", "code": code}

# What a pended request still lacks: from the prescriber, as a questionnaire; from the plan, or from a person who
# decides, in words.
_questions(request, decision, asking) := [] if {
	decision.outcome != "pended"
} else := array.flatten([
	_code("doc-needed", "clinical"),
	[_code("doc-purpose", purpose) | purpose := data.plan.fhir.doc_purpose],
	_reason({"text": concat(" ", array.concat([$"Needed to decide: {_titles(asked)}."], waiting))}),
	{"url": "questionnaire", "valueCanonical": questionnaire.canonical(form)},
]) if {
	asking
	form := questionnaire.open(request, decision)
	declared := texts.declared(decision.guideline)
	asked := [declared[path] | some path in questions.marked(form, "1")]
	waiting := _waiting(decision)
} else := [_reason({"text": concat(" ", waiting)}) | waiting != []] if {
	waiting := _waiting(decision)
}

_waiting(decision) := array.concat(
	[$"The plan is still to find out: {_titles(unknown)}." |
		declared := texts.declared(decision.guideline)
		unknown := [each |
			some missing in decision.missing
			each := declared[texts.path(missing.path, declared)]
			each.known_by == "plan"
		]
		unknown != []
	],
	[reason.message |
		some reason in decision.reasons
		not reason.criterion in {missing.criterion | some missing in decision.missing}
	],
)

_titles(declared) := concat("; ", [each.title | some each in declared])

# The guideline, and what it allows of this order, whatever the outcome.
_details(request, decision) := array.concat(
	[_detail(
		"policy-link",
		"cat-other",
		{"valueString": $"{decision.guideline.title}, effective {decision.guideline.effective_date}"},
		[],
	)],
	[detail |
		limits := texts.listed(decision.guideline, request.type, "limits")
		some index, limit in limits

		# Limits are the last of a decision's criteria.
		some [criterion, judged] in groups.leaves(limit, decision.criteria[(count(decision.criteria) - count(limits)) + index])
		detail := _limit(criteria.limit_kinds[criterion.kind], criterion, judged, request, decision)
	],
)

# What a limit allows, once it is known.
_limit("quantity", criterion, judged, _, decision) := _detail(
	"allowed-quantity",
	"cat-limitation",
	{"valueQuantity": object.union({"value": judged.facts.allowed, "unit": replace(name, "_", " ")}, unit)},
	array.concat([$"For {days} days." | days := judged.facts.days_supply], [_cited(judged)]),
) if {
	is_number(judged.facts.allowed)
	name := split(criterion.quantity, ".")[1]
	unit := object.get(texts.declared(decision.guideline), [criterion.quantity, "unit"], {})
}

_limit("months", _, judged, request, _) := _detail(
	"allowed-period",
	"cat-limitation",
	{"valuePeriod": {"start": start, "end": calendar.last_day(start, judged.facts.maximum)}},
	[_cited(judged)],
) if {
	[start] := [found | found := authorization.start_date] with input as request
}

_cited(judged) := $"{judged.clause}: {judged.text}"

_detail(code, category, value, qualification) := {"url": "detail", "extension": array.concat(
	[
		_code("category", category),
		{"url": "code", "valueCodeableConcept": {"coding": [{
			"system": "http://terminology.hl7.org/CodeSystem/crd-coverage-detail",
			"code": code,
		}]}},
		object.union({"url": "value"}, value),
	],
	[{"url": "qualification", "valueString": concat(" ", qualification)} | qualification != []],
)}
