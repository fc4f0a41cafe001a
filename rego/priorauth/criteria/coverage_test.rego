# METADATA
# title: Tests of the kinds of coverage criteria
# description: >-
#   Each kind on both sides of every boundary, where nothing is stated, and where a figure of the guideline is of
#   another type. A case is named, and a failing one is reported by its name.
package priorauth.criteria_coverage_test

import data.priorauth.criteria

# Cases are [what differs in the criterion, the request, status, facts].

_one_of := {"kind": "one_of", "fact": "clinical.status", "accepted": ["good", "better"], "undetermined": ["unclear"]}

test_one_of[name] if {
	accepted := ["good", "better"]
	some name, case in {
		"first accepted": [{}, _clinical("status", "good"), "met", {"status": "good", "accepted": accepted}],
		"last accepted": [{}, _clinical("status", "better"), "met", {"status": "better", "accepted": accepted}],
		"another": [{}, _clinical("status", "bad"), "not_met", {"status": "bad", "accepted": accepted}],
		"other case": [{}, _clinical("status", "GOOD"), "not_met", {"status": "GOOD", "accepted": accepted}],
		"undetermined": [{}, _clinical("status", "unclear"), "unknown", {"status": "unclear", "accepted": accepted}],
		"nothing undetermined": [{"undetermined": []}, _clinical("status", "unclear"), "not_met", {"status": "unclear", "accepted": accepted}],
		"null": [{}, _clinical("status", null), "unknown", {"status": null, "accepted": accepted}],
		"absent": [{}, {"clinical": {}}, "unknown", {"status": null, "accepted": accepted}],
		"section null": [{}, {"clinical": null}, "unknown", {"status": null, "accepted": accepted}],
		"section absent": [{}, {}, "unknown", {"status": null, "accepted": accepted}],
		"accepts false": [{"accepted": [false]}, _clinical("status", false), "met", {"status": false, "accepted": [false]}],
		"accepts a number": [{"accepted": [0]}, _clinical("status", 0), "met", {"status": 0, "accepted": [0]}],
		"fact of the request itself": [{"fact": "type", "accepted": ["initial"]}, {"type": "initial"}, "met", {"type": "initial", "accepted": ["initial"]}],
	}
	_decides(_one_of, case)
}

test_one_of_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"accepted a text": {"accepted": "good"},
		"accepted an object": {"accepted": {"a": "good"}},
		"accepted null": {"accepted": null},
		"accepted a number": {"accepted": 1},
		"undetermined a text": {"undetermined": "unclear"},
		"undetermined null": {"undetermined": null},
		"fact a number": {"fact": 1},
	}
	_never_decides(_one_of, wrong, [_clinical("status", "good"), _clinical("status", "bad"), _clinical("status", "unclear"), {}])
}

test_one_of_does_not_decide_on_a_list if _never_decides(_one_of, {}, [_clinical("status", []), _clinical("status", ["good"])])

_formulary := {"kind": "formulary", "accepted": ["1", "2"]}

test_formulary[name] if {
	some name, case in {
		"accepted": [{}, {"member": {"formulary": "2"}}, "met", {"formulary": "2", "accepted": ["1", "2"]}],
		"spelled otherwise": [{}, {"member": {"formulary": " Formulary 2.0"}}, "met", {"formulary": "2", "accepted": ["1", "2"]}],
		"not accepted": [{}, {"member": {"formulary": "3/Exclusive"}}, "not_met", {"formulary": "3", "accepted": ["1", "2"]}],
		"other": [{}, {"member": {"formulary": "OTHER"}}, "not_met", {"formulary": "other", "accepted": ["1", "2"]}],
		"null": [{}, {"member": {"formulary": null}}, "unknown", {"formulary": null, "accepted": ["1", "2"]}],
		"absent": [{}, {}, "unknown", {"formulary": null, "accepted": ["1", "2"]}],
	}
	_decides(_formulary, case)
}

test_formulary_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {"a text": {"accepted": "1"}, "an object": {"accepted": {"a": "1"}}, "null": {"accepted": null}}
	_never_decides(_formulary, wrong, [{"member": {"formulary": "1"}}, {"member": {"formulary": "3"}}, {}])
}

test_a_formulary_that_the_plan_does_not_know_does_not_decide if {
	_never_decides(_formulary, {}, [{"member": {"formulary": "5"}}, {"member": {"formulary": ""}}, {"member": {"formulary": 1}}])
}

