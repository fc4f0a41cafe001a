# IV. Quantity Limitations.
package priorauth.guidelines.xpovio.quantity_limitations_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.quantity_limitations

test_the_limit_of_each_dose_is_met_and_one_tablet_more_is_reduced if {
	every dose, limit in {160: 32, 100: 20, 80: 16, 60: 12} {
		every tablets in [1, limit - 1, limit] {
			_judged(dose, tablets, 28) == _quantity("met", [dose, tablets, 28], [limit, 28], limit)
			_tablets(dose, tablets, 28) == tablets
		}
		_judged(dose, limit + 1, 28) == _quantity("reduced", [dose, limit + 1, 28], [limit, 28], limit)
		_tablets(dose, limit + 1, 28) == limit
	}
}

test_another_days_supply_scales_the_limit_rounded_down if {
	scaled := {days: allowed |
		some days in [1, 2, 3, 14, 27, 28, 29, 30, 56, 84, 90]
		allowed := _judged(100, 20, days).facts.allowed
	}
	scaled == {1: 0, 2: 1, 3: 2, 14: 10, 27: 19, 28: 20, 29: 20, 30: 21, 56: 40, 84: 60, 90: 64}
}

test_a_scaled_limit_is_met_and_one_tablet_more_is_reduced if {
	_judged(100, 10, 14) == _quantity("met", [100, 10, 14], [20, 28], 10)
	_judged(100, 11, 14) == _quantity("reduced", [100, 11, 14], [20, 28], 10)
}

test_quantity_is_unknown_when_a_fact_is_absent if {
	_judged(null, 20, 28) == _quantity("unknown", [null, 20, 28], null, null)
	_judged(100, null, 28) == _quantity("unknown", [100, null, 28], [20, 28], 20)
	_judged(100, 20, null) == _quantity("unknown", [100, 20, null], [20, 28], null)
	_judged(null, null, null) == _quantity("unknown", [null, null, null], null, null)
	_explained(null, 20, 28) == {}
	_explained(100, null, 28) == {}
	_explained(100, 20, null) == {}
	_explained(null, null, null) == {}
	quantity_limitations.quantity == _quantity("unknown", [null, null, null], null, null) with input as fixtures.empty_initial
}

# Reading 5.
test_a_dose_that_is_not_listed_is_unknown_and_says_so if {
	every dose in [59, 61, 99.5, 120, 161, 0.1] {
		every given in [[20, 28], [1, 1], [null, 28], [20, null], [null, null]] {
			_judged(dose, given[0], given[1]) == _quantity("unknown", [dose, given[0], given[1]], null, null)
			_explained(dose, given[0], given[1]) == {"quantity": {
				"code": "dose_not_listed",
				"message": "IV lists no limit for this weekly dose, so a person decides.",
			}}
		}
	}
}

test_days_supply_too_short_for_one_tablet_is_unknown_and_says_so if {
	too_short := {"quantity": {
		"code": "days_supply_too_short",
		"message": "The limit of this weekly dose allows less than one tablet for these days supply, so a person decides.",
	}}

	# 12 tablets per 28 days: 2 days allow 0.86 of one, 3 days 1.29.
	_judged(60, 1, 2) == _quantity("unknown", [60, 1, 2], [12, 28], 0)
	_explained(60, 1, 2) == too_short
	_explained(60, null, 2) == too_short
	_judged(60, 1, 3) == _quantity("met", [60, 1, 3], [12, 28], 1)
	_explained(60, 1, 3) == {}

	# 32 tablets per 28 days allow one for every day.
	_judged(160, 1, 1) == _quantity("met", [160, 1, 1], [32, 28], 1)
}

test_there_is_nothing_to_explain_when_met_or_reduced if {
	_explained(100, 20, 28) == {}
	_explained(100, 21, 28) == {}
}

test_numbers_are_the_same_however_they_are_written if {
	_judged(160.0, 3.2e1, 28.00) == _judged(160, 32, 28)
	_judged(1.6e2, 32, 28).status == "met"
}

