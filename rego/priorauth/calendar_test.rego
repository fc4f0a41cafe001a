package priorauth.calendar_test

import data.priorauth.calendar

# What the calendar looks up: the days of a common year, and which years are leap.
test_the_days_are_those_of_a_common_year if {
	lengths := {
		"01": 31, "02": 28, "03": 31, "04": 30, "05": 31, "06": 30,
		"07": 31, "08": 31, "09": 30, "10": 31, "11": 30, "12": 31,
	}
	days := {concat("", ["-", month, "-", substring(format_int(number + 100, 10), 1, 2)]): true |
		some month, length in lengths
		some number in numbers.range(1, length)
	}
	data.calendar.days == days
}

test_the_years_are_those_from_1870_to_2099_and_a_fourth_of_them_leap_but_1900 if {
	years := {format_int(year, 10): leap |
		some year in numbers.range(1870, 2099)
		leap := [year % 4, year == 1900] == [0, false]
	}
	data.calendar.leap == years
}

test_day_is_a_day_that_exists[name] if {
	some name in [
		"1870-01-01", "2099-12-31", "2022-10-01", "2023-02-28", "2024-02-28", "2024-02-29", "1904-02-29",
		"2000-02-29", "2096-02-29", "2023-04-30", "2023-12-31",
	]
	calendar.day(name)
}

test_day_is_none_that_does_not_exist[name] if {
	some name in [
		"1869-12-31", "2100-01-01", "0000-01-01", "9999-12-31", "10000-01-01", "2023-02-29", "2022-02-29", "1900-02-29",
		"2100-02-29", "2024-02-30", "2023-04-31", "2023-01-32", "2023-12-32", "2023-01-00", "2023-00-01", "2023-13-01",
	]
	not calendar.day(name)
}

test_day_is_no_other_writing_of_a_date[name] if {
	some name in [
		"", "-", "2022", "2022-10", "2022-1-1", "2022-1-01", "22-10-01", "20221001", "2022/10/01", "01-10-2022",
		"2022-10-01 ", " 2022-10-01", "2022-10-01\n", "2022-10-01T00:00:00Z", "-2022-10-01", "+2022-10-01", "02022-10-01",
		"２０２２-10-01", "2022-１0-01", "2022-10-0１", "2022–10–01", "2022-+1-01", "2022-10--1", "2O22-10-01", "abcd-06-15",
	]
	not calendar.day(name)
}

test_what_is_no_text_is_no_day[name] if {
	some name, value in {
		"null": null, "number": 20221001, "boolean": true,
		"list": ["2", "0", "2", "2", "-", "1", "0", "-", "0", "1"], "object": {"2022-10-01": true},
	}
	matched := [true | calendar.day(input)] with input as value
	matched == []
}

test_completed_years_count_from_birthday_to_birthday if {
	_years("2004-11-02", ["2022-11-01", "2022-11-02", "2022-11-03", "2023-11-01"]) == [17, 18, 18, 18]
}

# Reading 3.
test_who_is_born_on_29_february_completes_a_year_on_1_march_in_a_common_year if {
	_years("2004-02-29", ["2022-02-28", "2022-03-01", "2024-02-28", "2024-02-29"]) == [17, 18, 19, 20]
}

test_completed_years_of_the_day_itself_and_of_all_years if {
	_years("1870-01-01", ["1870-01-01", "1870-12-31", "1871-01-01", "2099-12-31"]) == [0, 0, 1, 229]
}

test_the_next_day_of_each_kind_of_day[name] if {
	some name, next in {
		"2022-11-01": "2022-11-02",
		"2022-11-08": "2022-11-09",
		"2022-11-09": "2022-11-10",
		"2022-11-30": "2022-12-01",
		"2022-12-31": "2023-01-01",
		"2022-01-31": "2022-02-01",
		"2022-02-28": "2022-03-01",
		"2024-02-28": "2024-02-29",
		"2024-02-29": "2024-03-01",
		"1900-02-28": "1900-03-01",
		"2000-02-28": "2000-02-29",
		"2100-02-28": "2100-03-01",
		"2099-12-31": "2100-01-01",
	}
	calendar.next_day(name) == next
}

