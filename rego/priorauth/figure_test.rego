package priorauth.figure_test

import data.priorauth.figure

test_a_whole_number_is_at_least_1 if {
	[value | some value in _values; figure.whole_number(value)] == [1, 28]
}

test_strings_are_an_array_of_at_least_one_string if {
	[value | some value in _values; figure.strings(value)] == [["a"], ["a", "b"]]
}

test_keys_are_those_of_an_object_of_at_least_one if {
	[figure.keys(value) | some value in _values] == [["a"], ["a", "b"]]
}

test_records_have_a_whole_number_for_each_name if {
	[value | some value in _values; figure.records(value, {"a"})] == [[{"a": 1}], [{"a": 1, "b": "c"}, {"a": 2}]]
}

test_records_may_have_no_name_missing if {
	not figure.records([{"a": 1, "b": 1}, {"a": 1}], {"a", "b"})
	figure.records([{"a": 1, "b": 1}], {"a", "b"}) == [{"a": 1, "b": 1}]
}

_values := [
	null, false, true, -1, 0, 0.5, 1, 1.5, 28, "", "1",
	[], [1], [null], ["a"], ["a", "b"], ["a", 1],
	{}, {"a": 1}, {"a": null, "b": 2},
	[{}], [{"a": 1}], [{"a": 0}], [{"a": 1.5}], [{"a": "1"}], [{"a": null}], [{"a": 1, "b": "c"}, {"a": 2}], [{"a": 1}, {}],
]

test_a_day_exists if {
	[value | some value in _dates; figure.day(value)] == ["2022-10-03", "2024-02-29"]
}

test_a_month_is_one_of_twelve if {
	[value | some value in _dates; figure.month(value)] == ["2023-06"]
}

_dates := [
	"2022-10-03", "2024-02-29", "2023-02-29", "10/3/22", "2023-06", "2023-13", "6/23", "",
	20221003, 2023, null, true, ["2022-10-03"], ["2023-06"], {},
]
