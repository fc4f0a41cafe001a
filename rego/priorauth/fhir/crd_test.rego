package priorauth.fhir.crd_test

import data.priorauth
import data.priorauth.fhir.coverage
import data.priorauth.fhir.crd
import data.priorauth.fhir.fixtures_test as fixtures

_response(hook) := _response_to(fixtures.call_of(hook))

_response_to(call) := found if {
	found := crd.response with input as call
}

_requests(hook) := found if {
	found := crd.requests with input as fixtures.call_of(hook)
}

# What a decision on the request documents is told as, under the ids of the fixtures.
_expected(order, asserted, number) := {
	"type": "update",
	"description": "Add what the plan covers to the order",
	"resource": object.union(order, {"extension": [_extension(asserted, number)]}),
}

_extension(asserted, number) := coverage.extension(asserted, {
	"coverage": {"reference": "Coverage/coverage-1"},
	"instant": "2022-11-01T14:30:05Z",
	"id": $"5f0c9a1e-7d1b-4a52-9b0e-2f4c6a8e0b11.{number}",
})

_asserted(request, asking) := coverage.asserted(request, decision, asking) if {
	decision := priorauth.decision with input as request
}

_xpovio := {
	"id": "xpovio",
	"title": "Xpovio (selinexor)",
	"version": "2022-10-03",
	"effective_date": "2022-10-03",
	"next_review": "2023-06",
}

test_a_call_is_answered_by_the_decision_on_its_request if {
	[request] := _requests(fixtures.hook)
	request.request_id == "9c1f6a52-8e0d-4a3e-8a3c-61f2c9b3d7aa/order-1"
	_response(fixtures.hook) == {
		"status": 200,
		"body": {"cards": [], "systemActions": [_expected(fixtures.order, _asserted(request, true), 1)]},
		"decided": [{"outcome": "pended", "guideline": _xpovio}],
	}
}

test_with_the_answers_nothing_is_asked if {
	[request] := _requests(fixtures.hook_with_answers)
	found := _response(fixtures.hook_with_answers)
	found.decided == [{"outcome": "approved", "guideline": _xpovio}]
	found.body.systemActions == [_expected(fixtures.order, _asserted(request, true), 1)]
	{part.url | some part in found.body.systemActions[0].resource.extension[0].extension} == {
		"coverage", "covered", "pa-needed", "detail", "date", "coverage-assertion-id",
	}
}

test_what_is_refused_decides_nothing if {
	found := _response(object.remove(fixtures.hook, ["hookInstance"]))
	object.remove(found, ["body"]) == {"status": 400, "decided": []}
	found.body.resourceType == "OperationOutcome"
}

test_any_json_is_answered[name] if {
	some name, call in {"null": null, "a text": "hook", "nothing": {}, "a list": [], "an empty call": {"hook": {}}, "a list for a call": {"hook": []}}
	_response_to(call).body.resourceType == "OperationOutcome"
}

test_answers_that_are_wrong_are_refused if {
	wrong := object.union(fixtures.answered, {"item": [{"linkId": "nccn.none", "answer": [{"valueString": "yes"}]}, {"linkId": "other"}]})
	found := _response(fixtures.hook_of([fixtures.order], object.union(fixtures.prefetch, {"any": wrong})))
	found.status == 422
	[issue.expression | some issue in found.body.issue] == [["QuestionnaireResponse.item"]]
	placeholder := object.union(fixtures.answered, {"item": [{
		"linkId": "documentation",
		"item": [{"linkId": "documentation.reference", "answer": [{"valueString": "N/A"}]}],
	}]})
	refused := _response(fixtures.hook_of([fixtures.order], object.union(fixtures.prefetch, {"any": placeholder})))
	refused.status == 422
	[issue.expression | some issue in refused.body.issue] == [["QuestionnaireResponse.item.where(linkId='documentation.reference')"]]
}

_service_request := {"resourceType": "ServiceRequest", "id": "service-1", "subject": {"reference": "Patient/patient-1"}}

test_every_order_is_answered_under_an_id_of_its_own if {
	other := object.union(fixtures.order_without(["medicationCodeableConcept"]), {"id": "order-2", "medicationCodeableConcept": {"text": "Other"}})
	unnamed := object.union(fixtures.order_without(["medicationCodeableConcept"]), {"id": "order-3"})
	modified := fixtures.order_with({"id": "order-4", "modifierExtension": [{"url": "https://ehr.example/not"}]})
	ruled := fixtures.order_with({"id": "order-5", "implicitRules": "https://ehr.example/rules"})
	hook := fixtures.hook_of([_service_request, other, unnamed, modified, ruled], fixtures.prefetch)
	_requests(hook)[0] == null
	_requests(hook)[1].drug == {"name": "Other"}
	array.slice(_requests(hook), 2, 5) == [null, null, null]
	found := _response(hook)
	found.decided == [{"outcome": "not_applicable", "guideline": null}]
	unread := coverage.conditional("The order has a modifier that is not understood here.")
	found.body.systemActions == [
		_expected(_service_request, coverage.conditional("The plan's drug guidelines do not judge orders of this kind."), 1),
		_expected(other, coverage.conditional("No guideline on file names this drug."), 2),
		_expected(unnamed, coverage.conditional("The order names its drug by no code or name that the plan knows."), 3),
		_expected(modified, unread, 4),
		_expected(ruled, unread, 5),
	]
}

test_of_every_order_there_is_a_decision_or_no_answer if {
	other := object.union(fixtures.order_without(["medicationCodeableConcept"]), {"medicationCodeableConcept": {"text": "Other"}})
	some_plan := object.remove(data.plan, ["clinician_review"])
	not _response(fixtures.hook_of([_service_request, other], fixtures.prefetch)) with data.plan as some_plan
}