_attested := {"kind": "attested", "fact": "clinical.toxicity", "expected": true}

test_attested[name] if {
	some name, case in {
		"true as expected": [{}, _clinical("toxicity", true), "met", {"toxicity": true}],
		"false, not expected": [{}, _clinical("toxicity", false), "not_met", {"toxicity": false}],
		"false as expected": [{"expected": false}, _clinical("toxicity", false), "met", {"toxicity": false}],
		"true, not expected": [{"expected": false}, _clinical("toxicity", true), "not_met", {"toxicity": true}],
		"null, true expected": [{}, _clinical("toxicity", null), "unknown", {"toxicity": null}],
		"null, false expected": [{"expected": false}, _clinical("toxicity", null), "unknown", {"toxicity": null}],
		"absent, true expected": [{}, {}, "unknown", {"toxicity": null}],
		"absent, false expected": [{"expected": false}, {}, "unknown", {"toxicity": null}],
	}
	_decides(_attested, case)
}

test_attested_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {"a text": {"expected": "true"}, "null": {"expected": null}, "a number": {"expected": 1}}
	_never_decides(_attested, wrong, [_clinical("toxicity", true), _clinical("toxicity", false), {}])
}

test_attested_does_not_decide_on_what_is_neither_true_nor_false if {
	_never_decides(_attested, {}, [_clinical("toxicity", stated) | some stated in ["true", "", 0, 1, [], {}]])
}

_stated := {"kind": "stated", "fact": "clinical.date"}

test_stated[name] if {
	some name, case in {
		"a text": [{}, _clinical("date", "2022-01-01"), "met", {"date": "2022-01-01"}],
		"false": [{}, _clinical("date", false), "met", {"date": false}],
		"zero": [{}, _clinical("date", 0), "met", {"date": 0}],
		"null": [{}, _clinical("date", null), "unknown", {"date": null}],
		"absent": [{}, {}, "unknown", {"date": null}],
		"an empty list that says nothing": [{"fact": "clinical.listed"}, _clinical("listed", []), "unknown", {"listed": null}],
		"an empty list that says none": [{"fact": "clinical.none_listed"}, _clinical("none_listed", []), "met", {"none_listed": []}],
		"a list": [{"fact": "clinical.listed"}, _clinical("listed", ["a"]), "met", {"listed": ["a"]}],
	}
	_decides(_stated, case)
}

test_stated_with_a_wrong_figure_does_not_decide if _never_decides(_stated, {"fact": 1}, [_clinical("date", "2022-01-01"), {}])

_documented := {"kind": "documented"}

test_documented[name] if {
	some name, case in {
		"one": [{}, {"documentation": [{"reference": "a"}]}, "met", {"documents": 1}],
		"two": [{}, {"documentation": [{"reference": "a"}, {"reference": "b"}]}, "met", {"documents": 2}],
		"none": [{}, {"documentation": []}, "unknown", {"documents": 0}],
		"null": [{}, {"documentation": null}, "unknown", {"documents": 0}],
		"absent": [{}, {}, "unknown", {"documents": 0}],
	}
	_decides(_documented, case)
}

_age := {"kind": "age", "minimum": 18}

test_age[name] if {
	born := "2004-11-02"
	some name, case in {
		"the day before": [{}, _aged(born, "2022-11-01"), "not_met", {"age": 17, "minimum": 18}],
		"the birthday": [{}, _aged(born, "2022-11-02"), "met", {"age": 18, "minimum": 18}],
		"born on 29 February, 28 February": [{}, _aged("2004-02-29", "2022-02-28"), "not_met", {"age": 17, "minimum": 18}],
		"born on 29 February, 1 March": [{}, _aged("2004-02-29", "2022-03-01"), "met", {"age": 18, "minimum": 18}],
		"at most, last day": [_at_most(17), _aged(born, "2022-11-01"), "met", {"age": 17, "maximum": 17}],
		"at most, day after": [_at_most(17), _aged(born, "2022-11-02"), "not_met", {"age": 18, "maximum": 17}],
		"range, below": [{"minimum": 12, "maximum": 17}, _aged(born, "2016-11-01"), "not_met", {"age": 11, "minimum": 12, "maximum": 17}],
		"range, lowest": [{"minimum": 12, "maximum": 17}, _aged(born, "2016-11-02"), "met", {"age": 12, "minimum": 12, "maximum": 17}],
		"range, highest": [{"minimum": 12, "maximum": 17}, _aged(born, "2022-11-01"), "met", {"age": 17, "minimum": 12, "maximum": 17}],
		"range, above": [{"minimum": 12, "maximum": 17}, _aged(born, "2022-11-02"), "not_met", {"age": 18, "minimum": 12, "maximum": 17}],
		"minimum zero": [{"minimum": 0}, _aged(born, born), "met", {"age": 0, "minimum": 0}],
		"null": [{}, _aged(null, "2022-11-01"), "unknown", {"age": null, "minimum": 18}],
		"absent": [{}, {"service_date": "2022-11-01"}, "unknown", {"age": null, "minimum": 18}],
	}
	_decides(_age, case)
}

