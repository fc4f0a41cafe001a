package priorauth.reasons_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.reasons

test_an_approved_request_has_no_reasons if {
	every request in [fixtures.initial, fixtures.renewal] {
		reasons.bearing == [] with input as request
		reasons.missing == [] with input as request
	}
}

test_not_applicable_for_what_is_not_met_of_header_and_footer if {
	reasons.bearing == [
		_reason("benefit", "Applicable", "not_met", "Not met: Applicable: Pharmacy- Formulary 1, Formulary 2, Formulary 3/Exclusive, Formulary 4/AON"),
		_reason("drug_on_formulary", "Footer", "not_met", "Not met: The preceding policy applies only to members for whom the above named pharmacy benefit medications are included on their covered formulary"),
	] with input as object.union(_denied, {"member": {
		"benefit": "medical",
		"formulary": null,
		"drug_on_formulary": false,
	}})
}

test_denied_for_what_is_not_met_of_ii_and_iii if {
	reasons.bearing == [
		_reason("age", "III.1", "not_met", "Not met: Member is at least 18 years of age"),
		_reason("prescriber", "III.2", "not_met", "Not met: The medication is prescribed by a hematologist/oncologist"),
	] with input as _denied
	reasons.missing == [] with input as _denied
}

test_denied_for_what_is_not_met_of_vi if {
	reasons.bearing == [
		_reason("disease_control", "VI.1", "not_met", "Not met: Stabilization of disease or in absence of disease progression"),
		_reason("toxicity", "VI.2", "not_met", "Not met: Absence of unacceptable toxicity from the drug"),
	] with input as fixtures.renewal_with({"clinical": {
		"disease_status": "progressive_disease",
		"unacceptable_toxicity": true,
	}})
}

test_modified_for_what_is_reduced_of_iv_and_v if {
	reasons.bearing == [
		_reason("quantity", "IV", "reduced", "Reduced to what the guideline allows: Coverage is provided as follows depending on dose requested: 160mg/week: 32 tablets per 28 days; 100mg/week: 20 tablets per 28 days; 80mg/week: 16 tablets per 28 days; 60mg/week: 12 tablets per 28 days"),
		_reason("duration", "V", "reduced", "Reduced to what the guideline allows: Coverage is available for up to 6 month and may be renewed"),
	] with input as fixtures.initial_with({"quantity": {"tablets": 21}, "duration_months": 7})
}

test_pended_for_all_that_is_unknown_whatever_its_stage if {
	every request, expected in {
		"initial": ["benefit_unknown", "formulary_unknown", "drug_on_formulary_unknown", "documentation_unknown", "age_unknown", "prescriber_unknown", "nccn_unknown", "quantity_unknown"],
		"renewal": ["benefit_unknown", "formulary_unknown", "drug_on_formulary_unknown", "documentation_unknown", "prior_authorization_unknown", "disease_control_unknown", "toxicity_unknown", "quantity_unknown"],
	} {
		codes := [reason.code | some reason in reasons.bearing] with input as object.union(fixtures.empty_initial, {"type": request})
		codes == expected
	}
	reasons.bearing[4] == _reason("age", "III.1", "unknown", "Not known: Member is at least 18 years of age") with input as fixtures.empty_initial
}

test_pended_does_not_tell_what_is_not_met_in_a_later_stage if {
	reasons.bearing == [_reason("benefit", "Applicable", "unknown", "Not known: Applicable: Pharmacy- Formulary 1, Formulary 2, Formulary 3/Exclusive, Formulary 4/AON")] with input as object.union(_denied, {
		"member": {"benefit": null},
		"documentation": [{"reference": "a"}],
		"nccn": [{"source": "guidelines", "category": "3"}],
	})
}

# Reading 5.
test_a_dose_that_is_not_listed_has_a_reason_of_its_own if {
	reasons.bearing == [{
		"code": "dose_not_listed",
		"criterion": "quantity",
		"clause": "IV",
		"message": "IV lists no limit for this weekly dose, so a person decides.",
	}] with input as fixtures.initial_with({"dose": {"mg_per_week": 120}})
	reasons.missing == [] with input as fixtures.initial_with({"dose": {"mg_per_week": 120}})
}

test_days_supply_too_short_has_a_reason_of_its_own if {
	request := fixtures.initial_with({"quantity": {"tablets": 1, "days_supply": 1}})
	reasons.bearing == [{
		"code": "days_supply_too_short",
		"criterion": "quantity",
		"clause": "IV",
		"message": "The limit of this weekly dose allows less than one tablet for these days supply, so a person decides.",
	}] with input as request
	reasons.missing == [] with input as request
}

