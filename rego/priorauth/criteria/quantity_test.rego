# METADATA
# title: Tests of the kinds of limits
# description: >-
#   Each kind at its limit and past it, where nothing is stated, and where a figure is of another type. A limit is never
#   not met.
package priorauth.criteria_quantity_test

import data.priorauth.criteria

# Cases are [what differs in the criterion, the request, status, facts].

_by_dose := {
	"kind": "quantity_by_dose", "quantity": "quantity.tablets", "dose": "dose.mg_per_week", "strength_mg": 20,
	"limits": [{"dose": 160, "quantity": 32, "days": 28}, {"dose": 100, "quantity": 20, "days": 28}],
}

test_quantity_by_dose[name] if {
	some name, case in {
		"at the limit": [100, 20, 28, "met", _limit(20), 20],
		"below it": [100, 1, 28, "met", _limit(20), 20],
		"above it": [100, 21, 28, "reduced", _limit(20), 20],
		"at another dose's": [160, 32, 28, "met", _limit(32), 32],
		"above another dose's": [160, 33, 28, "reduced", _limit(32), 32],
		"scaled down, at": [100, 19, 27, "met", _limit(20), 19],
		"scaled down, above": [100, 20, 27, "reduced", _limit(20), 19],
		"scaled up, at": [100, 60, 84, "met", _limit(20), 60],
		"scaled up, above": [100, 61, 84, "reduced", _limit(20), 60],
		"two days allow one": [100, 1, 2, "met", _limit(20), 1],
		"one day allows none": [100, 1, 1, "unknown", _limit(20), 0],
		"a dose not listed": [120, 20, 28, "unknown", null, null],
		"a dose between": [100.5, 20, 28, "unknown", null, null],
		"dose null": [null, 20, 28, "unknown", null, null],
		"quantity null": [100, null, 28, "unknown", _limit(20), 20],
		"days null": [100, 20, null, "unknown", _limit(20), null],
		"all null": [null, null, null, "unknown", null, null],
		"the dose as text": ["100", 20, 28, "unknown", null, null],
	}
	facts := {"mg_per_week": case[0], "tablets": case[1], "days_supply": case[2], "limit": case[4], "allowed": case[5]}
	_decides(_by_dose, [{}, _dosed(case[0], case[1], case[2]), case[3], facts])
}

test_quantity_by_dose_where_nothing_is_stated[name] if {
	nothing := {"mg_per_week": null, "tablets": null, "days_supply": null, "limit": null, "allowed": null}
	some name, case in {
		"all": [{}, nothing],
		"sections null": [{"dose": null, "quantity": null}, nothing],
		"dose": [{"quantity": {"tablets": 20, "days_supply": 28}}, object.union(nothing, {"tablets": 20, "days_supply": 28})],
		"quantity": [{"dose": {"mg_per_week": 100}, "quantity": {"days_supply": 28}}, {"mg_per_week": 100, "tablets": null, "days_supply": 28, "limit": _limit(20), "allowed": 20}],
		"days": [{"dose": {"mg_per_week": 100}, "quantity": {"tablets": 20}}, {"mg_per_week": 100, "tablets": 20, "days_supply": null, "limit": _limit(20), "allowed": null}],
	}
	_decides(_by_dose, [{}, case[0], "unknown", case[1]])
}

# Reading 10 of Xpovio: limits count units of one strength.
test_quantity_by_dose_of_a_strength[name] if {
	facts := {"mg_per_week": 100, "tablets": 20, "days_supply": 28, "limit": _limit(20), "allowed": 20}
	asked := _dosed(100, 20, 28)
	some name, case in {
		"the one counted": [_by_dose, {"strength_mg": 20}, "met"],
		"the one counted, as decimal": [_by_dose, {"strength_mg": 20.0}, "met"],
		"another": [_by_dose, {"strength_mg": 40}, "unknown"],
		"null": [_by_dose, {"strength_mg": null}, "met"],
		"absent": [_by_dose, {}, "met"],
		"any, where none is counted": [object.remove(_by_dose, ["strength_mg"]), {"strength_mg": 40}, "met"],
	}
	_decides(case[0], [{}, object.union(asked, {"drug": case[1]}), case[2], facts])
}

