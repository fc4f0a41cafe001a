package priorauth.authorization_test

import data.priorauth.authorization
import data.priorauth.fixtures_test as fixtures

_whole := {
	"start_date": "2022-11-01",
	"end_date": "2023-04-30",
	"quantity": {"tablets": 20, "days_supply": 28},
	"package": "100 mg once weekly",
}

# Cases are [what differs in the request, what differs in the authorization].
test_an_initial_authorization[name] if {
	some name, case in {
		"as asked": [{}, {}],
		"fewer tablets than allowed": [{"quantity": {"tablets": 10}}, {"quantity": {"tablets": 10}, "package": null}],
		"more tablets than allowed": [{"quantity": {"tablets": 33}}, {}],
		"scaled, no whole pack": [{"quantity": {"tablets": 99, "days_supply": 27}}, {"quantity": {"tablets": 19, "days_supply": 27}, "package": null}],
		"two packs": [{"quantity": {"tablets": 40, "days_supply": 56}}, {"quantity": {"tablets": 40, "days_supply": 56}}],
		"fewer months": [{"duration_months": 1}, {"end_date": "2022-11-30"}],
		"as many months as allowed": [{"duration_months": 6}, {}],
		"more months than allowed": [{"duration_months": 7}, {}],
		"months null": [{"duration_months": null}, {}],
		"both reduced": [{"duration_months": 12, "quantity": {"tablets": 21}}, {}],
		"schedule null": [{"dose": {"times_per_week": null}}, {}],
		"another schedule": [{"dose": {"times_per_week": 2}}, {"package": null}],
		"another start": [{"service_date": "2022-08-31"}, {"start_date": "2022-08-31", "end_date": "2023-02-28"}],
		"a prior authorization is a renewal's": [{"prior_authorization": {"end_date": "2022-12-31"}}, {}],
	}
	_authorized(fixtures.initial_with(case[0])) == object.union(_whole, case[1])
}

# Reading 6.
test_package[name] if {
	some name, case in {
		"60": [60, 1, 12, "60 mg once weekly"],
		"80": [80, 1, 16, "80 mg once weekly"],
		"160": [160, 2, 32, "80 mg twice weekly"],
		"160, schedule null": [160, null, 32, "80 mg twice weekly"],
		"160 once a week": [160, 1, 32, null],
		"160, half a pack": [160, 2, 16, null],
		"100": [100, 1, 20, "100 mg once weekly"],
	}
	request := fixtures.initial_with({"dose": {"mg_per_week": case[0], "times_per_week": case[1]}, "quantity": {"tablets": case[2]}})
	_authorized(request).package == case[3]
}

# Reading 8.
test_a_renewal_starts_on_the_later_day[name] if {
	some name, case in {
		"the day after the prior one": ["2023-04-30", "2023-05-01", "2023-10-31"],
		"the prior one ended long ago": ["2022-04-30", "2023-05-01", "2023-10-31"],
		"the prior one ends today": ["2023-05-01", "2023-05-02", "2023-11-01"],
		"the prior one ends later": ["2023-06-30", "2023-07-01", "2023-12-31"],
	}
	_authorized(fixtures.renewal_with({"prior_authorization": {"end_date": case[0]}})) == {
		"start_date": case[1],
		"end_date": case[2],
		"quantity": {"tablets": 32, "days_supply": 28},
		"package": "80 mg twice weekly",
	}
}

test_nothing_is_authorized_unless_approved_or_modified[name] if {
	some name, request in {
		"denied": fixtures.initial_with({"nccn": []}),
		"pended": fixtures.initial_with({"nccn": null}),
		"not applicable": fixtures.initial_with({"member": {"benefit": "medical"}}),
		"a dose not listed": fixtures.initial_with({"dose": {"mg_per_week": 120}}),
		"renewal without its prior authorization": fixtures.renewal_with({"prior_authorization": null}),
		"nothing stated": fixtures.empty_renewal,
	}
	_authorized(request) == null
}

# A guideline that limits less. Cases are [limits, what differs in the request, what is authorized].
test_an_authorization_by_other_limits[name] if {
	six := {"kind": "duration", "maximum": 6, "id": "duration", "clause": "V", "text": "6 month"}
	three := object.union(six, {"id": "shorter", "maximum": 3})
	twenty := {
		"kind": "quantity", "quantity": "quantity.tablets", "limit": {"quantity": 20, "days": 28},
		"id": "quantity", "clause": "IV", "text": "20 tablets",
	}
	ten := object.union(twenty, {"id": "less", "limit": {"quantity": 10}})
	branch := {
		"kind": "branch", "fact": "member.formulary", "id": "by_formulary", "clause": "IV", "text": "By formulary",
		"parts": [object.union(twenty, {"when": {"values": ["2"]}}), object.union(ten, {"when": {"values": ["1"]}})],
	}
	days := {"quantity": {"days_supply": 28}}
	some name, case in {
		"no quantity": [[six], {}, object.union(days, {"package": null})],
		"no quantity, quantity null": [[six], {"quantity": null}, {"quantity": {}, "package": null}],
		"no quantity, days null": [[six], {"quantity": {"days_supply": null}}, {"quantity": {}, "package": null}],
		"no duration": [[twenty], {}, {"end_date": null, "quantity": {"tablets": 20, "days_supply": 28}}],
		"no duration, months asked": [[twenty], {"duration_months": 2}, {"end_date": "2022-12-31", "quantity": {"tablets": 20, "days_supply": 28}}],
		"no limit": [[], {}, object.union(days, {"end_date": null, "package": null})],
		"the shorter of two": [[six, three], {"duration_months": 4}, object.union(days, {"end_date": "2023-01-31", "package": null})],
		"the least of two": [[twenty, ten, six], {}, {"quantity": {"tablets": 10, "days_supply": 28}, "package": null}],
		"the branch taken": [[branch, six], {}, {"quantity": {"tablets": 20, "days_supply": 28}}],
	}
	changed := fixtures.xpovio_with({"criteria": {"limits": {"every_request": case[0]}}})
	found := [document | document := authorization.document] with input as fixtures.initial_with(case[1]) with data.guidelines as changed
	found == [object.union(object.remove(_whole, ["quantity"]), object.union({"quantity": {}}, case[2]))]
}

test_of_several_packs_that_would_do_none_is_named if {
	listed := array.concat(
		data.guidelines.xpovio["2022-10-03"].packs.listed,
		[{"name": "100 mg twice weekly", "dose": 100, "schedule": 2, "quantity": 20}],
	)
	changed := fixtures.xpovio_with({"packs": {"listed": listed}})
	once := authorization.package_name with input as fixtures.initial with data.guidelines as changed
	once == "100 mg once weekly"
	unscheduled := authorization.package_name with input as fixtures.initial_with({"dose": {"times_per_week": null}}) with data.guidelines as changed
	unscheduled == null
	twice := authorization.package_name with input as fixtures.initial_with({"dose": {"times_per_week": 2}}) with data.guidelines as changed
	twice == "100 mg twice weekly"
}

test_a_guideline_without_packs_names_none if {
	found := authorization.document with input as fixtures.initial with data.guidelines as fixtures.xpovio_without(["packs"])
	found == object.union(_whole, {"package": null})
}

_authorized(request) := found if found := authorization.document with input as request
