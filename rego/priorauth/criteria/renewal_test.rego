# METADATA
# title: Tests of the kinds of renewal criteria
# description: Each at its figure and past it, where nothing is stated, and where a figure is of another type.
package priorauth.criteria_renewal_test

import data.priorauth.criteria

_response := {"kind": "response", "baseline": "clinical.before", "current": "clinical.now"}

# Cases are [figures, before, now, status].
test_response[name] if {
	half := {"percent": 50}
	two := {"amount": 2}
	higher := {"percent": 50, "higher_is_better": true}
	some name, case in {
		"percent": [half, 10, 5, "met"],
		"less than the percent": [half, 10, 5.1, "not_met"],
		"a hair less than the percent": [half, 10, 5.00000001, "not_met"],
		"more than the percent": [half, 10, 0, "met"],
		"percent, unchanged": [half, 10, 10, "not_met"],
		"percent, worse": [half, 10, 20, "not_met"],
		"percent, lower is better as said": [{"percent": 50, "higher_is_better": false}, 10, 5, "met"],
		"percent higher": [higher, 10, 15, "met"],
		"less than the percent higher": [higher, 10, 14.9, "not_met"],
		"percent lower where higher is better": [higher, 10, 5, "not_met"],
		"percent of decimals": [{"percent": 10}, 0.3, 0.27, "met"],
		"percent of nothing": [half, 0, 0, "unknown"],
		"percent of less than nothing": [half, -2, -2, "unknown"],
		"amount": [two, 10, 8, "met"],
		"less than the amount": [two, 10, 8.1, "not_met"],
		"a hair less than the amount": [two, 10, 8.000001, "not_met"],
		"amount of decimals": [{"amount": 1}, 8.4, 7.4, "met"],
		"amount of nothing": [two, 0, 0, "not_met"],
		"amount below nothing": [two, 0, -2, "met"],
		"amount higher": [{"amount": 2, "higher_is_better": true}, -2.5, -0.5, "met"],
		"less than the amount higher": [{"amount": 2, "higher_is_better": true}, -2.5, -0.6, "not_met"],
		"before null": [half, null, 5, "unknown"],
		"now null": [half, 10, null, "unknown"],
		"both null": [half, null, null, "unknown"],
		"amount, before null": [two, null, 0, "unknown"],
		"amount, now null": [two, 10, null, "unknown"],
	}
	found := _found(case[0], {"clinical": {"before": case[1], "now": case[2]}})
	facts := object.union({"baseline": case[1], "current": case[2]}, object.remove(case[0], ["higher_is_better"]))
	found == [[case[3], facts]]
}

test_response_where_nothing_is_stated[name] if {
	some name, request in {"absent": {}, "section null": {"clinical": null}, "section empty": {"clinical": {}}}
	found := _found({"percent": 50}, request)
	found == [["unknown", {"baseline": null, "current": null, "percent": 50}]]
}

test_response_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"percent a text": {"percent": "50"},
		"percent null": {"percent": null},
		"amount a text": {"amount": "2"},
		"amount null": {"amount": null},
		"neither": {},
		"both": {"percent": 50, "amount": 2},
		"percent a text beside an amount": {"percent": "50", "amount": 2},
		"amount a text beside a percent": {"percent": 50, "amount": "2"},
		"higher_is_better a text": {"percent": 50, "higher_is_better": "true"},
		"higher_is_better null": {"percent": 50, "higher_is_better": null},
		"baseline a number": {"percent": 50, "baseline": 1},
		"current null": {"percent": 50, "current": null},
	}
	decided := [judged |
		some request in [{"clinical": {"before": 10, "now": now}} | some now in [0, 10, 20, null]]
		some judged in _found(wrong, request)
	]
	decided == []
}

test_response_does_not_decide_on_what_is_no_number[name] if {
	some name, wrong in {"a text": "5", "true": true, "a list": [], "an object": {}}
	some figures in [{"percent": 50}, {"amount": 2}]
	before := _found(figures, {"clinical": {"before": wrong, "now": 5}})
	before == []
	now := _found(figures, {"clinical": {"before": 10, "now": wrong}})
	now == []
}

test_no_other_kind_is_judged_as_a_response if {
	request := {"clinical": {"before": 10, "now": 5}}
	judged := [judged | judged := criteria.judge("reply", object.union(_response, {"percent": 50})) with input as request]
	judged == []
}

test_response_asks_for_both_measures if {
	criteria.asks("response", _response) == ["clinical.before", "clinical.now"]
}

test_what_is_open_of_a_response[name] if {
	before := {"path": "/clinical/before", "fact": "clinical.before"}
	now := {"path": "/clinical/now", "fact": "clinical.now"}
	some name, case in {
		"nothing stated": [{}, [before, now]],
		"now": [{"clinical": {"before": 10}}, [now]],
		"before": [{"clinical": {"before": null, "now": 5}}, [before]],
		"a percentage of nothing": [{"clinical": {"before": 0, "now": 0}}, []],
	}
	opened := criteria.open(object.union(_response, {"percent": 50})) with input as case[0]
	opened == case[1]
}

_found(figures, request) := [judged |
	judged := criteria.judge("response", object.union(_response, figures)) with input as request
]