test_quantity_by_dose_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"limits an object": {"limits": {"100": {"dose": 100, "quantity": 20, "days": 28}}},
		"limits null": {"limits": null},
		"limits a text": {"limits": "20"},
		"quantity a text": {"limits": [{"dose": 100, "quantity": "20", "days": 28}]},
		"quantity null": {"limits": [{"dose": 100, "quantity": null, "days": 28}]},
		"days a text": {"limits": [{"dose": 100, "quantity": 20, "days": "28"}]},
		"days null": {"limits": [{"dose": 100, "quantity": 20, "days": null}]},
		"days zero": {"limits": [{"dose": 100, "quantity": 20, "days": 0}]},
		"strength a text": {"strength_mg": "20"},
		"strength null": {"strength_mg": null},
		"the fact of the dose": {"dose": 1},
		"the fact of the quantity": {"quantity": null},
	}
	_never_decides(_by_dose, wrong, [_dosed(100, tablets, days) | some tablets in [1, 20, 21]; some days in [1, 28, 84]])
}

# A dose that is no number is none that can be stated.
test_a_limit_for_a_dose_of_another_type_is_no_limit if {
	wrong := {"limits": [{"dose": "100", "quantity": 20, "days": 28}]}
	facts := {"mg_per_week": 100, "tablets": 20, "days_supply": 28, "limit": null, "allowed": null}
	_decides(_by_dose, [wrong, _dosed(100, 20, 28), "unknown", facts])
}

test_quantity_by_dose_does_not_decide_on_what_is_no_number if {
	_never_decides(_by_dose, {}, [_dosed(100, tablets, 28) | some tablets in ["20", true, [], {}]])
	_never_decides(_by_dose, {}, [_dosed(100, 20, days) | some days in ["28", true, [], {}]])
}

_flat := {"kind": "quantity", "quantity": "quantity.tablets", "limit": {"quantity": 60, "days": 30}}

test_quantity[name] if {
	some name, case in {
		"at the limit": [60, 30, "met", 60],
		"above it": [61, 30, "reduced", 60],
		"scaled down, at": [56, 28, "met", 56],
		"scaled down, above": [57, 28, "reduced", 56],
		"scaled up, at": [180, 90, "met", 180],
		"scaled up, above": [181, 90, "reduced", 180],
		"quantity null": [null, 30, "unknown", 60],
		"days null": [60, null, "unknown", null],
	}
	facts := {"tablets": case[0], "days_supply": case[1], "limit": {"quantity": 60, "days": 30}, "allowed": case[3]}
	_decides(_flat, [{}, {"quantity": {"tablets": case[0], "days_supply": case[1]}}, case[2], facts])
}

# Only what is scaled is rounded down.
test_a_limit_that_is_no_whole_number[name] if {
	limit := {"quantity": 2.5, "days": 30}
	some name, case in {
		"for its days": [30, 2.5, "met", 2.5],
		"scaled": [60, 5.1, "reduced", 5],
	}
	facts := {"tablets": case[1], "days_supply": case[0], "limit": limit, "allowed": case[3]}
	_decides(_flat, [{"limit": limit}, {"quantity": {"tablets": case[1], "days_supply": case[0]}}, case[2], facts])
}

test_quantity_where_nothing_is_stated if {
	_decides(_flat, [{}, {}, "unknown", {"tablets": null, "days_supply": null, "limit": {"quantity": 60, "days": 30}, "allowed": null}])
}

test_quantity_of_less_than_one_is_for_a_person[name] if {
	few := {"quantity": 1, "days": 30}
	some name, case in {
		"one day short": [29, "unknown", 0],
		"enough days": [30, "met", 1],
	}
	facts := {"tablets": 1, "days_supply": case[0], "limit": few, "allowed": case[2]}
	_decides(_flat, [{"limit": few}, {"quantity": {"tablets": 1, "days_supply": case[0]}}, case[1], facts])
}

