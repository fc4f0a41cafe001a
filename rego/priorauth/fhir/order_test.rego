package priorauth.fhir.order_test

import data.priorauth.fhir.facts
import data.priorauth.fhir.fixtures_test as fixtures
import data.priorauth.fhir.order
import data.priorauth.fhir.resources

_held(more) := resources.held(
	[{"resource": resource} | some resource in array.concat([fixtures.patient, fixtures.practitioner, fixtures.role], more)],
	"https://ehr.example/fhir",
)

_named := {"drug": {"name": "Xpovio", "strength_mg": 20}}

_stated(prescribed) := _stated_with(prescribed, _held([]))

_stated_with(prescribed, held) := facts.flat(order.stated(prescribed, held, data.facts, _named))

_all := {
	"service_date": "2022-11-01",
	"member.birth_date": "1956-04-12",
	"prescriber.npi": "1234567893",
	"prescriber.taxonomies": ["207RH0003X"],
	"dose.mg_per_week": 100,
	"dose.times_per_week": 1,
	"quantity.tablets": 20,
	"quantity.days_supply": 28,
}

_without(paths) := object.remove(_all, paths)

_dose := ["dose.mg_per_week", "dose.times_per_week"]

_service_request := {"resourceType": "ServiceRequest", "id": "service-1"}

test_what_is_against_the_rules[name] if {
	day := {
		"status": 422, "code": "required", "expression": "MedicationRequest.authoredOn",
		"text": "must be a date, or dispenseRequest.validityPeriod must start on one",
	}
	contrary := {
		"status": 422, "code": "invariant", "expression": "MedicationRequest.doNotPerform",
		"text": "must be absent: an order not to give a drug cannot be judged",
	}
	some name, [ordered, issues] in {
		"nothing": [fixtures.order, []],
		"no day": [fixtures.order_without(["authoredOn"]), [day]],
		"not to be given": [fixtures.order_with({"doNotPerform": true}), [contrary]],
		"to be given": [fixtures.order_with({"doNotPerform": false}), []],
		"both": [object.union(fixtures.order_without(["authoredOn"]), {"doNotPerform": true}), [day, contrary]],
		"an order of no drug": [object.union(_service_request, {"doNotPerform": true}), []],
	}
	order.issues(ordered) == issues
}

test_orders_that_no_guideline_can_judge[name] if {
	modified := "The order has a modifier that is not understood here."
	some name, [ordered, why] in {
		"for a drug": [fixtures.order, []],
		"of another kind": [_service_request, ["The plan's drug guidelines do not judge orders of this kind."]],
		"modified": [fixtures.order_with({"modifierExtension": [{"url": "https://ehr.example/not"}]}), [modified]],
		"by rules": [fixtures.order_with({"implicitRules": "https://ehr.example/rules"}), [modified]],
	}
	[found | found := order.unjudged(ordered)] == why
}

test_an_order_states_what_it_says if {
	_stated(fixtures.order) == _all
}

test_an_order_of_nothing_states_nothing if {
	order.stated({}, resources.held([], null), data.facts, {}) == {}
}

test_the_drug_is_the_medications if {
	order.drug(fixtures.order, _held([])) == _named
	concept := fixtures.order.medicationCodeableConcept
	medication := {"resourceType": "Medication", "id": "m", "code": concept}
	referring := fixtures.order_without(["medicationCodeableConcept"])
	apart := object.union(referring, {"medicationReference": {"reference": "Medication/m"}})
	order.drug(apart, _held([medication])) == _named
	contained := object.union(referring, {"medicationReference": {"reference": "#m"}, "contained": [medication]})
	order.drug(contained, _held([])) == _named
	a_text := object.union(apart, {"medicationCodeableConcept": "Xpovio"})
	order.drug(a_text, _held([medication])) == _named
	not order.medication(apart, _held([]))
	not order.drug(apart, _held([]))
	not order.drug(referring, _held([medication]))
}

