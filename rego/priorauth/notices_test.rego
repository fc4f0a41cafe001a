package priorauth.notices_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.notices

test_a_request_like_any_other_has_no_notice if {
	_notices(fixtures.initial) == []
	_notices(fixtures.renewal) == []
	_notices(fixtures.empty_initial) == []
	_notices(fixtures.empty_renewal) == []
}

# Reading 2.
test_guideline_review_overdue[name] if {
	overdue := {
		"code": "guideline_review_overdue",
		"message": "The guideline was due for review in 2023-06. It stays in force until it is replaced.",
	}
	some name, noted in {"2023-06-30": [], "2023-07-01": [overdue], "2099-12-31": [overdue]}
	_notices(fixtures.initial_with({"service_date": name})) == noted
}

# Reading 1.
test_unchanged_guideline[name] if {
	unchanged := {
		"code": "unchanged_guideline",
		"message": "Decided on the text effective 2022-10-03, which by its change log was in force unchanged on the service date.",
	}
	some name, noted in {"2020-08-01": [unchanged], "2022-10-02": [unchanged], "2022-10-03": []}
	_notices(fixtures.initial_with({"service_date": name})) == noted
}

# Reading 6.
test_no_matching_package[name] if {
	unpacked := {
		"code": "no_matching_package",
		"message": "The dose, its schedule and the quantity match none of the packs listed in VII.",
	}
	some name, case in {
		"a whole pack": [fixtures.initial, []],
		"two packs": [fixtures.initial_with({"quantity": {"tablets": 40, "days_supply": 56}}), []],
		"a reduced quantity is a whole pack": [fixtures.initial_with({"quantity": {"tablets": 21}}), []],
		"no whole pack": [fixtures.initial_with({"quantity": {"tablets": 19}}), [unpacked]],
		"no schedule": [fixtures.initial_with({"dose": {"times_per_week": null}}), []],
		"another schedule": [fixtures.initial_with({"dose": {"times_per_week": 2}}), [unpacked]],
		"a dose not listed": [fixtures.initial_with({"dose": {"mg_per_week": 120}}), [unpacked]],
		"a dose not listed, denied": [fixtures.initial_with({"dose": {"mg_per_week": 120}, "nccn": []}), [unpacked]],
		"no whole pack, denied": [fixtures.initial_with({"quantity": {"tablets": 19}, "nccn": []}), []],
		"dose null": [fixtures.initial_with({"dose": {"mg_per_week": null}}), []],
		"dose absent": [object.remove(fixtures.initial, ["dose"]), []],
	}
	_notices(case[0]) == case[1]
}

test_a_guideline_without_packs_has_no_notice_of_them if {
	found := notices.given with input as fixtures.initial_with({"quantity": {"tablets": 3}}) with data.guidelines as fixtures.xpovio_without(["packs"])
	found == []
}

test_coverage_gap[name] if {
	gap := {"code": "coverage_gap", "message": "The renewal starts more than a day after the prior authorization ended."}
	some name, noted in {"2023-04-30": [], "2023-04-29": [gap], "2022-04-30": [gap]}
	_notices(fixtures.renewal_with({"prior_authorization": {"end_date": name}})) == noted
}

test_a_gap_is_one_of_a_renewal_with_an_end_date[name] if {
	some name, request in {
		"initial": fixtures.initial_with({"prior_authorization": {"end_date": "2020-01-01"}}),
		"end date null": fixtures.renewal_with({"prior_authorization": {"end_date": null}}),
		"prior authorization null": fixtures.renewal_with({"prior_authorization": null}),
		"prior authorization absent": object.remove(fixtures.renewal, ["prior_authorization"]),
	}
	_notices(request) == []
}

test_early_renewal[name] if {
	some name, noted in {
		"2023-05-01": [],
		"2023-06-30": [],
		"2023-07-01": ["The prior authorization ends on 2023-07-01, more than 60 days after the service date."],
	}
	_notices(fixtures.renewal_with({"prior_authorization": {"end_date": name}})) == [{"code": "early_renewal", "message": message} | some message in noted]
}

# How many days is the plan's own setting.
test_early_renewal_by_the_plan[name] if {
	some name, noted in {"2023-05-11": [], "2023-05-12": ["early_renewal"]}
	request := fixtures.renewal_with({"prior_authorization": {"end_date": name}})
	found := [notice.code | some notice in notices.given] with input as request with data.plan.early_renewal_days as 10
	found == noted
}

# Reading 9.
test_formulary_exception[name] if {
	unknown := "The drug is not on the member's closed formulary. It is not known whether all appropriate formulary alternatives have been tried; a coverage exception is considered only if they have."
	some name, case in {
		"off a closed formulary": [{"drug_on_formulary": false, "closed_formulary": true}, [unknown]],
		"alternatives null": [{"drug_on_formulary": false, "closed_formulary": true, "formulary_alternatives_tried": null}, [unknown]],
		"alternatives tried": [
			{"drug_on_formulary": false, "closed_formulary": true, "formulary_alternatives_tried": true},
			["The drug is not on the member's closed formulary. All appropriate formulary alternatives have been tried, so a coverage exception can be considered."],
		],
		"alternatives not tried": [
			{"drug_on_formulary": false, "closed_formulary": true, "formulary_alternatives_tried": false},
			["The drug is not on the member's closed formulary. A coverage exception cannot be considered until all appropriate formulary alternatives have been tried."],
		],
		"on a closed formulary": [{"drug_on_formulary": true, "closed_formulary": true}, []],
		"off an open formulary": [{"drug_on_formulary": false, "closed_formulary": false}, []],
		"closed null": [{"drug_on_formulary": false, "closed_formulary": null}, []],
		"closed absent": [{"drug_on_formulary": false}, []],
		"on the formulary null": [{"drug_on_formulary": null, "closed_formulary": true}, []],
	}
	_notices(fixtures.initial_with({"member": case[0]})) == [{"code": "formulary_exception", "message": message} | some message in case[1]]
}