test_quantity_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"quantity a text": {"limit": {"quantity": "60"}},
		"quantity null": {"limit": {"quantity": null}},
		"days a text": {"limit": {"days": "30"}},
		"days null": {"limit": {"days": null}},
		"days zero": {"limit": {"days": 0}},
		"limit null": {"limit": null},
		"limit a number": {"limit": 60},
		"strength a text": {"strength_mg": "20"},
	}
	_never_decides(_flat, wrong, [{"quantity": {"tablets": 1, "days_supply": 30}}, {"quantity": {"tablets": 99, "days_supply": 60}}])
}

_per_dose := {"kind": "quantity_per_dose", "quantity": "quantity.ml", "maximum": 2}

test_quantity_per_dose[name] if {
	some name, case in {
		"at the limit": [{}, {"quantity": {"ml": 2}}, "met", {"ml": 2, "allowed": 2}],
		"above it": [{}, {"quantity": {"ml": 2.1}}, "reduced", {"ml": 2.1, "allowed": 2}],
		"less than one": [{"maximum": 0.8}, {"quantity": {"ml": 0.8}}, "met", {"ml": 0.8, "allowed": 0.8}],
		"above less than one": [{"maximum": 0.8}, {"quantity": {"ml": 1}}, "reduced", {"ml": 1, "allowed": 0.8}],
		"null": [{}, {"quantity": {"ml": null}}, "unknown", {"ml": null, "allowed": 2}],
		"absent": [{}, {}, "unknown", {"ml": null, "allowed": 2}],
	}
	_decides(_per_dose, case)
}

test_quantity_per_dose_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {"a text": {"maximum": "2"}, "null": {"maximum": null}, "strength a text": {"strength_mg": "20"}}
	_never_decides(_per_dose, wrong, [{"quantity": {"ml": 1}}, {"quantity": {"ml": 3}}, {}])
}

_by_weight := {
	"kind": "quantity_by_weight", "quantity": "quantity.vials", "weight": "clinical.weight_kg",
	"mg_per_kg": 3, "unit_mg": 100,
}

test_quantity_by_weight[name] if {
	some name, case in {
		"at the limit": [{}, 70, 3, "met", 3],
		"above it": [{}, 70, 4, "reduced", 3],
		"whole units": [{}, 100, 3, "met", 3],
		"above whole units": [{}, 100, 4, "reduced", 3],
		"just above whole units": [{}, 100.1, 4, "met", 4],
		"decimals make whole units": [{"mg_per_kg": 0.3, "unit_mg": 10}, 100, 4, "reduced", 3],
		"more decimals": [{"mg_per_kg": 0.1, "unit_mg": 7}, 70, 2, "reduced", 1],
		"a weight of less than a unit": [{}, 0.5, 1, "met", 1],
		"weight null": [{}, null, 3, "unknown", null],
		"quantity null": [{}, 70, null, "unknown", 3],
		"both null": [{}, null, null, "unknown", null],
	}
	criterion := object.union(_by_weight, case[0])
	facts := {"vials": case[2], "weight_kg": case[1], "mg_per_kg": criterion.mg_per_kg, "unit_mg": criterion.unit_mg, "allowed": case[4]}
	_decides(criterion, [{}, _weighing(case[1], case[2]), case[3], facts])
}

test_quantity_by_weight_where_nothing_is_stated if {
	_decides(_by_weight, [{}, {}, "unknown", {"vials": null, "weight_kg": null, "mg_per_kg": 3, "unit_mg": 100, "allowed": null}])
}

test_quantity_by_weight_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"mg_per_kg a text": {"mg_per_kg": "3"},
		"mg_per_kg null": {"mg_per_kg": null},
		"unit_mg a text": {"unit_mg": "100"},
		"unit_mg null": {"unit_mg": null},
		"unit_mg zero": {"unit_mg": 0},
		"strength a text": {"strength_mg": "20"},
	}
	_never_decides(_by_weight, wrong, [_weighing(70, 1), _weighing(70, 9)])
}