test_the_service_date_is_the_start_of_the_supply_else_of_the_order if {
	order.service_date(fixtures.order) == "2022-11-01"
	starting := fixtures.order_with({"dispenseRequest": {"validityPeriod": {"start": "2022-11-15T00:00:00Z"}}})
	order.service_date(starting) == "2022-11-15"
	_stated(starting).service_date == "2022-11-15"
	order.service_date(fixtures.order_with({"dispenseRequest": {"validityPeriod": {"start": "2022-11"}}})) == "2022-11-01"
}

test_a_day_that_is_none_is_no_service_date[day] if {
	some day in ["2022-11", "2022", "2022-02-30", "", "today", 20221101, null, ["2022-11-01"]]
	not order.service_date(fixtures.order_with({"authoredOn": day}))
}

test_a_birth_date_is_a_whole_day[day] if {
	some day in ["1956-04", "1956", "1956-02-30", null, 1956]
	held := resources.held([{"resource": object.union(fixtures.patient, {"birthDate": day})}], null)
	not _stated_with(fixtures.order, held)["member.birth_date"]
}

test_the_prescriber_is_whoever_ordered if {
	by_role := fixtures.order_with({"requester": {"reference": "PractitionerRole/role-1"}})
	_stated(by_role) == _all
	absolute := fixtures.order_with({"requester": {"reference": "https://ehr.example/fhir/Practitioner/practitioner-1"}})
	_stated(absolute) == _all
	another := fixtures.order_with({"requester": {"reference": "Practitioner/practitioner-2"}})
	_stated(another) == _without(["prescriber.npi", "prescriber.taxonomies"])
	none := fixtures.order_without(["requester"])
	_stated(none) == _without(["prescriber.npi", "prescriber.taxonomies"])
	patient := fixtures.order_with({"requester": {"reference": "Patient/patient-1"}})
	_stated(patient) == _without(["prescriber.npi", "prescriber.taxonomies"])
}

test_nobody_else_is_the_prescriber[name] if {
	npi := fixtures.practitioner.identifier
	some name, resource in {
		"another type with an NPI": {"resourceType": "Organization", "id": "1", "identifier": npi},
		"another type of a practitioner": {
			"resourceType": "Basic", "id": "1",
			"practitioner": {"reference": "Practitioner/practitioner-1"}, "specialty": fixtures.role.specialty,
		},
	}
	ordered := fixtures.order_with({"requester": {"reference": $"{resource.resourceType}/1"}})
	_stated_with(ordered, _held([resource])) == _without(["prescriber.npi", "prescriber.taxonomies"])
}

test_specialties_are_of_every_role_and_of_qualifications if {
	prescriber := object.union(fixtures.practitioner, {"qualification": [
		{"code": fixtures.coded("http://nucc.org/provider-taxonomy", "2085R0001X")},
		{"code": fixtures.coded("http://snomed.info/sct", "394592004")},
	]})
	more := object.union(fixtures.role, {"id": "role-2", "specialty": [
		fixtures.coded("http://nucc.org/provider-taxonomy", "207RX0202X"),
		fixtures.coded("http://nucc.org/provider-taxonomy", "oncologist"),
		{"text": "Hematology"},
	]})
	ended := object.union(fixtures.role, {
		"id": "role-3",
		"active": false,
		"specialty": [fixtures.coded("http://nucc.org/provider-taxonomy", "208000000X")],
	})
	other := object.union(fixtures.role, {
		"id": "role-4",
		"practitioner": {"reference": "Practitioner/practitioner-2"},
		"specialty": [fixtures.coded("http://nucc.org/provider-taxonomy", "208000000X")],
	})
	no_role := object.union(fixtures.role, {
		"resourceType": "Basic",
		"specialty": [fixtures.coded("http://nucc.org/provider-taxonomy", "208000000X")],
	})
	found := _stated_with(fixtures.order, _held([prescriber, more, ended, other, no_role]))["prescriber.taxonomies"]
	found == ["207RH0003X", "207RX0202X", "2085R0001X"]
}

test_a_specialty_of_another_system_is_none if {
	role := object.union(fixtures.role, {"specialty": [fixtures.coded("http://snomed.info/sct", "207RH0003X"), {"text": "Oncology"}]})
	held := resources.held([{"resource": resource} | some resource in [fixtures.patient, fixtures.practitioner, role]], null)
	_stated_with(fixtures.order, held) == _without(["prescriber.taxonomies"])
}