test_the_question_set_of_an_initial_request if {
	reasons.missing == [
		_question("/member/benefit", "benefit", "Applicable", "Is the drug requested under the member's pharmacy benefit or medical benefit?"),
		_question("/member/formulary", "formulary", "Applicable", "Which of the plan's formularies does the member have?"),
		_question("/member/drug_on_formulary", "drug_on_formulary", "Footer", "Is the drug included on the member's covered formulary?"),
		_question("/documentation", "documentation", "II", "Which clinical documents support this request?"),
		_question("/member/birth_date", "age", "III.1", "What is the member's date of birth?"),
		_question("/prescriber/taxonomies", "prescriber", "III.2", "What are the NUCC taxonomy codes of the prescriber's specialties?"),
		_question("/nccn", "nccn", "III.3", "Which NCCN Guidelines or NCCN Compendium recommendations support the requested use, and of which category?"),
		_question("/dose/mg_per_week", "quantity", "IV", "What weekly dose is requested, in mg?"),
		_question("/quantity/tablets", "quantity", "IV", "How many 20 mg tablets are requested per fill?"),
		_question("/quantity/days_supply", "quantity", "IV", "For how many days is one fill?"),
	] with input as fixtures.empty_initial
}

test_the_question_set_of_a_renewal if {
	asked := [[question.path, question.criterion, question.clause] | some question in reasons.missing] with input as fixtures.empty_renewal
	asked == [
		["/member/benefit", "benefit", "Applicable"],
		["/member/formulary", "formulary", "Applicable"],
		["/member/drug_on_formulary", "drug_on_formulary", "Footer"],
		["/documentation", "documentation", "II"],
		["/prior_authorization/end_date", "prior_authorization", "VI"],
		["/clinical/disease_status", "disease_control", "VI.1"],
		["/clinical/unacceptable_toxicity", "toxicity", "VI.2"],
		["/dose/mg_per_week", "quantity", "IV"],
		["/quantity/tablets", "quantity", "IV"],
		["/quantity/days_supply", "quantity", "IV"],
	]
}

test_only_absent_facts_are_asked_for if {
	_asked(fixtures.initial_with({"quantity": null})) == ["/quantity/tablets", "/quantity/days_supply"]
	_asked(fixtures.initial_with({"quantity": {"days_supply": null}})) == ["/quantity/days_supply"]
	_asked(fixtures.initial_with({"dose": null})) == ["/dose/mg_per_week"]
	_asked(fixtures.initial_with({"dose": {"mg_per_week": 120}, "quantity": null})) == ["/quantity/tablets", "/quantity/days_supply"]
	_asked(fixtures.initial_with({"nccn": [], "documentation": [], "prescriber": {"taxonomies": []}})) == ["/documentation", "/prescriber/taxonomies", "/nccn"]
}

test_a_disease_that_is_not_evaluable_is_asked_for if {
	request := fixtures.renewal_with({"clinical": {"disease_status": "not_evaluable"}})
	reasons.missing == [_question("/clinical/disease_status", "disease_control", "VI.1", "What is the member's disease status on treatment, as an evaluable IMWG response category?")] with input as request
	reasons.bearing == [_reason("disease_control", "VI.1", "unknown", "Not known: Stabilization of disease or in absence of disease progression")] with input as request
}

test_nothing_is_asked_for_unless_pended if {
	every request in [
		object.union(fixtures.empty_initial, {"member": {"benefit": "medical"}}),
		fixtures.initial_with({"member": {"birth_date": "2010-01-01"}, "nccn": null}),
	] {
		_asked(request) == []
	}
}

test_a_request_of_no_guideline_has_its_reason if {
	reasons.ungoverned == {
		"code": "drug_not_governed",
		"criterion": null,
		"clause": null,
		"message": "No guideline on file names this drug.",
	} with input as fixtures.initial_with({"drug": {"name": "aspirin"}})
	reasons.ungoverned == {
		"code": "service_date_not_governed",
		"criterion": null,
		"clause": null,
		"message": "No text on file of this drug's guideline was in force on the service date.",
	} with input as fixtures.initial_with({"service_date": "2020-07-31"})
}

test_a_reason_that_cannot_be_told_is_not_left_out if {
	every broken in [null, 18] {
		guidelines := fixtures.replaced("/sections/policy/clauses/III.1", broken)
		not reasons.bearing with input as _denied with data.guidelines as guidelines
		not reasons.bearing with input as fixtures.empty_initial with data.guidelines as guidelines
	}
}

test_a_question_that_cannot_be_asked_is_not_left_out if {
	every name in ["path", "question"] {
		every broken in [null, 1] {
			guidelines := fixtures.replaced(concat("/", ["/sections/policy/criteria/age/questions/0", name]), broken)
			not reasons.missing with input as fixtures.empty_initial with data.guidelines as guidelines
		}
	}
}

_denied := fixtures.initial_with({
	"member": {"birth_date": "2010-01-01"},
	"prescriber": {"taxonomies": ["208D00000X"]},
	"nccn": [],
	"documentation": [],
	"quantity": {"tablets": 21},
})

_reason(criterion, clause, status, message) := {
	"code": concat("_", [criterion, status]),
	"criterion": criterion,
	"clause": clause,
	"message": message,
}

_question(path, criterion, clause, question) := {
	"path": path,
	"criterion": criterion,
	"clause": clause,
	"question": question,
}

_asked(request) := [question.path | some question in missing] if {
	missing := reasons.missing with input as request
}