_wrong_bounds := {
	"minimum a text": {"minimum": "18"},
	"minimum null": {"minimum": null},
	"minimum a list": {"minimum": [18]},
	"minimum true": {"minimum": true},
	"maximum a text": {"maximum": "99"},
	"maximum null": {"maximum": null},
	"maximum a text, no minimum": {"minimum": "-", "maximum": "99"},
	"no bound": "none",
}

test_age_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in _wrong_bounds
	_never_decides(_age, wrong, [_aged("2004-11-02", "2022-11-01"), _aged("2004-11-02", "2022-11-02"), {"service_date": "2022-11-01"}])
}

_threshold := {"kind": "threshold", "fact": "clinical.score", "minimum": 10}

test_threshold[name] if {
	some name, case in {
		"below": [{}, _clinical("score", 9.9), "not_met", {"score": 9.9, "minimum": 10}],
		"least": [{}, _clinical("score", 10), "met", {"score": 10, "minimum": 10}],
		"above": [{}, _clinical("score", 10.1), "met", {"score": 10.1, "minimum": 10}],
		"negative": [{"minimum": -2.5}, _clinical("score", -2.6), "not_met", {"score": -2.6, "minimum": -2.5}],
		"at most, most": [_at_most(0), _clinical("score", 0), "met", {"score": 0, "maximum": 0}],
		"at most, above": [_at_most(0), _clinical("score", 0.1), "not_met", {"score": 0.1, "maximum": 0}],
		"range, below": [{"maximum": 20}, _clinical("score", 9), "not_met", {"score": 9, "minimum": 10, "maximum": 20}],
		"range, within": [{"maximum": 20}, _clinical("score", 20), "met", {"score": 20, "minimum": 10, "maximum": 20}],
		"range, above": [{"maximum": 20}, _clinical("score", 21), "not_met", {"score": 21, "minimum": 10, "maximum": 20}],
		"null": [{}, _clinical("score", null), "unknown", {"score": null, "minimum": 10}],
		"absent": [{}, {}, "unknown", {"score": null, "minimum": 10}],
	}
	_decides(_threshold, case)
}

test_threshold_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in _wrong_bounds
	_never_decides(_threshold, wrong, [_clinical("score", 9), _clinical("score", 10), _clinical("score", 100), {}])
}

test_threshold_does_not_decide_on_what_is_no_number if {
	stated := [_clinical("score", value) | some value in ["11", "", true, false, [], {}]]
	_never_decides(_threshold, {}, stated)
	_never_decides(_threshold, {"maximum": 20}, stated)
}

_any_of := {"kind": "any_of", "fact": "clinical.listed", "accepted": {"a": "A", "b": "B"}}