test_specialties_are_found_where_the_practitioner_is_not if {
	held := resources.held([{"resource": fixtures.patient}, {"resource": fixtures.role}], null)
	_stated_with(fixtures.order, held) == _without(["prescriber.npi"])
}

test_an_identifier_that_is_no_npi_is_none[name] if {
	some name, identifier in {
		"short": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "123456789"},
		"of another system": {"system": "https://ehr.example/ids", "value": "1234567893"},
		"number": {"system": "http://hl7.org/fhir/sid/us-npi", "value": 1234567893},
	}
	held := _held([object.union(fixtures.practitioner, {"identifier": [identifier]})])
	not _stated_with(fixtures.order, held)["prescriber.npi"]
}

_icd := "http://hl7.org/fhir/sid/icd-10-cm"

test_a_diagnosis_is_the_one_reason if {
	_stated(fixtures.order_with({"reasonCode": [fixtures.coded(_icd, "C90.00")]}))["diagnosis.icd10"] == "C90.00"
	condition := {"resourceType": "Condition", "id": "c", "code": fixtures.coded(_icd, "C90.02")}
	referring := fixtures.order_with({"reasonReference": [{"reference": "Condition/c"}]})
	_stated_with(referring, _held([condition]))["diagnosis.icd10"] == "C90.02"
	both := object.union(referring, {"reasonCode": [fixtures.coded(_icd, "C90.02"), fixtures.coded("http://snomed.info/sct", "109989006")]})
	_stated_with(both, _held([condition]))["diagnosis.icd10"] == "C90.02"
}

test_two_diagnoses_are_none_and_so_is_one_of_another_system if {
	_stated(fixtures.order_with({"reasonCode": [fixtures.coded(_icd, "C90.00"), fixtures.coded(_icd, "C90.02")]})) == _all
	_stated(fixtures.order_with({"reasonCode": [fixtures.coded("http://snomed.info/sct", "109989006"), {"text": "myeloma"}]})) == _all
	_stated(fixtures.order_with({"reasonCode": fixtures.coded(_icd, "C90.00")})) == _all
	observation := {"resourceType": "Observation", "id": "c", "code": fixtures.coded(_icd, "C90.02")}
	_stated_with(fixtures.order_with({"reasonReference": [{"reference": "Observation/c"}]}), _held([observation])) == _all
}

test_documents_are_those_cited_that_stand if {
	documents := [
		{"resourceType": "DocumentReference", "id": "1", "status": "current", "type": fixtures.coded("http://loinc.org", "11506-3"), "date": "2022-10-20T08:00:00Z"},
		{"resourceType": "DocumentReference", "id": "2", "status": "current", "type": {"text": "Unknown"}, "date": "2022"},
		{"resourceType": "DocumentReference", "id": "3", "status": "entered-in-error"},
		{"resourceType": "DocumentReference", "id": "4"},
		{"resourceType": "DocumentReference", "id": "not-cited", "status": "current"},
		{"resourceType": "Observation", "id": "o", "status": "current"},
	]
	cited := fixtures.order_with({"supportingInformation": [{"reference": reference} |
		some reference in [
			"DocumentReference/1", "DocumentReference/2", "DocumentReference/3", "DocumentReference/4",
			"DocumentReference/elsewhere", "Observation/o", "Observation/elsewhere",
		]
	]})
	_stated_with(cited, _held(documents)).documentation == [
		{"reference": "DocumentReference/1", "type": "11506-3", "date": "2022-10-20"},
		{"reference": "DocumentReference/2"},
		{"reference": "DocumentReference/elsewhere"},
	]
}

test_no_documents_are_not_stated[name] if {
	some name, cited in {
		"none": [],
		"null": null,
		"a display": [{"display": "Chart note"}],
		"no list": {"reference": "DocumentReference/1"},
		"no reference": ["DocumentReference/1", {"reference": 1}, null],
	}
	_stated(fixtures.order_with({"supportingInformation": cited})) == _all
}

_dispensing(changed) := _stated(object.union(fixtures.order_without(["dispenseRequest"]), {"dispenseRequest": changed}))