test_there_are_four_limits if {
	limits := quantity_limitations.limits with input as fixtures.initial
	limits == [
		{"mg_per_week": 160, "tablets": 32, "days": 28},
		{"mg_per_week": 100, "tablets": 20, "days": 28},
		{"mg_per_week": 80, "tablets": 16, "days": 28},
		{"mg_per_week": 60, "tablets": 12, "days": 28},
	]
}

test_there_are_no_faults if {
	quantity_limitations.faults == set() with input as fixtures.initial
}

test_limits_that_are_none_are_a_fault if {
	every broken in [
		null, [], "32", {}, [{"mg_per_week": 160, "tablets": 32}], [{"mg_per_week": "160", "tablets": 32, "days": 28}],
		[{"mg_per_week": 160, "tablets": 0, "days": 28}], [{"mg_per_week": 160, "tablets": 32, "days": 28.5}],
	] {
		_faults("limits", broken) == {{
			"path": "/sections/quantity_limitations/criteria/quantity/limits",
			"message": "must be an array of limits, each with a whole number of mg_per_week, tablets and days, at least one",
		}}
	}
}

test_two_limits_for_one_dose_are_a_fault if {
	_faults("limits", [
		{"mg_per_week": 160, "tablets": 32, "days": 28},
		{"mg_per_week": 160, "tablets": 40, "days": 28},
		{"mg_per_week": 100, "tablets": 20, "days": 28},
	]) == {{
		"path": "/sections/quantity_limitations/criteria/quantity/limits",
		"message": "must have one limit for 160 mg/week",
	}}
}

test_a_fact_that_is_not_asked_for_is_a_fault if {
	_faults("questions", [{"path": "/quantity/tablets", "question": "How many?"}]) == {
		{
			"path": "/sections/quantity_limitations/criteria/quantity/questions",
			"message": "must ask for /dose/mg_per_week",
		},
		{
			"path": "/sections/quantity_limitations/criteria/quantity/questions",
			"message": "must ask for /quantity/days_supply",
		},
	}
}

# A broken limit is neither an unlisted dose nor another limit.
test_a_broken_limit_leaves_its_dose_undecided_and_the_others_as_they_are if {
	guidelines := fixtures.replaced("/sections/quantity_limitations/criteria/quantity/limits/0/tablets", "32")
	not quantity_limitations.quantity with input as fixtures.renewal with data.guidelines as guidelines
	not quantity_limitations.quantity with input as fixtures.empty_initial with data.guidelines as guidelines
	quantity_limitations.quantity.status == "met" with input as fixtures.initial with data.guidelines as guidelines
}

_quantity(status, [mg_per_week, tablets, days_supply], limit, allowed) := {
	"id": "quantity",
	"clause": "IV",
	"text": "Coverage is provided as follows depending on dose requested: 160mg/week: 32 tablets per 28 days; 100mg/week: 20 tablets per 28 days; 80mg/week: 16 tablets per 28 days; 60mg/week: 12 tablets per 28 days",
	"status": status,
	"facts": {
		"mg_per_week": mg_per_week,
		"tablets": tablets,
		"days_supply": days_supply,
		"limit": _limit(limit),
		"allowed": allowed,
	},
}

_limit(null) := null

_limit([tablets, days]) := {"tablets": tablets, "days": days}

_request(mg_per_week, tablets, days_supply) := fixtures.initial_with({
	"dose": {"mg_per_week": mg_per_week},
	"quantity": {"tablets": tablets, "days_supply": days_supply},
})

_judged(mg_per_week, tablets, days_supply) := judged if {
	judged := quantity_limitations.quantity with input as _request(mg_per_week, tablets, days_supply)
}

_tablets(mg_per_week, tablets, days_supply) := covered if {
	covered := quantity_limitations.tablets with input as _request(mg_per_week, tablets, days_supply)
}

_explained(mg_per_week, tablets, days_supply) := explanations if {
	explanations := quantity_limitations.explanations with input as _request(mg_per_week, tablets, days_supply)
}

_faults(name, broken) := found if {
	guidelines := fixtures.replaced(concat("/", ["/sections/quantity_limitations/criteria/quantity", name]), broken)
	found := quantity_limitations.faults with input as fixtures.initial with data.guidelines as guidelines
}