test_any_of[name] if {
	accepted := {"a": "A", "b": "B"}
	none := {"fact": "clinical.none_listed"}
	items := {"fact": "clinical.none_listed", "of": "name"}
	some name, case in {
		"one accepted": [{}, _clinical("listed", ["a"]), "met", {"listed": ["a"], "accepted": accepted}],
		"one of two accepted": [{}, _clinical("listed", ["c", "b"]), "met", {"listed": ["c", "b"], "accepted": accepted}],
		"none accepted": [{}, _clinical("listed", ["c"]), "not_met", {"listed": ["c"], "accepted": accepted}],
		"a name is not a code": [{}, _clinical("listed", ["A"]), "not_met", {"listed": ["A"], "accepted": accepted}],
		"empty, says nothing": [{}, _clinical("listed", []), "unknown", {"listed": null, "accepted": accepted}],
		"empty, says none": [none, _clinical("none_listed", []), "not_met", {"none_listed": [], "accepted": accepted}],
		"null": [none, _clinical("none_listed", null), "unknown", {"none_listed": null, "accepted": accepted}],
		"absent": [none, {}, "unknown", {"none_listed": null, "accepted": accepted}],
		"property accepted": [items, _clinical("none_listed", [{"name": "c"}, {"name": "a"}]), "met", {"none_listed": ["c", "a"], "accepted": accepted}],
		"property not accepted": [items, _clinical("none_listed", [{"name": "c"}]), "not_met", {"none_listed": ["c"], "accepted": accepted}],
		"property absent": [items, _clinical("none_listed", [{"name": "c"}, {}]), "unknown", {"none_listed": ["c", null], "accepted": accepted}],
		"property null": [items, _clinical("none_listed", [{"name": null}]), "unknown", {"none_listed": [null], "accepted": accepted}],
		"property absent beside an accepted": [items, _clinical("none_listed", [{}, {"name": "a"}]), "met", {"none_listed": [null, "a"], "accepted": accepted}],
		"items, empty": [items, _clinical("none_listed", []), "not_met", {"none_listed": [], "accepted": accepted}],
		"items, empty, says nothing": [{"of": "name"}, _clinical("listed", []), "unknown", {"listed": null, "accepted": accepted}],
		"items, null": [items, _clinical("none_listed", null), "unknown", {"none_listed": null, "accepted": accepted}],
	}
	_decides(_any_of, case)
}

test_any_of_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"accepted a list": {"accepted": ["a"]},
		"accepted a text": {"accepted": "a"},
		"accepted null": {"accepted": null},
		"of a number": {"of": 1},
		"of null": {"of": null},
		"fact a number": {"fact": 1},
	}
	_never_decides(_any_of, wrong, [_clinical("listed", ["a"]), _clinical("listed", ["c"]), _clinical("listed", [{"name": "c"}]), {}])
}

test_any_of_does_not_decide_on_what_is_no_list if {
	some of in [{}, {"of": "name"}]
	_never_decides(_any_of, of, [_clinical("listed", value) | some value in ["a", "c", 1, true, {"name": "c"}, {}]])
}

_none_of := {"kind": "none_of", "fact": "clinical.none_listed", "excluded": {"a": "A", "b": "B"}}

test_none_of[name] if {
	excluded := {"a": "A", "b": "B"}
	some name, case in {
		"one excluded": [{}, _clinical("none_listed", ["a"]), "not_met", {"none_listed": ["a"], "excluded": excluded}],
		"one of two excluded": [{}, _clinical("none_listed", ["c", "b"]), "not_met", {"none_listed": ["c", "b"], "excluded": excluded}],
		"none excluded": [{}, _clinical("none_listed", ["c"]), "met", {"none_listed": ["c"], "excluded": excluded}],
		"empty, says none": [{}, _clinical("none_listed", []), "met", {"none_listed": [], "excluded": excluded}],
		"empty, says nothing": [{"fact": "clinical.listed"}, _clinical("listed", []), "unknown", {"listed": null, "excluded": excluded}],
		"null": [{}, _clinical("none_listed", null), "unknown", {"none_listed": null, "excluded": excluded}],
		"absent": [{}, {}, "unknown", {"none_listed": null, "excluded": excluded}],
		"property excluded": [{"of": "name"}, _clinical("none_listed", [{}, {"name": "a"}]), "not_met", {"none_listed": [null, "a"], "excluded": excluded}],
		"property not excluded": [{"of": "name"}, _clinical("none_listed", [{"name": "c"}]), "met", {"none_listed": ["c"], "excluded": excluded}],
		"property absent": [{"of": "name"}, _clinical("none_listed", [{}]), "unknown", {"none_listed": [null], "excluded": excluded}],
	}
	_decides(_none_of, case)
}

test_none_of_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"excluded a list": {"excluded": ["a"]},
		"excluded a text": {"excluded": "a"},
		"excluded null": {"excluded": null},
		"of a number": {"of": 1},
		"of null": {"of": null},
	}
	_never_decides(_none_of, wrong, [_clinical("none_listed", ["a"]), _clinical("none_listed", ["c"]), _clinical("none_listed", []), {}])
}

