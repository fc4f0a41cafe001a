# METADATA
# title: Fixtures
# description: A call about one order, and what the tests change in it.
package priorauth.fhir.fixtures_test

import data.priorauth.fhir.crd

ucum(value, code) := {"value": value, "system": "http://unitsofmeasure.org", "code": code}

tablets(value) := {
	"value": value,
	"unit": "tablets",
	"system": "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm",
	"code": "TAB",
}

coded(system, code) := {"coding": [{"system": system, "code": code}]}

ndc := "http://hl7.org/fhir/sid/ndc"

# Five tablets of 20 mg once a week, 20 tablets for 28 days.
order := {
	"resourceType": "MedicationRequest",
	"id": "order-1",
	"status": "draft",
	"intent": "order",
	"medicationCodeableConcept": coded(ndc, "72237-101-03"),
	"subject": {"reference": "Patient/patient-1"},
	"authoredOn": "2022-11-01T09:30:00-05:00",
	"requester": {"reference": "Practitioner/practitioner-1"},
	"dosageInstruction": [{
		"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}},
		"doseAndRate": [{"doseQuantity": tablets(5)}],
	}],
	"dispenseRequest": {"quantity": tablets(20), "expectedSupplyDuration": ucum(28, "d")},
}

order_with(changed) := object.union(order, changed)

order_without(names) := object.remove(order, names)

patient := {"resourceType": "Patient", "id": "patient-1", "birthDate": "1956-04-12"}

coverage := {
	"resourceType": "Coverage",
	"id": "coverage-1",
	"status": "active",
	"beneficiary": {"reference": "Patient/patient-1"},
	"payor": [{"identifier": {"system": "https://payer.example/payers", "value": "example-health-plan"}}],
}

practitioner := {
	"resourceType": "Practitioner",
	"id": "practitioner-1",
	"identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
}

role := {
	"resourceType": "PractitionerRole",
	"id": "role-1",
	"practitioner": {"reference": "Practitioner/practitioner-1"},
	"specialty": [coded("http://nucc.org/provider-taxonomy", "207RH0003X")],
}

member := {
	"facts": {"member": {"benefit": "pharmacy", "formulary": "2"}},
	"drugs": {"xpovio": {"member": {"drug_on_formulary": true}}},
}

received := {"instant": "2022-11-01T14:30:05Z", "id": "5f0c9a1e-7d1b-4a52-9b0e-2f4c6a8e0b11"}

bundle(resources) := {
	"resourceType": "Bundle",
	"type": "collection",
	"entry": [{"resource": resource} | some resource in resources],
}

hook_of(orders, prefetched) := {
	"hook": "order-sign",
	"hookInstance": "9c1f6a52-8e0d-4a3e-8a3c-61f2c9b3d7aa",
	"fhirServer": "https://ehr.example/fhir",
	"context": {"userId": "Practitioner/practitioner-1", "patientId": "patient-1", "draftOrders": bundle(orders)},
	"prefetch": prefetched,
}

prefetch := {
	"patient": patient,
	"coverage": bundle([coverage]),
	"practitioners": bundle([practitioner]),
	"practitionerRoles": bundle([role]),
}

hook := hook_of([order], prefetch)

call := call_of(hook)

call_of(sent) := {"service": "order-sign-crd", "hook": sent, "member": member, "received": received}

# The answers that leave nothing open for the order.
answered := {
	"resourceType": "QuestionnaireResponse",
	"id": "response-1",
	"status": "completed",
	"questionnaire": "https://payer.example/fhir/Questionnaire/xpovio.initial.11222|2022-10-03",
	"extension": [{
		"url": "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/qr-context",
		"valueReference": {"reference": "MedicationRequest/order-1"},
	}],
	"item": [
		{"linkId": "documentation", "item": [
			{"linkId": "documentation.reference", "answer": [{"valueString": "chart-note-17"}]},
			{"linkId": "documentation.date", "answer": [{"valueDate": "2022-10-28"}]},
		]},
		{"linkId": "nccn", "item": [
			{"linkId": "nccn.source", "answer": [{"valueCoding": own_code("nccn.source", "compendium")}]},
			{"linkId": "nccn.category", "answer": [{"valueCoding": own_code("nccn.category", "2A")}]},
		]},
	],
}

own_code(path, code) := {"system": $"https://payer.example/fhir/CodeSystem/{path}", "code": code}

hook_with_answers := hook_of([order], object.union(prefetch, {"questionnaireResponses": bundle([answered])}))

parameters_of(given) := {
	"resourceType": "Parameters",
	"parameter": array.concat(
		[{"name": "coverage", "resource": coverage}],
		array.concat(given, [{"name": "referenced", "resource": each} | some each in [patient, practitioner, role]]),
	),
}

package_of(given) := {"parameters": parameters_of(given), "member": member, "received": received}

test_calls_of_the_fixtures_are_answered if {
	every sent in [hook, hook_with_answers] {
		found := crd.response with input as call_of(sent)
		found.status == 200
	}
}