_duration := {"kind": "duration", "maximum": 6}

test_duration[name] if {
	some name, case in {
		"at the limit": [{}, {"duration_months": 6}, "met", {"months": 6, "maximum": 6}],
		"below it": [{}, {"duration_months": 1}, "met", {"months": 1, "maximum": 6}],
		"above it": [{}, {"duration_months": 7}, "reduced", {"months": 7, "maximum": 6}],
		"null": [{}, {"duration_months": null}, "met", {"months": null, "maximum": 6}],
		"absent": [{}, {}, "met", {"months": null, "maximum": 6}],
	}
	_decides(_duration, case)
}

test_duration_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {"a text": {"maximum": "6"}, "null": {"maximum": null}, "true": {"maximum": true}}
	_never_decides(_duration, wrong, [{"duration_months": 6}, {"duration_months": 7}, {}])
}

test_duration_does_not_decide_on_what_is_no_number if {
	_never_decides(_duration, {}, [{"duration_months": months} | some months in ["6", true, [], {}]])
}

test_no_other_kind_is_judged_as_one_of_these[name] if {
	some name, case in {
		"quantity_by_dose": [_by_dose, _dosed(100, 20, 28)],
		"quantity": [_flat, {"quantity": {"tablets": 60, "days_supply": 30}}],
		"quantity_per_dose": [_per_dose, {"quantity": {"ml": 2}}],
		"quantity_by_weight": [_by_weight, _weighing(70, 3)],
		"duration": [_duration, {"duration_months": 6}],
	}
	_never_decides(case[0], {"kind": "another"}, [case[1], {}])
}

test_asks[name] if {
	some name, case in {
		"quantity_by_dose": [_by_dose, ["dose.mg_per_week", "quantity.tablets", "quantity.days_supply"]],
		"quantity": [_flat, ["quantity.tablets", "quantity.days_supply"]],
		"quantity_per_dose": [_per_dose, ["quantity.ml"]],
		"quantity_by_weight": [_by_weight, ["clinical.weight_kg", "quantity.vials"]],
		"duration": [_duration, []],
	}
	criteria.asks(name, case[0]) == case[1]
}

test_limit_kinds_are_those_with_a_limit if {
	criteria.limit_kinds == {
		"quantity_by_dose": "quantity",
		"quantity": "quantity",
		"quantity_per_dose": "quantity",
		"quantity_by_weight": "quantity",
		"duration": "months",
	}
}