test_none_of_does_not_decide_on_what_is_no_list if {
	_never_decides(_none_of, {}, [_clinical("none_listed", value) | some value in ["a", "c", 1, true, {}]])
}

_diagnosis := {"kind": "diagnosis", "fact": "clinical.icd10", "accepted": {"C90.0": "Multiple myeloma", "C83": "Lymphoma"}}

test_diagnosis[name] if {
	accepted := {"C90.0": "Multiple myeloma", "C83": "Lymphoma"}
	some name, case in {
		"the code": [{}, _clinical("icd10", "C90.0"), "met", {"icd10": "C90.0", "accepted": accepted}],
		"a code below it": [{}, _clinical("icd10", "C90.01"), "met", {"icd10": "C90.01", "accepted": accepted}],
		"a category's code": [{}, _clinical("icd10", "C83.30"), "met", {"icd10": "C83.30", "accepted": accepted}],
		"without the point, in lower case": [{}, _clinical("icd10", " c9000 "), "met", {"icd10": " c9000 ", "accepted": accepted}],
		"a code beside it": [{}, _clinical("icd10", "C90.1"), "not_met", {"icd10": "C90.1", "accepted": accepted}],
		"the code above it": [{}, _clinical("icd10", "C90"), "not_met", {"icd10": "C90", "accepted": accepted}],
		"null": [{}, _clinical("icd10", null), "unknown", {"icd10": null, "accepted": accepted}],
		"absent": [{}, {}, "unknown", {"icd10": null, "accepted": accepted}],
		"one of a list": [{}, _clinical("icd10", ["E11.9", "C83.30"]), "met", {"icd10": ["E11.9", "C83.30"], "accepted": accepted}],
		"none of a list": [{}, _clinical("icd10", ["E11.9", "C90"]), "not_met", {"icd10": ["E11.9", "C90"], "accepted": accepted}],
		"an empty list": [{"fact": "clinical.listed"}, _clinical("listed", []), "unknown", {"listed": [], "accepted": accepted}],
		"a list of none": [{"fact": "clinical.none_listed"}, _clinical("none_listed", []), "not_met", {"none_listed": [], "accepted": accepted}],
	}
	_decides(_diagnosis, case)
}

test_diagnosis_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {"a list": {"accepted": ["C90.0"]}, "a text": {"accepted": "C90.0"}, "null": {"accepted": null}}
	_never_decides(_diagnosis, wrong, [_clinical("icd10", "C90.0"), _clinical("icd10", "A00"), {}])
}

test_diagnosis_does_not_decide_on_what_is_no_text if {
	_never_decides(_diagnosis, {}, [_clinical("icd10", value) | some value in [90, true, [90], ["E11.9", true], {}]])
}

_dated := {"kind": "dated_within", "fact": "clinical.date", "months": 6}

test_dated_within[name] if {
	some name, case in {
		"the day itself": [{}, _on("2022-11-01", "2022-11-01"), "met", {"date": "2022-11-01", "months": 6}],
		"last day": [{}, _on("2022-05-01", "2022-11-01"), "met", {"date": "2022-05-01", "months": 6}],
		"a day too long ago": [{}, _on("2022-04-30", "2022-11-01"), "not_met", {"date": "2022-04-30", "months": 6}],
		"a month too short, last day": [{}, _on("2022-08-31", "2023-02-28"), "met", {"date": "2022-08-31", "months": 6}],
		"a month too short, day after": [{}, _on("2022-08-31", "2023-03-01"), "not_met", {"date": "2022-08-31", "months": 6}],
		"after the service date": [{}, _on("2022-11-02", "2022-11-01"), "not_met", {"date": "2022-11-02", "months": 6}],
		"null": [{}, _on(null, "2022-11-01"), "unknown", {"date": null, "months": 6}],
		"absent": [{}, {"service_date": "2022-11-01"}, "unknown", {"date": null, "months": 6}],
	}
	_decides(_dated, case)
}

