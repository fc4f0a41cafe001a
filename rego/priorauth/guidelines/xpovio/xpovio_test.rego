package priorauth.guidelines.xpovio_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio

# Header and footer.
test_header_and_footer_say_to_whom_the_guideline_applies if {
	every request in [fixtures.initial, fixtures.renewal] {
		ids := [criterion.id | some criterion in xpovio.applicability] with input as request
		ids == ["benefit", "formulary", "drug_on_formulary"]
	}
}

# II and III.
test_an_initial_request_is_judged_by_ii_and_iii if {
	ids := [[criterion.id, criterion.clause] | some criterion in xpovio.coverage] with input as fixtures.initial
	ids == [["documentation", "II"], ["age", "III.1"], ["prescriber", "III.2"], ["nccn", "III.3"]]
}

# II and VI, Reading 8.
test_a_renewal_is_judged_by_ii_and_vi if {
	ids := [[criterion.id, criterion.clause] | some criterion in xpovio.coverage] with input as fixtures.renewal
	ids == [["documentation", "II"], ["prior_authorization", "VI"], ["disease_control", "VI.1"], ["toxicity", "VI.2"]]
}

# IV and V.
test_iv_and_v_limit_both if {
	every request in [fixtures.initial, fixtures.renewal] {
		ids := [[criterion.id, criterion.clause] | some criterion in xpovio.limits] with input as request
		ids == [["quantity", "IV"], ["duration", "V"]]
	}
}

test_what_iv_explains_is_explained if {
	xpovio.explanations == {} with input as fixtures.initial
	xpovio.explanations.quantity.code == "dose_not_listed" with input as fixtures.initial_with({"dose": {"mg_per_week": 120}})
}

# Reading 7.
test_an_initial_authorization_starts_on_the_service_date if {
	xpovio.authorization == {
		"start_date": "2022-08-31",
		"end_date": "2023-02-28",
		"tablets": 20,
		"days_supply": 28,
		"package": "100 mg once weekly",
	} with input as fixtures.initial_with({
		"service_date": "2022-08-31",
		"prior_authorization": {"end_date": "2022-12-31"},
	})
}

# Reading 8.
test_a_renewed_authorization_starts_the_day_after_the_prior_one if {
	xpovio.authorization == {
		"start_date": "2023-06-01",
		"end_date": "2023-09-30",
		"tablets": 32,
		"days_supply": 28,
		"package": "80 mg twice weekly",
	} with input as fixtures.renewal_with({
		"prior_authorization": {"end_date": "2023-05-31"},
		"quantity": {"tablets": 40},
		"duration_months": 4,
	})
}

test_notices_are_those_of_vii_vi_and_the_footer_in_this_order if {
	codes := [notice.code | some notice in xpovio.notices] with input as fixtures.renewal_with({
		"member": {"drug_on_formulary": false, "closed_formulary": true},
		"dose": {"times_per_week": 1},
		"prior_authorization": {"end_date": "2023-01-31"},
	})
	codes == ["no_matching_package", "coverage_gap", "formulary_exception"]
	xpovio.notices == [] with input as fixtures.initial
}

test_there_are_no_faults if {
	xpovio.faults == set() with input as fixtures.initial
}

test_every_section_tells_its_faults if {
	broken := json.patch(data.guidelines, [patch |
		some path in [
			"header/criteria/benefit/applicable",
			"position_statement/criteria/documentation/minimum_documents",
			"policy/criteria/age/minimum_years",
			"quantity_limitations/criteria/quantity/limits",
			"coverage_duration/criteria/duration/maximum_months",
			"renewal_criteria/criteria/disease_control/controlled",
			"billing_coding/packages",
			"policy_changes/changes",
		]
		patch := {"op": "remove", "path": concat("/", ["/xpovio/2022-10-03/sections", path])}
	])
	paths := {fault.path | some fault in xpovio.faults} with input as fixtures.initial with data.guidelines as broken
	paths == {
		"/sections/header/criteria/benefit/applicable",
		"/sections/position_statement/criteria/documentation/minimum_documents",
		"/sections/policy/criteria/age/minimum_years",
		"/sections/quantity_limitations/criteria/quantity/limits",
		"/sections/coverage_duration/criteria/duration/maximum_months",
		"/sections/renewal_criteria/criteria/disease_control/controlled",
		"/sections/billing_coding/packages",
		"/sections/policy_changes/changes",
	}
}

# IV against VII.
test_a_pack_without_its_limit_is_a_fault if {
	every index, missing in [
		"32 tablets per 28 days for 160 mg/week",
		"20 tablets per 28 days for 100 mg/week",
		"16 tablets per 28 days for 80 mg/week",
		"12 tablets per 28 days for 60 mg/week",
	] {
		xpovio.faults == {{
			"path": "/sections/quantity_limitations/criteria/quantity/limits",
			"message": concat(" ", ["has no limit of", concat(", ", [missing, "the pack in VII"])]),
		}} with input as fixtures.initial
			with data.guidelines as fixtures.removed(concat("/", ["/sections/quantity_limitations/criteria/quantity/limits", format_int(index, 10)]))
	}
}

test_a_limit_that_is_not_its_packs_is_a_fault if {
	every name, figure in {"tablets": 31, "days": 30} {
		xpovio.faults == {{
			"path": "/sections/quantity_limitations/criteria/quantity/limits",
			"message": "has no limit of 32 tablets per 28 days for 160 mg/week, the pack in VII",
		}} with input as fixtures.initial
			with data.guidelines as fixtures.replaced(concat("/", ["/sections/quantity_limitations/criteria/quantity/limits/0", name]), figure)
	}
}

test_a_limit_without_its_pack_is_a_fault if {
	every index, dose in ["60", "80", "160", "100"] {
		xpovio.faults == {{
			"path": "/sections/billing_coding/packages",
			"message": concat(" ", ["has no pack of", dose, "mg/week, a limit in IV"]),
		}} with input as fixtures.initial
			with data.guidelines as fixtures.removed(concat("/", ["/sections/billing_coding/packages", format_int(index, 10)]))
	}
}
