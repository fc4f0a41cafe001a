package priorauth.fhir.services_test

import data.priorauth.fhir.crd
import data.priorauth.fhir.services

_by_id := {service.id: service | some service in crd.services.services}

test_each_hook_has_a_service_of_this_version if {
	{id: service.hook | some id, service in _by_id} == {
		"order-sign-crd": "order-sign",
		"order-select-crd": "order-select",
		"order-dispatch-crd": "order-dispatch",
	}
	{service.extension["davinci-crd.version"] | some service in _by_id} == {["2.2"]}
	[option] := [option | some option in {option | some service in _by_id; some option in service.extension["davinci-crd.configuration-options"]}]
	option == {
		"code": "coverage-info",
		"type": "boolean",
		"name": "Coverage Information",
		"description": "Whether orders are updated with what the plan covers, and whether prior authorization is needed.",
		"default": true,
	}
	{service.title | some service in _by_id} == {
		"Coverage of the drugs that are ordered",
		"Coverage of the drugs that are selected",
		"Coverage of the drugs that are dispensed",
	}
	{service.description | some service in _by_id} == {
		"Whether a drug needs prior authorization, what the plan covers, and what is needed to decide.",
	}
	services.discovery == crd.services
}

test_what_an_order_points_to_is_prefetched if {
	_by_id["order-sign-crd"].prefetch == {
		"patient": "Patient/{{context.patientId}}",
		"coverage": "Coverage?patient={{context.patientId}}&status=active",
		"payors": "Organization?_id={{%coverage.entry.resource.payor.resolve().ofType(Organization).id}}",
		"medications": "Medication?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest).medication.resolve().ofType(Medication).id}}",
		"practitionerRoles": "PractitionerRole?practitioner={{context.draftOrders.entry.resource.ofType(MedicationRequest).requester.resolve().ofType(Practitioner).id}}",
		"practitioners": "Practitioner?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest).requester.resolve().ofType(Practitioner).id}}",
		"questionnaireResponses": concat("", [
			"QuestionnaireResponse?status=completed,amended&context:MedicationRequest=",
			"{{context.draftOrders.entry.resource.ofType(MedicationRequest).id}}",
		]),
		"reasons": "Condition?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest).reasonReference.resolve().ofType(Condition).id}}",
		"supportingDocuments": concat("", [
			"DocumentReference?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest)",
			".supportingInformation.resolve().ofType(DocumentReference).id}}",
		]),
	}
	_by_id["order-select-crd"].prefetch == _by_id["order-sign-crd"].prefetch
	dispatched := _by_id["order-dispatch-crd"].prefetch
	dispatched.medicationRequests == "MedicationRequest?_id={{context.dispatchedOrders.resolve().ofType(MedicationRequest).id}}"
	dispatched.practitioners == "Practitioner?_id={{%medicationRequests.entry.resource.requester.resolve().ofType(Practitioner).id}}"
}

test_a_template_follows_those_that_it_refers_to if {
	every service in _by_id {
		keys := sort(object.keys(service.prefetch))
		every index, key in keys {
			every earlier in [other | some other in keys; contains(service.prefetch[key], $"%{other}.")] {
				earlier in array.slice(keys, 0, index)
			}
		}
	}
}