test_dated_within_days[name] if {
	some name, case in {
		"the day itself": [{}, _on("2024-03-01", "2024-03-01"), "met", {"date": "2024-03-01", "days": 28}],
		"last day": [{}, _on("2024-02-02", "2024-03-01"), "met", {"date": "2024-02-02", "days": 28}],
		"a day too long ago": [{}, _on("2024-02-01", "2024-03-01"), "not_met", {"date": "2024-02-01", "days": 28}],
		"after the service date": [{}, _on("2024-03-02", "2024-03-01"), "not_met", {"date": "2024-03-02", "days": 28}],
		"null": [{}, _on(null, "2024-03-01"), "unknown", {"date": null, "days": 28}],
		"absent": [{}, {"service_date": "2024-03-01"}, "unknown", {"date": null, "days": 28}],
	}
	_decides({"kind": "dated_within", "fact": "clinical.date", "days": 28}, case)
}

test_dated_within_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"months a text": {"months": "6"},
		"months null": {"months": null},
		"months true": {"months": true},
		"days too": {"days": 28},
		"days a text too": {"days": "28"},
	}
	requests := [_on("2022-11-01", "2022-11-01"), _on("2020-01-01", "2022-11-01"), _on("2022-11-02", "2022-11-01"), {"service_date": "2022-11-01"}]
	_never_decides(_dated, wrong, requests)
}

test_dated_within_days_with_a_wrong_figure_does_not_decide[name] if {
	some name, days in {"a text": "28", "null": null, "true": true}
	base := {"kind": "dated_within", "fact": "clinical.date", "days": days}
	_never_decides(base, {}, [_on("2022-11-01", "2022-11-01"), _on("2020-01-01", "2022-11-01"), _on("2022-11-02", "2022-11-01"), {"service_date": "2022-11-01"}])
}

test_dated_within_nothing_does_not_decide if {
	base := {"kind": "dated_within", "fact": "clinical.date"}
	_never_decides(base, {}, [_on("2022-11-01", "2022-11-01"), _on("2022-11-02", "2022-11-01"), {"service_date": "2022-11-01"}])
}

_tried := {
	"kind": "tried", "fact": "clinical.therapies",
	"of": {"a": "A", "b": "B"}, "minimum": 1, "weeks": 8,
}

test_tried[name] if {
	two := {"minimum": 2}
	some name, case in {
		"failed after the weeks": [{}, [_failed("a", 8)], "met", ["a"]],
		"failed a week before": [{}, [_failed("a", 7)], "not_met", []],
		"failed, weeks absent": [{}, [{"therapy": "a", "result": "failure"}], "unknown", []],
		"failed, weeks null": [{}, [_failed("a", null)], "unknown", []],
		"not tolerated": [{}, [{"therapy": "a", "result": "intolerance"}], "met", ["a"]],
		"contraindicated": [{}, [{"therapy": "a", "result": "contraindication"}], "met", ["a"]],
		"failed, weeks as text": [{}, [_failed("a", "9")], "not_met", []],
		"went well": [{}, [{"therapy": "a", "result": "response", "weeks": 20}], "not_met", []],
		"went well, weeks absent": [{}, [{"therapy": "a", "result": "response"}], "not_met", []],
		"result absent": [{}, [{"therapy": "a", "weeks": 20}], "unknown", []],
		"result null": [{}, [{"therapy": "a", "result": null}], "unknown", []],
		"therapy absent": [{}, [{"result": "failure", "weeks": 8}], "unknown", []],
		"therapy null": [{}, [{"therapy": null, "result": "intolerance"}], "unknown", []],
		"therapy absent, contraindicated": [{}, [{"result": "contraindication"}], "unknown", []],
		"therapy absent, went well": [{}, [{"result": "response"}], "not_met", []],
		"another therapy": [{}, [_failed("c", 8)], "not_met", []],
		"another therapy, result absent": [{}, [{"therapy": "c"}], "not_met", []],
		"none": [{}, [], "not_met", []],
		"null": [{}, null, "unknown", []],
		"one of two": [two, [_failed("a", 8)], "not_met", ["a"]],
		"two of two": [two, [_failed("b", 8), _failed("a", 9)], "met", ["a", "b"]],
		"one twice is one": [two, [_failed("a", 8), _failed("a", 9)], "not_met", ["a"]],
		"one twice, once open, is one": [two, [_failed("a", 8), _failed("a", null)], "not_met", ["a"]],
		"one sure and one open": [two, [_failed("a", 8), _failed("b", null)], "unknown", ["a"]],
		"one sure and one not named": [two, [_failed("a", 8), {"result": "failure"}], "unknown", ["a"]],
		"two not named": [two, [{}, {}], "unknown", []],
		"enough beside one open": [{}, [_failed("a", 8), _failed("b", null)], "met", ["a"]],
	}
	criterion := object.union(_tried, case[0])
	facts := {"tried": case[3], "of": {"a": "A", "b": "B"}, "minimum": criterion.minimum, "weeks": 8}
	_decides(_tried, [case[0], _clinical("therapies", case[1]), case[2], facts])
}