test_the_supply_is_in_days_or_weeks if {
	_dispensing({"expectedSupplyDuration": fixtures.ucum(4, "wk")}) == object.union(_without(["quantity.tablets"]), {"quantity.days_supply": 28})
	_dispensing({"expectedSupplyDuration": fixtures.ucum(30, "d")}) == object.union(_without(["quantity.tablets"]), {"quantity.days_supply": 30})
	_dispensing({"expectedSupplyDuration": fixtures.ucum(1, "mo")}) == _without(["quantity.tablets", "quantity.days_supply"])
	_dispensing({"expectedSupplyDuration": {"value": 28, "unit": "days"}}) == _without(["quantity.tablets", "quantity.days_supply"])
}

test_the_quantity_is_in_the_unit_of_its_fact if {
	_dispensing({"quantity": fixtures.tablets(12)}) == object.union(_without(["quantity.days_supply"]), {"quantity.tablets": 12})
	_dispensing({"quantity": {"value": 12, "unit": "tablets"}}) == _without(["quantity.tablets", "quantity.days_supply"])
	_dispensing({"quantity": fixtures.ucum(12, "mL")}) == _without(["quantity.tablets", "quantity.days_supply"])
	_dispensing({"quantity": object.union(fixtures.tablets(12), {"comparator": "<"})}) == _without(["quantity.tablets", "quantity.days_supply"])
}

test_a_guidelines_own_quantity_is_read_by_its_unit if {
	own := {"quantity.ml": {"unit": {"system": "http://unitsofmeasure.org", "code": "mL"}}}
	dispensed := {"dispenseRequest": {"quantity": fixtures.ucum(5, "mL")}}
	order.stated(dispensed, _held([]), own, {}) == {"quantity": {"ml": 5}}
}

_dosing(timing, dose) := _stated(fixtures.order_with({"dosageInstruction": [{
	"timing": {"repeat": timing},
	"doseAndRate": [{"doseQuantity": dose}],
}]}))

_weekly := {"frequency": 1, "period": 1, "periodUnit": "wk"}

test_a_dose_is_reckoned_by_its_schedule[name] if {
	some name, [timing, dose, mg, times] in {
		"in mg": [_weekly, fixtures.ucum(80, "mg"), 80, 1],
		"in tablets": [_weekly, fixtures.tablets(4), 80, 1],
		"twice a week": [{"frequency": 2, "period": 1, "periodUnit": "wk"}, fixtures.ucum(80, "mg"), 160, 2],
		"every seven days": [{"frequency": 1, "period": 7, "periodUnit": "d"}, fixtures.ucum(80, "mg"), 80, 1],
		"every day": [{"frequency": 1, "period": 1, "periodUnit": "d"}, fixtures.ucum(10, "mg"), 70, 7],
		"for a time": [object.union(_weekly, {"boundsDuration": fixtures.ucum(6, "mo")}), fixtures.ucum(60, "mg"), 60, 1],
		"from a day": [object.union(_weekly, {"boundsPeriod": {"start": "2022-11-01"}}), fixtures.ucum(60, "mg"), 60, 1],
		"for about a time": [object.union(_weekly, {"boundsRange": {"low": fixtures.ucum(6, "mo")}}), fixtures.ucum(60, "mg"), 60, 1],
	}
	_dosing(timing, dose) == object.union(_all, {"dose.mg_per_week": mg, "dose.times_per_week": times})
}

test_a_schedule_that_weeks_do_not_hold_is_not_averaged[name] if {
	some name, timing in {
		"every second day": {"frequency": 1, "period": 2, "periodUnit": "d"},
		"every two weeks": {"frequency": 1, "period": 2, "periodUnit": "wk"},
		"every month": {"frequency": 1, "period": 1, "periodUnit": "mo"},
		"no frequency": {"period": 1, "periodUnit": "wk"},
		"no period": {"frequency": 1, "periodUnit": "wk"},
		"a period of none": {"frequency": 1, "period": 0, "periodUnit": "wk"},
		"a period backwards": {"frequency": 1, "period": -0.5, "periodUnit": "wk"},
		"a text for a frequency": {"frequency": "1", "period": 1, "periodUnit": "wk"},
		"a text for a period": {"frequency": 1, "period": "1", "periodUnit": "wk"},
		"up to twice": object.union(_weekly, {"frequencyMax": 2}),
		"every one to two weeks": object.union(_weekly, {"periodMax": 2}),
		"on two days": object.union(_weekly, {"dayOfWeek": ["mon", "thu"]}),
		"so often in all": object.union(_weekly, {"count": 3}),
		"null": null,
		"a list": [_weekly],
	}
	_dosing(timing, fixtures.ucum(80, "mg")) == _without(_dose)
}