test_the_last_day_of_each_month[name] if {
	some name, length in {
		"01": "31", "02": "28", "03": "31", "04": "30", "05": "31", "06": "30",
		"07": "31", "08": "31", "09": "30", "10": "31", "11": "30", "12": "31",
	}
	first := $"2022-{name}-01"
	last := $"2022-{name}-{length}"
	calendar.last_day(first, 1) == last
	calendar.next_day($"2022-{name}-27") == $"2022-{name}-28"
	substring(calendar.next_day(last), 8, -1) == "01"
}

# Reading 7, with its three examples.
test_the_last_day_of_six_months[name] if {
	some name, last in {
		"2022-11-01": "2023-04-30",
		"2022-10-15": "2023-04-14",
		"2022-08-01": "2023-01-31",
		"2022-07-02": "2023-01-01",
		"2022-07-01": "2022-12-31",
		"2022-06-01": "2022-11-30",
		"2023-09-01": "2024-02-29",
		"2022-09-01": "2023-02-28",
		"2022-08-31": "2023-02-28",
		"2022-08-30": "2023-02-28",
		"2022-08-29": "2023-02-28",
		"2022-08-28": "2023-02-27",
		"2023-08-31": "2024-02-29",
		"2023-08-30": "2024-02-29",
		"2023-08-29": "2024-02-28",
		"2022-10-31": "2023-04-30",
		"2022-12-31": "2023-06-30",
		"2099-08-31": "2100-02-28",
		"2099-09-01": "2100-02-28",
		"2099-12-31": "2100-06-30",
		"2100-01-01": "2100-06-30",
	}
	calendar.last_day(name, 6) == last
}

test_the_last_day_of_periods_of_other_lengths if {
	[calendar.last_day("2022-12-31", months) | some months in [1, 2, 12, 14]] == [
		"2023-01-30",
		"2023-02-28",
		"2023-12-30",
		"2024-02-29",
	]
	[calendar.last_day("2022-12-01", months) | some months in [1, 2, 3, 12, 13]] == [
		"2022-12-31",
		"2023-01-31",
		"2023-02-28",
		"2023-11-30",
		"2023-12-31",
	]
}

test_the_day_some_months_later[name] if {
	some name, case in {
		"same number": ["2022-05-01", 6, "2022-11-01"],
		"next year": ["2022-11-15", 6, "2023-05-15"],
		"to December": ["2022-11-15", 1, "2022-12-15"],
		"to January": ["2022-12-15", 1, "2023-01-15"],
		"month too short": ["2022-08-31", 6, "2023-02-28"],
		"leap month too short": ["2023-08-31", 6, "2024-02-29"],
		"month of 30 days": ["2022-10-31", 6, "2023-04-30"],
		"29 February to a common year": ["2024-02-29", 12, "2025-02-28"],
		"29 February to a leap year": ["2024-02-29", 48, "2028-02-29"],
		"of a century": ["2099-08-30", 6, "2100-02-28"],
		"many years": ["2022-01-01", 120, "2032-01-01"],
	}
	calendar.months_later(case[0], case[1]) == case[2]
}

# From one month's first day to the next there are as many days as the month has.
test_day_numbers_count_the_days_of_each_month[name] if {
	some name, february in {"1899": 28, "1900": 28, "2000": 29, "2023": 28, "2024": 29}
	firsts := array.concat(
		[concat("-", [name, month, "01"]) | some month in ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"]],
		[concat("-", [format_int(to_number(name) + 1, 10), "01", "01"])],
	)
	counted := [calendar.number(first) | some first in firsts]
	[days | some n, _ in firsts; days := counted[n] - counted[n - 1]] == [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

test_day_numbers_of_the_days_of_a_month_are_in_a_row if {
	days := ["2024-02-01", "2024-02-09", "2024-02-10", "2024-02-28", "2024-02-29"]
	[after | some date in days; after := calendar.number(date) - calendar.number("2024-02-01")] == [0, 8, 9, 27, 28]
}

test_days_between_dates[name] if {
	some name, case in {
		"the day itself": ["2022-11-01", "2022-11-01", 0],
		"a common February": ["2023-02-28", "2023-03-01", 1],
		"a leap February": ["2024-02-28", "2024-03-01", 2],
		"a century": ["1900-01-01", "2000-01-01", 36524],
		"a century with a leap century": ["2000-01-01", "2100-01-01", 36525],
		"many years": ["1970-01-01", "2022-11-01", 19297],
		"backwards": ["2022-11-01", "2022-10-31", -1],
	}
	calendar.number(case[1]) - calendar.number(case[0]) == case[2]
}

_years(from, dates) := [calendar.completed_years(from, to) | some to in dates]