test_tried_where_nothing_is_stated if {
	facts := {"tried": [], "of": {"a": "A", "b": "B"}, "minimum": 1, "weeks": 8}
	_decides(_tried, [{}, {}, "unknown", facts])
}

test_tried_where_an_empty_list_says_nothing if {
	facts := {"tried": [], "of": {"a": "A", "b": "B"}, "minimum": 1, "weeks": 8}
	_decides(_tried, [{"fact": "clinical.listed"}, _clinical("listed", []), "unknown", facts])
}

test_tried_however_long[name] if {
	some name, case in {
		"weeks absent": [[{"therapy": "a", "result": "failure"}], "met", ["a"]],
		"one week": [[_failed("a", 1)], "met", ["a"]],
		"went well": [[{"therapy": "a", "result": "response"}], "not_met", []],
		"another therapy": [[_failed("c", 1)], "not_met", []],
		"result absent": [[{"therapy": "a", "weeks": 1}], "unknown", []],
	}
	facts := {"tried": case[2], "of": {"a": "A", "b": "B"}, "minimum": 1, "weeks": null}
	_decides(object.remove(_tried, ["weeks"]), [{}, _clinical("therapies", case[0]), case[1], facts])
}

test_tried_with_a_wrong_figure_does_not_decide[name] if {
	some name, wrong in {
		"minimum a text": {"minimum": "1"},
		"minimum null": {"minimum": null},
		"weeks a text": {"weeks": "8"},
		"weeks null": {"weeks": null},
		"of a list": {"of": ["a"]},
		"of a text": {"of": "a"},
	}
	_never_decides(_tried, wrong, [_clinical("therapies", [_failed("a", 8)]), _clinical("therapies", []), {}])
}

test_tried_does_not_decide_on_what_is_no_list if {
	_never_decides(_tried, {}, [_clinical("therapies", value) | some value in ["a", 1, true, {"therapy": "a"}]])
}

test_no_other_kind_is_judged_as_one_of_these[name] if {
	some name, case in {
		"one_of": [_one_of, _clinical("status", "good")],
		"formulary": [_formulary, {"member": {"formulary": "1"}}],
		"attested": [_attested, _clinical("toxicity", true)],
		"stated": [_stated, _clinical("date", "2022-11-01")],
		"documented": [_documented, {"documentation": [{"reference": "a"}]}],
		"age": [_age, _aged("2004-11-02", "2022-11-02")],
		"threshold": [_threshold, _clinical("score", 10)],
		"any_of": [_any_of, _clinical("listed", ["a"])],
		"none_of": [_none_of, _clinical("none_listed", ["a"])],
		"diagnosis": [_diagnosis, _clinical("icd10", "C90.0")],
		"dated_within": [_dated, _on("2022-11-01", "2022-11-01")],
		"tried": [_tried, _clinical("therapies", [_failed("a", 8)])],
	}
	_never_decides(case[0], {"kind": "another"}, [case[1], {}])
}

test_asks[name] if {
	some name, case in {
		"one_of": [_one_of, ["clinical.status"]],
		"formulary": [_formulary, ["member.formulary"]],
		"attested": [_attested, ["clinical.toxicity"]],
		"stated": [_stated, ["clinical.date"]],
		"documented": [_documented, ["documentation"]],
		"age": [_age, ["member.birth_date"]],
		"threshold": [_threshold, ["clinical.score"]],
		"any_of": [_any_of, ["clinical.listed"]],
		"none_of": [_none_of, ["clinical.none_listed"]],
		"diagnosis": [_diagnosis, ["clinical.icd10"]],
		"dated_within": [_dated, ["clinical.date"]],
		"tried": [_tried, ["clinical.therapies"]],
	}
	criteria.asks(name, case[0]) == case[1]
}

