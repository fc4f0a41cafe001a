package priorauth.fhir.payers_test

import data.priorauth.fhir.payers
import data.priorauth.fhir.resources

_own := {"system": "https://payer.example/payers", "value": "example-health-plan"}

_organization := {"resourceType": "Organization", "id": "o", "identifier": [{"system": "other", "value": "1"}, _own]}

_from := resources.held([{"resource": _organization}], null)

test_a_payer_is_ours_by_its_identifier_in_the_coverage_or_the_organization[name] if {
	some name, payor in {
		"in the coverage": [{"identifier": object.union(_own, {"use": "official"})}],
		"in the organization": [{"reference": "Organization/o"}],
		"the second": [{"display": "Other"}, {"identifier": _own}],
		"contained": [{"reference": "#p"}],
	}
	payers.ours({"payor": payor, "contained": [object.union(_organization, {"id": "p"})]}, _from)
}

test_another_payer_is_not_ours[name] if {
	some name, payor in {
		"of another value": [{"identifier": object.union(_own, {"value": "other"})}],
		"of another system": [{"identifier": object.union(_own, {"system": "other"})}],
		"of a display": [{"display": "Example Health Plan"}],
		"not there": [{"reference": "Organization/p"}],
		"none": [],
		"no list": {"identifier": _own},
		"null": null,
	}
	not payers.ours({"payor": payor}, _from)
}

test_another_patient_is_one_of_another_id if {
	payers.another_patient({"reference": "Patient/2"}, "1", _from)
	not payers.another_patient({"reference": "Patient/1"}, "1", _from)
	not payers.another_patient({"reference": "Patient/1/_history/2"}, "1", _from)
	not payers.another_patient({"reference": "urn:uuid:2"}, "1", _from)
	not payers.another_patient({"display": "Somebody"}, "1", _from)
	payers.another_patient({"reference": "https://ehr.example/fhir/Patient/2"}, "1", resources.held([], "https://ehr.example/fhir"))
}