test_a_member_who_is_not_found_is_not_covered[name] if {
	some name, call in {"null": object.union(fixtures.call, {"member": null}), "none": object.remove(fixtures.call, ["member"])}
	found := _response_to(call)
	found.decided == []
	found.body.systemActions == [_expected(
		fixtures.order,
		coverage.not_covered("no-member-found", "The plan finds no member with this coverage."),
		1,
	)]
}

_in(period) := found if {
	member := object.union(fixtures.member, {"period": period})
	found := _response_to(object.union(fixtures.call, {"member": member})).body.systemActions[0].resource.extension[0].extension[1].valueCode
}

test_coverage_is_active_from_its_start_to_its_end if {
	_in({"start": "2022-11-01", "end": "2022-11-01"}) == "covered"
	_in({"start": "2022-11-02"}) == "not-covered"
	_in({"end": "2022-10-31"}) == "not-covered"
	_in({}) == "covered"
	found := _response_to(object.union(fixtures.call, {"member": object.union(fixtures.member, {"period": {"end": "2022-10-31"}})}))
	found.body.systemActions == [_expected(
		fixtures.order,
		coverage.not_covered("no-active-coverage", "The member has no active coverage on that day."),
		1,
	)]
}

test_without_a_time_there_is_no_answer if {
	not _response_to(object.remove(fixtures.call, ["received"]))
}

_selected := {"service": "order-select-crd", "hook": object.union(fixtures.hook, {
	"hook": "order-select",
	"context": {"selections": ["MedicationRequest/order-1"]},
})}

test_orders_that_are_selected_are_not_asked_about if {
	found := _response_to(object.union(fixtures.call, _selected))
	found.decided == [{"outcome": "pended", "guideline": _xpovio}]
	found.body.systemActions == [_expected(fixtures.order, _asserted(_requests(fixtures.hook)[0], false), 1)]
	not "doc-needed" in {part.url | some part in found.body.systemActions[0].resource.extension[0].extension}
}

test_orders_that_are_dispatched_are_answered_as_those_signed if {
	hook := {
		"hook": "order-dispatch",
		"hookInstance": fixtures.hook.hookInstance,
		"context": {"patientId": "patient-1", "dispatchedOrders": ["MedicationRequest/order-1"]},
		"prefetch": object.union(fixtures.prefetch, {"medicationRequests": fixtures.bundle([fixtures.order])}),
	}
	found := _response_to(object.union(fixtures.call_of(hook), {"service": "order-dispatch-crd"}))
	found == _response(fixtures.hook)
}

test_a_client_can_have_nothing_updated if {
	found := _response(object.union(fixtures.hook, {"extension": {"davinci-crd.configuration": {"coverage-info": false}}}))
	found == {"status": 200, "body": {"cards": [], "systemActions": []}, "decided": [{"outcome": "pended", "guideline": _xpovio}]}
}

_carrying(extensions) := fixtures.order_with({"extension": extensions})

_actions(order) := _response(fixtures.hook_of([order], fixtures.prefetch)).body.systemActions

_told := _extension(_asserted(_requests(fixtures.hook)[0], true), 1)

_earlier := object.union(_told, {"extension": array.concat(array.slice(_told.extension, 0, count(_told.extension) - 2), [
	{"url": "date", "valueDate": "2022-10-01"},
	{"url": "coverage-assertion-id", "valueString": "another"},
])})

test_an_order_that_was_told_the_same_already_is_not_updated if {
	_actions(_carrying([_told])) == []
	_actions(_carrying([{"url": "https://ehr.example/other"}, _earlier])) == []
}

test_an_order_that_was_told_otherwise_is_told_anew_and_nothing_else_of_it_is_changed if {
	other := {"url": "https://ehr.example/other", "valueString": "1.10"}
	stale := object.union(_told, {"extension": array.concat([_told.extension[0]], [{"url": "covered", "valueCode": "conditional"}])})
	_actions(_carrying([stale, other])) == [object.union(_expected(fixtures.order, [], 1), {"resource": _carrying([other, _told])})]
	torn := object.union(_told, {"extension": array.concat(_told.extension, [null])})
	_actions(_carrying([torn])) == [object.union(_expected(fixtures.order, [], 1), {"resource": _carrying([_told])})]
	twice := _carrying([_earlier, _earlier])
	_actions(twice) == [object.union(_expected(fixtures.order, [], 1), {"resource": _carrying([_told])})]
}

test_what_was_told_of_another_coverage_stays if {
	of_another := object.union(_told, {"extension": [{"url": "coverage", "valueReference": {"reference": "Coverage/coverage-2"}}]})
	_actions(_carrying([of_another])) == [object.union(_expected(fixtures.order, [], 1), {"resource": _carrying([of_another, _told])})]
}

test_what_was_told_in_another_way_stays[name] if {
	some name, other in {
		"by another extension": object.union(_told, {"url": "https://ehr.example/other"}),
		"with the coverage as another part": object.union(_told, {"extension": [{"url": "other", "valueReference": {"reference": "Coverage/coverage-1"}}]}),
	}
	_actions(_carrying([other])) == [object.union(_expected(fixtures.order, [], 1), {"resource": _carrying([other, _told])})]
}

test_technical_lacks_only_who_and_when if {
	crd.technical == {
		"extension": {
			"url": "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information",
			"extension": [
				{"url": "covered", "valueCode": "indeterminate"},
				{"url": "pa-needed", "valueCode": "indeterminate"},
				{"url": "reason", "valueCodeableConcept": {
					"coding": [{"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp", "code": "technical"}],
					"text": "The plan's systems could not decide. Try again later.",
				}},
			],
		},
		"types": [
			"CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder", "ServiceRequest",
			"VisionPrescription",
		],
	}
}
