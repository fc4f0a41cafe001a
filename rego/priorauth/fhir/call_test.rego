package priorauth.fhir.call_test

import data.priorauth.fhir.call
import data.priorauth.fhir.fixtures_test as fixtures

_issues(sent) := _issues_of("order-sign-crd", sent)

_issues_of(service, sent) := [[issue.status, issue.code, issue.expression, issue.text] | some issue in found] if {
	found := call.issues with input as {"service": service, "hook": sent, "member": fixtures.member, "received": fixtures.received}
}

_with(changed) := object.union(fixtures.hook, changed)

_prefetching(changed) := fixtures.hook_of([fixtures.order], object.union(fixtures.prefetch, changed))

test_a_sound_call_has_no_issues if {
	_issues(fixtures.hook) == []
	_issues(fixtures.hook_of([], fixtures.prefetch)) == []
}

test_a_call_that_is_no_object[name] if {
	some name, sent in {"null": null, "a list": [], "a text": "order-sign", "a number": 1}
	{issue | some issue in _issues(sent)} == {issue | some issue in _lacking} | {
		[400, "structure", "", "must be a CDS Hooks call, which is a JSON object"],
	}
}

_coverage_lacking := [412, "incomplete", "prefetch.coverage", "must be prefetched: the Coverage that the orders are under"]

_lacking := [
	_coverage_lacking,
	[400, "required", "context.patientId", "must be the id of the patient"],
	[400, "required", "hookInstance", "must be a text"],
	[400, "value", "hook", "must be order-sign, the hook of this service"],
]

test_an_empty_call_lacks_all_that_a_call_has if _issues({}) == _lacking

test_the_hook_is_that_of_the_service if {
	_issues_of("order-dispatch-crd", fixtures.hook) == [[400, "value", "hook", "must be order-dispatch, the hook of this service"]]
}

test_what_a_call_must_say[name] if {
	some name, [changed, issue] in {
		"an instance": [{"hookInstance": 1}, [400, "required", "hookInstance", "must be a text"]],
		"a patient": [{"context": {"patientId": null}}, [400, "required", "context.patientId", "must be the id of the patient"]],
		"orders": [{"context": {"draftOrders": []}}, [400, "required", "context.draftOrders", "must be a Bundle of the orders"]],
		"this version": [{"extension": {"davinci-crd.requestedVersion": "2.0"}}, [400, "not-supported", "extension.davinci-crd.requestedVersion", "must be 2.2, or left out"]],
	}
	_issues(_with(changed)) == [issue]
}

test_this_version_may_be_asked_for if {
	_issues(_with({"extension": {"davinci-crd.requestedVersion": "2.2"}})) == []
	_issues(_with({"extension": null})) == []
}

test_there_is_one_coverage[name] if {
	some name, coverage in {
		"none": fixtures.bundle([]),
		"two": fixtures.bundle([fixtures.coverage, object.union(fixtures.coverage, {"id": "coverage-2"})]),
		"an outcome": {"resourceType": "OperationOutcome"},
	}
	_issues(_prefetching({"coverage": coverage})) == [[400, "required", "prefetch.coverage", "must be one Coverage, the one that the orders are under"]]
}

test_two_coverages_are_not_one_under_any_key if {
	other := object.union(fixtures.coverage, {"id": "coverage-2"})
	prefetch := object.union(object.remove(fixtures.prefetch, ["coverage"]), {"one": fixtures.coverage, "other": other})
	_issues(fixtures.hook_of([fixtures.order], prefetch)) == [
		[400, "required", "prefetch.coverage", "must be one Coverage, the one that the orders are under"],
	]
}

test_what_has_no_id_is_called_nothing if {
	named := {"hook": fixtures.hook}
	not call.id({}) with input as named
	not call.id(fixtures.order) with input as {"hook": object.remove(fixtures.hook, ["hookInstance"])}
	call.id(fixtures.order) == "9c1f6a52-8e0d-4a3e-8a3c-61f2c9b3d7aa/order-1" with input as named
	nameless := object.remove(fixtures.order, ["id"])
	hook := object.union(fixtures.hook_of([nameless], {}), {"hook": "order-select", "context": {"selections": ["MedicationRequest/<undefined>"]}})
	call.orders == [] with input as {"hook": hook}
}

