# VII. Billing/Coding Information.
package priorauth.guidelines.xpovio.billing_coding_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.billing_coding

# Reading 6.
test_each_pack_matches_its_dose_and_its_schedule if {
	packs := {name |
		some dose in [
			{"mg_per_week": 60, "times_per_week": 1},
			{"mg_per_week": 80, "times_per_week": 1},
			{"mg_per_week": 160, "times_per_week": 2},
			{"mg_per_week": 100, "times_per_week": 1},
		]
		name := [dose.mg_per_week, _package_name(dose), _package_name({"mg_per_week": dose.mg_per_week, "times_per_week": null})]
		_notices(dose) == []
	}
	packs == {
		[60, "60 mg once weekly", "60 mg once weekly"],
		[80, "80 mg once weekly", "80 mg once weekly"],
		[100, "100 mg once weekly", "100 mg once weekly"],
		[160, "80 mg twice weekly", "80 mg twice weekly"],
	}
}

test_no_pack_matches_another_dose_or_schedule if {
	every dose in [
		{"mg_per_week": 60, "times_per_week": 2},
		{"mg_per_week": 80, "times_per_week": 2},
		{"mg_per_week": 160, "times_per_week": 1},
		{"mg_per_week": 160, "times_per_week": 3},
		{"mg_per_week": 100, "times_per_week": 2},
		{"mg_per_week": 120, "times_per_week": null},
		{"mg_per_week": 40, "times_per_week": 1},
	] {
		_package_name(dose) == null
		_notices(dose) == [{
			"code": "no_matching_package",
			"message": "The dose and its schedule match none of the packs listed in VII.",
		}]
	}
}

test_there_is_no_pack_and_no_notice_without_a_dose if {
	every dose in [null, {"mg_per_week": null}, {"mg_per_week": null, "times_per_week": 2}] {
		_package_name(dose) == null
		_notices(dose) == []
	}
	billing_coding.notices == [] with input as fixtures.empty_initial
}

test_there_are_four_packs if {
	packages := billing_coding.packages with input as fixtures.initial
	packages == [
		{"name": "60 mg once weekly", "mg_per_week": 60, "times_per_week": 1, "weeks": 4, "tablets": 12},
		{"name": "80 mg once weekly", "mg_per_week": 80, "times_per_week": 1, "weeks": 4, "tablets": 16},
		{"name": "80 mg twice weekly", "mg_per_week": 160, "times_per_week": 2, "weeks": 4, "tablets": 32},
		{"name": "100 mg once weekly", "mg_per_week": 100, "times_per_week": 1, "weeks": 4, "tablets": 20},
	]
}

test_there_are_no_faults if {
	billing_coding.faults == set() with input as fixtures.initial
}

test_packs_that_are_none_are_a_fault if {
	every broken in [
		null,
		[],
		"60 mg once weekly",
		[object.union(_pack, {"name": null})],
		[object.union(_pack, {"mg_per_week": "60"})],
		[object.union(_pack, {"times_per_week": 0})],
		[object.remove(_pack, ["weeks"])],
		[object.union(_pack, {"tablets": 12.5})],
	] {
		_faults("packages", broken) == {{
			"path": "/sections/billing_coding/packages",
			"message": "must be an array of packs, each with a name and a whole number of mg_per_week, times_per_week, weeks and tablets, at least one",
		}}
	}
}

test_a_pack_that_does_not_hold_its_dose_is_a_fault if {
	_faults("packages", [object.union(_pack, {"tablets": 13})]) == {{
		"path": "/sections/billing_coding/packages",
		"message": "has 13 tablets of 20 mg in a pack of 60 mg/week for 4 weeks",
	}}
}

test_two_packs_of_one_dose_are_a_fault if {
	_faults("packages", [_pack, object.union(_pack, {"name": "30 mg twice weekly", "times_per_week": 2})]) == {{
		"path": "/sections/billing_coding/packages",
		"message": "must have one pack of 60 mg/week",
	}}
}

test_tablets_without_a_strength_are_a_fault if {
	every broken in [null, 0, "20", 2.5] {
		_faults("tablet_mg", broken) == {{
			"path": "/sections/billing_coding/tablet_mg",
			"message": "must be a whole number of at least 1",
		}}
	}
}

test_a_pack_without_a_name_is_no_pack_that_is_missing if {
	guidelines := fixtures.replaced("/sections/billing_coding/packages/3/name", null)
	not billing_coding.package_name with input as fixtures.initial with data.guidelines as guidelines
	not billing_coding.notices with input as fixtures.initial with data.guidelines as guidelines
}

_pack := {"name": "60 mg once weekly", "mg_per_week": 60, "times_per_week": 1, "weeks": 4, "tablets": 12}

_package_name(dose) := name if {
	name := billing_coding.package_name with input as fixtures.initial_with({"dose": dose})
}

_notices(dose) := notices if {
	notices := billing_coding.notices with input as fixtures.initial_with({"dose": dose})
}

_faults(name, broken) := found if {
	guidelines := fixtures.replaced(concat("/", ["/sections/billing_coding", name]), broken)
	found := billing_coding.faults with input as fixtures.initial with data.guidelines as guidelines
}