# What can still change a criterion. Cases are [criterion, request, what is open].
test_open[name] if {
	items := object.union(_any_of, {"of": "name"})
	therapies := _whole("/clinical/therapies", "clinical.therapies")
	some name, case in {
		"absent": [_one_of, {}, [_whole("/clinical/status", "clinical.status")]],
		"null": [_one_of, _clinical("status", null), [_whole("/clinical/status", "clinical.status")]],
		"undetermined": [_one_of, _clinical("status", "unclear"), [_whole("/clinical/status", "clinical.status")]],
		"stated": [_one_of, _clinical("status", "good"), []],
		"empty list": [_any_of, _clinical("listed", []), [_whole("/clinical/listed", "clinical.listed")]],
		"documents": [_documented, {"documentation": []}, [_whole("/documentation", "documentation")]],
		"items absent": [items, {}, [_whole("/clinical/listed", "clinical.listed")]],
		"items empty": [items, _clinical("listed", []), [_whole("/clinical/listed", "clinical.listed")]],
		"an item's property": [items, _clinical("listed", [{"name": "c"}, {}, {"name": null}]), [_part("listed", 1, "name"), _part("listed", 2, "name")]],
		"an excluded item's property": [
			object.union(_none_of, {"of": "name"}),
			_clinical("none_listed", [{}, {"name": "c"}]),
			[_part("none_listed", 0, "name")],
		],
		"an item of another kind": [
			object.union(_stated, {"fact": "clinical.listed", "of": "name"}),
			_clinical("listed", [{}]),
			[],
		],
		"therapies absent": [_tried, {}, [therapies]],
		"therapies null": [_tried, _clinical("therapies", null), [therapies]],
		"weeks of a failure": [_tried, _clinical("therapies", [_failed("c", null), _failed("a", null)]), [_part("therapies", 1, "weeks")]],
		"result": [_tried, _clinical("therapies", [{"therapy": "a", "weeks": 3}]), [_part("therapies", 0, "result")]],
		"result and weeks": [_tried, _clinical("therapies", [{"therapy": "a"}]), [_part("therapies", 0, "result"), _part("therapies", 0, "weeks")]],
		"therapy": [_tried, _clinical("therapies", [{"result": "intolerance"}]), [_part("therapies", 0, "therapy")]],
		"no weeks asked for": [object.remove(_tried, ["weeks"]), _clinical("therapies", [{"therapy": "a"}]), [_part("therapies", 0, "result")]],
		"a therapy that counts already": [
			object.union(_tried, {"minimum": 2}),
			_clinical("therapies", [_failed("a", 8), _failed("a", null), _failed("b", null)]),
			[_part("therapies", 2, "weeks")],
		],
		"a therapy that is sure": [_tried, _clinical("therapies", [_failed("a", 8)]), []],
	}
	opened := criteria.open(case[0]) with input as case[1] with data.facts as _facts
	opened == case[2]
}

_whole(path, fact) := {"path": path, "fact": fact}

_part(list, index, property) := {
	"path": $"/clinical/{list}/{index}/{property}",
	"fact": concat(".", ["clinical", list]),
	"property": property,
}

_facts := {
	"clinical.listed": {"type": "array"},
	"clinical.none_listed": {"type": "array", "empty": "none"},
	"clinical.therapies": {"type": "array", "empty": "none"},
}

_clinical(name, value) := {"clinical": {name: value}}

_aged(born, date) := {"service_date": date, "member": {"birth_date": born}}

_on(date, service_date) := {"service_date": service_date, "clinical": {"date": date}}

_failed(therapy, weeks) := {"therapy": therapy, "result": "failure", "weeks": weeks}

_at_most(maximum) := {"without": ["minimum"], "maximum": maximum}

_cited := {"id": "an_id", "clause": "I.1", "text": "Some words"}

_criterion(base, differs) := object.remove(object.union(object.union(base, _cited), differs), array.concat(["without"], object.get(differs, "without", []))) if {
	is_object(differs)
} else := object.remove(object.union(base, _cited), ["minimum", "maximum"])

_found(criterion, request) := [judged |
	judged := criteria.judge(criterion.kind, criterion) with input as request with data.facts as _facts
]

_decides(base, [differs, request, status, facts]) if {
	found := _found(_criterion(base, differs), request)
	found == [[status, facts]]
}

_never_decides(base, differs, requests) if {
	criterion := _criterion(base, differs)
	decided := [judged | some request in requests; some judged in _found(criterion, request)]
	decided == []
}