test_the_same_coverage_twice_is_one_and_under_any_key if {
	_issues(_prefetching({"again": fixtures.coverage})) == []
	hook := fixtures.hook_of([fixtures.order], object.union(object.remove(fixtures.prefetch, ["coverage"]), {"another": fixtures.coverage}))
	_issues(hook) == []
}

test_a_coverage_that_was_not_prefetched_is_wanting[name] if {
	some name, prefetch in {"null": object.union(fixtures.prefetch, {"coverage": null}), "nothing": {}, "no object": [], "no prefetch": null}
	_issues(fixtures.hook_of([fixtures.order], prefetch)) == [_coverage_lacking]
}

test_the_payer_is_ours if {
	other := object.union(fixtures.coverage, {"payor": [{"display": "Another"}]})
	_issues(_prefetching({"coverage": other})) == [[
		400, "value", "Coverage.payor", "must name, by its identifier, a payer that this service answers for",
	]]
}

test_resources_that_are_referred_to_have_ids if {
	_issues(_prefetching({"coverage": object.remove(fixtures.coverage, ["id"])})) == [[422, "required", "Coverage.id", "is required, so that it can be referred to"]]
	_issues(fixtures.hook_of([fixtures.order_without(["id"])], fixtures.prefetch)) == [[
		422, "required", "MedicationRequest.id", "is required, so that it can be referred to",
	]]
}

test_orders_and_coverage_are_of_the_patient_of_the_call if {
	other := {"reference": "Patient/patient-2"}
	_issues(_prefetching({"coverage": object.union(fixtures.coverage, {"beneficiary": other})})) == [[
		422, "conflict", "Coverage.beneficiary", "must be the patient of the call",
	]]
	_issues(fixtures.hook_of([fixtures.order_with({"subject": other})], fixtures.prefetch)) == [[
		422, "conflict", "MedicationRequest.subject", "must be the patient of the call",
	]]
}

_referring(reference) := object.union(fixtures.order_without(["medicationCodeableConcept"]), {"medicationReference": {"reference": reference}})

test_a_medication_that_was_not_prefetched_is_wanting if {
	_issues(fixtures.hook_of([_referring("Medication/m")], fixtures.prefetch)) == [[
		412, "incomplete", "prefetch.medications", "must have the Medication of every order that refers to one",
	]]
	_issues(fixtures.hook_of([_referring("Medication/m")], object.union(fixtures.prefetch, {"medications": fixtures.bundle([])}))) == []
	medication := {"resourceType": "Medication", "id": "m", "code": fixtures.order.medicationCodeableConcept}
	_issues(fixtures.hook_of([_referring("Medication/m")], object.union(fixtures.prefetch, {"any": medication}))) == []
}

test_an_order_has_a_day if {
	_issues(fixtures.hook_of([fixtures.order_without(["authoredOn"])], fixtures.prefetch)) == [[
		422, "required", "MedicationRequest.authoredOn", "must be a date, or dispenseRequest.validityPeriod must start on one",
	]]
}

test_an_order_not_to_do_something_is_none if {
	_issues(fixtures.hook_of([fixtures.order_with({"doNotPerform": true})], fixtures.prefetch)) == [[
		422, "invariant", "MedicationRequest.doNotPerform", "must be absent: an order not to give a drug cannot be judged",
	]]
	_issues(fixtures.hook_of([fixtures.order_with({"doNotPerform": false})], fixtures.prefetch)) == []
}

_service_request := {"resourceType": "ServiceRequest", "id": "service-1", "subject": {"reference": "Patient/patient-1"}}

_order_2 := fixtures.order_with({"id": "order-2"})

_orders(hook) := [resource.id | some resource in found] if {
	found := call.orders with input as {"hook": hook}
}

test_an_order_of_no_drug_needs_neither_a_day_nor_a_medication if {
	_issues(fixtures.hook_of([_service_request], fixtures.prefetch)) == []
	_issues(fixtures.hook_of([object.union(_service_request, {"medicationReference": {"reference": "Medication/m"}})], fixtures.prefetch)) == []
	_issues(fixtures.hook_of([fixtures.order_without(["medicationCodeableConcept"])], fixtures.prefetch)) == []
}