test_a_dose_of_another_unit_is_none[name] if {
	some name, dose in {
		"a text": {"value": 80, "unit": "mg"},
		"by weight": fixtures.ucum(1, "mg/kg"),
		"by the week": fixtures.ucum(80, "mg/wk"),
		"grams": fixtures.ucum(1, "g"),
		"up to": object.union(fixtures.ucum(80, "mg"), {"comparator": "<="}),
		"null": null,
	}
	_dosing(_weekly, dose) == object.union(_without(_dose), {"dose.times_per_week": 1})
}

test_a_dose_in_tablets_needs_the_strength if {
	held := _held([])
	facts.flat(order.stated(fixtures.order, held, data.facts, {"drug": {"name": "Xpovio"}})) == _without(["dose.mg_per_week"])
}

test_more_than_one_dose_or_a_conditional_one_is_none[name] if {
	dosage := fixtures.order.dosageInstruction[0]
	some name, dosages in {
		"none": [],
		"two": [dosage, object.union(dosage, {"sequence": 2})],
		"text only": [{"text": "100 mg once weekly"}],
		"as needed": [object.union(dosage, {"asNeededBoolean": true})],
		"as needed for": [object.union(dosage, {"asNeededCodeableConcept": {"text": "pain"}})],
		"modified": [object.union(dosage, {"modifierExtension": [{"url": "https://ehr.example/not"}]})],
		"no list": dosage,
		"no objects": ["100 mg once weekly"],
	}
	_stated(fixtures.order_with({"dosageInstruction": dosages})) == _without(_dose)
}

test_several_amounts_are_none[name] if {
	rate := {"doseQuantity": fixtures.ucum(80, "mg")}
	some name, rates in {"two": [rate, rate], "none": [], "an object": rate, "a range": [{"doseRange": {"low": fixtures.ucum(60, "mg")}}]}
	dosage := {"timing": {"repeat": _weekly}, "doseAndRate": rates}
	_stated(fixtures.order_with({"dosageInstruction": [dosage]})) == object.union(_without(_dose), {"dose.times_per_week": 1})
}

test_a_guidelines_own_dose_is_read_by_its_unit if {
	own := {"dose.mg_per_day": {"unit": {"system": "http://unitsofmeasure.org", "code": "mg/d"}}}
	dosage := [{"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "doseAndRate": [{"doseQuantity": fixtures.ucum(80, "mg")}]}]
	order.stated({"dosageInstruction": dosage}, _held([]), own, {}) == {"dose": {"mg_per_day": 160}}
	weekly := [{"timing": {"repeat": _weekly}, "doseAndRate": [{"doseQuantity": fixtures.ucum(70, "mg")}]}]
	order.stated({"dosageInstruction": weekly}, _held([]), own, {}) == {}
}

test_a_dose_of_units_that_are_not_read_is_none if {
	ordered := fixtures.order_with({"dosageInstruction": [{"timing": {"repeat": _weekly}, "doseAndRate": [{"doseQuantity": fixtures.ucum(80, "mg")}]}]})
	every unit in [
		{"system": "http://unitsofmeasure.org", "code": "mg/mo"},
		{"system": "http://unitsofmeasure.org", "code": "ug/wk"},
		{"system": "http://unitsofmeasure.org", "code": "mg"},
		{"system": "https://payer.example", "code": "mg/wk"},
	] {
		facts.flat(order.stated(ordered, _held([]), {"dose.own": {"unit": unit}}, _named)) == _without(array.concat(_dose, ["quantity.tablets"]))
	}
}