# What nobody can answer. Cases are [criterion, request, what is said], nothing where the facts would answer.
test_unanswerable[name] if {
	strength := {
		"code": "strength_not_listed",
		"message": "The limits count units of 20 mg, and the strength stated is another, so a person decides.",
	}
	some name, case in {
		"another strength": [_by_dose, object.union(_dosed(100, 20, 28), {"drug": {"strength_mg": 40}}), [strength]],
		"another strength and nothing else": [_by_dose, {"drug": {"strength_mg": 40}}, [strength]],
		"the strength counted": [_by_dose, object.union(_dosed(100, 20, 28), {"drug": {"strength_mg": 20}}), []],
		"strength null": [_by_dose, object.union(_dosed(100, 20, 28), {"drug": {"strength_mg": null}}), []],
		"no strength counted": [_flat, {"quantity": {"tablets": 1, "days_supply": 30}, "drug": {"strength_mg": 40}}, []],
		"a dose not listed": [_by_dose, _dosed(120, null, null), [{
			"code": "dose_not_listed",
			"message": "I.1 lists no limit for the dose stated, 120, so a person decides.",
		}]],
		"a dose that another kind has": [object.union(_by_dose, {"kind": "age"}), _dosed(120, null, null), []],
		"dose null": [_by_dose, _dosed(null, 20, 28), []],
		"just enough days": [_by_dose, _dosed(100, 1, 2), []],
		"too few days": [_by_dose, _dosed(100, 1, 1), [{
			"code": "days_supply_too_short",
			"message": "The limit in I.1 allows less than one unit for a days supply of 1, so a person decides.",
		}]],
		"too few days of a flat limit": [_flat, {"quantity": {"tablets": 1, "days_supply": 0.4}}, [{
			"code": "days_supply_too_short",
			"message": "The limit in I.1 allows less than one unit for a days supply of 0.4, so a person decides.",
		}]],
		"days null": [_by_dose, _dosed(100, 20, null), []],
		"less than one a dose": [object.union(_per_dose, {"maximum": 0.8}), {"quantity": {"ml": 1}}, []],
		"nothing stated": [_by_dose, {}, []],
		"duration": [_duration, {"duration_months": 7}, []],
		"another kind": [{"kind": "age", "minimum": 18}, {}, []],
		"a percentage of nothing": [_response, {"clinical": {"before": 0, "now": 1}}, [{
			"code": "baseline_not_positive",
			"message": "The baseline is not above zero, so a percentage of it has no meaning and a person decides.",
		}]],
		"a percentage of a little": [_response, {"clinical": {"before": 0.1, "now": 1}}, []],
		"a percentage, with nothing to compare": [_response, {"clinical": {"before": 0, "now": null}}, []],
		"a percentage, with nothing beside it": [_response, {"clinical": {"before": 0}}, []],
		"a percentage of another kind": [object.union(_response, {"kind": "age"}), {"clinical": {"before": 0, "now": 1}}, []],
		"a percentage of null": [_response, {"clinical": {"before": null, "now": 1}}, []],
		"an amount below nothing": [_by_amount, {"clinical": {"before": 0, "now": 1}}, []],
	}
	said := [why | why := criteria.unanswerable(object.union(case[0], _cited)) with input as case[1]]
	said == case[2]
}

test_open[name] if {
	every_fact := ["dose.mg_per_week", "quantity.tablets", "quantity.days_supply"]
	some name, case in {
		"nothing stated": [_by_dose, {}, every_fact],
		"null": [_by_dose, _dosed(null, null, null), every_fact],
		"days": [_by_dose, _dosed(100, 20, null), ["quantity.days_supply"]],
		"nothing, of a dose not listed": [_by_dose, _dosed(120, null, null), []],
		"nothing, of another strength": [_by_dose, {"drug": {"strength_mg": 40}}, []],
		"nothing, of too few days": [_by_dose, _dosed(100, 1, 1), []],
		"weight": [_by_weight, {"quantity": {"vials": 3}}, ["clinical.weight_kg"]],
		"duration": [_duration, {}, []],
	}
	opened := criteria.open(object.union(case[0], _cited)) with input as case[1]
	opened == [{"path": concat("", ["/", replace(fact, ".", "/")]), "fact": fact} | some fact in case[2]]
}

_response := {"kind": "response", "baseline": "clinical.before", "current": "clinical.now", "percent": 50}

_by_amount := object.union(object.remove(_response, ["percent"]), {"amount": 1})

_limit(quantity) := {"quantity": quantity, "days": 28}

_dosed(dose, tablets, days) := {"dose": {"mg_per_week": dose}, "quantity": {"tablets": tablets, "days_supply": days}}

_weighing(weight, vials) := {"clinical": {"weight_kg": weight}, "quantity": {"vials": vials}}

_cited := {"id": "an_id", "clause": "I.1", "text": "Some words"}

_found(criterion, request) := [judged |
	judged := criteria.judge(criterion.kind, criterion) with input as request
]

_decides(base, [differs, request, status, facts]) if {
	found := _found(object.union(object.union(base, _cited), differs), request)
	found == [[status, facts]]
}

_never_decides(base, differs, requests) if {
	criterion := object.union(object.union(base, _cited), differs)
	decided := [judged | some request in requests; some judged in _found(criterion, request)]
	decided == []
}