test_the_prescriber_can_be_asked_but_while_orders_are_selected if {
	asking := [asked | some hook in ["order-sign", "order-dispatch", "order-select"]; asked := call.asking with input as {"hook": {"hook": hook}}]
	asking == [true, true, false]
}

test_orders_are_of_these_types if {
	drafted := [{"resourceType": type, "id": type} |
		some type in [
			"CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder", "ServiceRequest", "VisionPrescription",
			"Medication", "CarePlan",
		]
	]
	_orders(fixtures.hook_of(drafted, {})) == array.slice([each.id | some each in drafted], 0, 6)
	references := [$"{each.resourceType}/{each.id}" | some each in drafted]
	_orders(_dispatching(references, drafted)) == array.slice([each.id | some each in drafted], 0, 6)
}

test_the_orders_signed_are_all_that_are_drafted if {
	_orders(fixtures.hook_of([fixtures.order, _service_request, {"resourceType": "Medication", "id": "m"}, _order_2], {})) == ["order-1", "service-1", "order-2"]
	_orders(fixtures.hook_of([], {})) == []
}

_selecting(selections) := object.union(fixtures.hook_of([fixtures.order, _order_2], fixtures.prefetch), {
	"hook": "order-select",
	"context": {"selections": selections},
})

test_the_orders_selected_are_those_named if {
	_orders(_selecting(["MedicationRequest/order-2", "MedicationRequest/order-3", 1])) == ["order-2"]
	_issues_of("order-select-crd", _selecting(["MedicationRequest/order-2"])) == []
	without := json.remove(_selecting(["MedicationRequest/order-2"]), ["context/draftOrders"])
	_issues_of("order-select-crd", without) == [[400, "required", "context.draftOrders", "must be a Bundle of the orders"]]
	_issues_of("order-select-crd", _selecting("MedicationRequest/order-2")) == [[
		400, "required", "context.selections", "must be an array of references to the orders",
	]]
}

_dispatching(dispatched, prefetched) := {
	"hook": "order-dispatch",
	"hookInstance": "an instance",
	"fhirServer": "https://ehr.example/fhir",
	"context": {"patientId": "patient-1", "dispatchedOrders": dispatched, "performer": "Organization/pharmacy"},
	"prefetch": object.union(fixtures.prefetch, {"medicationRequests": fixtures.bundle(prefetched)}),
}

test_the_orders_dispatched_are_those_named_and_prefetched if {
	hook := _dispatching(["MedicationRequest/order-2", "https://ehr.example/fhir/MedicationRequest/order-1"], [fixtures.order, _order_2])
	_orders(hook) == ["order-2", "order-1"]
	_issues_of("order-dispatch-crd", hook) == []
}

test_an_order_dispatched_that_was_not_prefetched_is_wanting if {
	_issues_of("order-dispatch-crd", _dispatching(["MedicationRequest/order-3"], [fixtures.order])) == [[
		412, "incomplete", "prefetch.medicationRequests", "must have every order that is dispatched",
	]]
	_issues_of("order-dispatch-crd", _dispatching(null, [])) == [[
		400, "required", "context.dispatchedOrders", "must be an array of references to the orders",
	]]
}

test_nothing_prefetched_is_all_that_is_wanting[name] if {
	some name, prefetch in {"null": null, "a list": [fixtures.coverage], "empty": {}}
	hook := object.union(object.remove(_dispatching(["MedicationRequest/order-1"], []), ["prefetch"]), {"prefetch": prefetch})
	_issues_of("order-dispatch-crd", hook) == [
		_coverage_lacking,
		[412, "incomplete", "prefetch.medicationRequests", "must have every order that is dispatched"],
	]
}

test_a_call_of_another_hook_has_no_orders if {
	not _orders({"hook": "patient-view"})
	not _orders({})
}

test_orders_are_updated_unless_the_client_will_not if {
	call.wanted with input as {"hook": fixtures.hook}
	call.wanted with input as {"hook": _with({"extension": {"davinci-crd.configuration": {"coverage-info": true}}})}
	call.wanted with input as {"hook": _with({"extension": {"davinci-crd.configuration": {"other": false}}})}
	call.wanted == false with input as {"hook": _with({"extension": {"davinci-crd.configuration": {"coverage-info": false}}})}
}