# 100 mg a week is 5 tablets; 8 weeks are 40, and a week's less is 35.
test_quantity_below_dose[name] if {
	some name, case in {
		"a week's less": [fixtures.initial_with({"quantity": {"tablets": 35, "days_supply": 56}}), []],
		"more than a week's less": [
			fixtures.initial_with({"quantity": {"tablets": 20, "days_supply": 56}}),
			["A quantity of 20 for 56 days falls short of the weekly dose by more than a week's supply."],
		],
		"just more than a week's less": [
			fixtures.initial_with({"quantity": {"tablets": 20, "days_supply": 36}}),
			["A quantity of 20 for 36 days falls short of the weekly dose by more than a week's supply."],
		],
		"just not more": [fixtures.initial_with({"quantity": {"tablets": 20, "days_supply": 35}}), []],
		"denied": [
			fixtures.initial_with({"quantity": {"tablets": 20, "days_supply": 56}, "nccn": []}),
			["A quantity of 20 for 56 days falls short of the weekly dose by more than a week's supply."],
		],
		"tablets of the listed strength": [
			fixtures.initial_with({"drug": {"strength_mg": 20}, "quantity": {"tablets": 20, "days_supply": 56}}),
			["A quantity of 20 for 56 days falls short of the weekly dose by more than a week's supply."],
		],
		"tablets of another strength are not counted": [fixtures.initial_with({"drug": {"strength_mg": 40}, "quantity": {"tablets": 20, "days_supply": 56}}), []],
		"tablets null": [fixtures.initial_with({"quantity": {"tablets": null, "days_supply": 56}}), []],
		"days null": [fixtures.initial_with({"quantity": {"tablets": 1, "days_supply": null}}), []],
		"dose null": [fixtures.initial_with({"dose": {"mg_per_week": null}, "quantity": {"tablets": 1, "days_supply": 56}}), []],
		"quantity absent": [object.remove(fixtures.initial, ["quantity"]), []],
	}
	_of("quantity_below_dose", case[0]) == case[1]
}

# From 2022-11-01 to 2023-04-30 are 181 days, to 2022-11-30 are 30.
test_fill_outlasts_authorization[name] if {
	some name, case in {
		"as long as the period": [{"quantity": {"tablets": 129, "days_supply": 181}}, []],
		"a day longer": [{"quantity": {"tablets": 130, "days_supply": 182}}, ["One fill of 182 days lasts longer than the authorized period."]],
		"as long as one month": [{"duration_months": 1, "quantity": {"tablets": 21, "days_supply": 30}}, []],
		"a day longer than one month": [{"duration_months": 1, "quantity": {"tablets": 22, "days_supply": 31}}, ["One fill of 31 days lasts longer than the authorized period."]],
		"a February": [{"service_date": "2023-02-01", "duration_months": 1, "quantity": {"tablets": 20, "days_supply": 28}}, []],
		"a day longer than a February": [{"service_date": "2023-02-01", "duration_months": 1, "quantity": {"tablets": 20, "days_supply": 29}}, ["One fill of 29 days lasts longer than the authorized period."]],
		"nothing authorized": [{"quantity": {"tablets": 130, "days_supply": 182}, "nccn": []}, []],
		"days null": [{"quantity": {"days_supply": null}}, []],
	}
	_of("fill_outlasts_authorization", fixtures.initial_with(case[0])) == case[1]
}

# Where no limit says how long, and nobody asks for so long, a fill outlasts nothing.
test_no_fill_outlasts_what_has_no_end if {
	endless := json.patch(data.guidelines.xpovio, [{"op": "remove", "path": "/2022-10-03/criteria/limits/every_request/1"}])
	request := fixtures.initial_with({"dose": null, "quantity": {"tablets": 130, "days_supply": 182}})
	found := notices.given with input as request with data.guidelines as {"xpovio": endless}
	found == []
}

test_notices_are_in_order if {
	request := fixtures.renewal_with({
		"service_date": "2024-01-01",
		"member": {"drug_on_formulary": false, "closed_formulary": true},
		"dose": {"mg_per_week": 120},
		"quantity": {"tablets": 1, "days_supply": 56},
	})
	[notice.code | some notice in _notices(request)] == [
		"guideline_review_overdue",
		"no_matching_package",
		"coverage_gap",
		"formulary_exception",
		"quantity_below_dose",
	]
}

_notices(request) := found if found := notices.given with input as request

_of(code, request) := [notice.message | some notice in _notices(request); notice.code == code]
