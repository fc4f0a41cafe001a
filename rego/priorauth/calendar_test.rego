package priorauth.calendar_test

import data.priorauth.calendar

test_day_matches_the_first_and_the_last_day if {
	_matching(calendar.day, {
		"0001-01-01", "9998-12-31", "0000-12-31", "9999-01-01", "10000-01-01", "999-01-01",
	}) == {"0001-01-01", "9998-12-31"}
}

test_day_matches_the_last_day_of_each_month_and_no_more if {
	lasts := {
		"2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31", "2023-06-30",
		"2023-07-31", "2023-08-31", "2023-09-30", "2023-10-31", "2023-11-30", "2023-12-31",
	}
	overs := {
		"2023-01-32", "2023-02-29", "2023-03-32", "2023-04-31", "2023-05-32", "2023-06-31",
		"2023-07-32", "2023-08-32", "2023-09-31", "2023-10-32", "2023-11-31", "2023-12-32",
	}
	_matching(calendar.day, lasts | overs) == lasts
}

test_day_matches_every_day_of_a_leap_year_and_no_other_text_of_its_form if {
	two_digits := [substring(format_int(100 + number, 10), 1, 2) | some number in numbers.range(0, 99)]
	matching := [date |
		some month in two_digits
		some number in two_digits
		date := concat("-", ["2024", month, number])
		regex.match(calendar.day, date)
	]
	count(matching) == 366
}

test_day_matches_29_february_in_leap_years_only if {
	leap := {"0004-02-29", "1600-02-29", "2000-02-29", "2020-02-29", "2024-02-29", "9996-02-29"}
	common := {"0000-02-29", "0100-02-29", "1900-02-29", "2021-02-29", "2022-02-29", "2100-02-29"}
	_matching(calendar.day, leap | common) == leap
}

test_day_matches_no_other_writing_of_a_date if {
	_matching(calendar.day, {
		"", "2022-1-1", "2022-00-10", "2022-13-10", "2022-10-00", "20221001", "2022/10/01", "01-10-2022",
		" 2022-10-01", "2022-10-01 ", "2022-10-01\n", "2022-10-01T00:00:00Z", "-2022-10-01", "２０２２-10-01",
	}) == set()
}

test_month_matches_the_months_of_the_years_of_a_day if {
	months := {"0001-01", "2023-06", "2023-10", "2023-12", "9998-12"}
	others := {"0000-12", "9999-01", "2023-00", "2023-13", "2023-6", "6/23", "2023-06-01", "2023-06\n", ""}
	_matching(calendar.month, months | others) == months
}

test_completed_years_count_from_birthday_to_birthday if {
	_years("2004-11-02", ["2022-11-01", "2022-11-02", "2022-11-03", "2023-11-01"]) == [17, 18, 18, 18]
}

# Reading 3.
test_who_is_born_on_29_february_completes_a_year_on_1_march_in_a_common_year if {
	_years("2004-02-29", ["2022-02-28", "2022-03-01", "2024-02-28", "2024-02-29"]) == [17, 18, 19, 20]
}

test_completed_years_of_the_day_itself_and_of_all_years if {
	_years("0001-01-01", ["0001-01-01", "0001-12-31", "0002-01-01", "9998-12-31"]) == [0, 0, 1, 9997]
}

test_the_next_day_of_each_kind_of_day if {
	days := {
		"2022-11-01": "2022-11-02",
		"2022-11-08": "2022-11-09",
		"2022-11-09": "2022-11-10",
		"2022-11-30": "2022-12-01",
		"2022-12-31": "2023-01-01",
		"2022-01-31": "2022-02-01",
		"2022-02-28": "2022-03-01",
		"2024-02-28": "2024-02-29",
		"2024-02-29": "2024-03-01",
		"2100-02-28": "2100-03-01",
		"2099-12-31": "2100-01-01",
		"9998-12-31": "9999-01-01",
	}
	{day: calendar.next_day(day) | some day, _ in days} == days
}

# Reading 7, with its three examples.
test_the_last_day_of_a_period_is_the_day_before if {
	_last_days(6, {
		"2022-11-01": "2023-04-30",
		"2022-10-15": "2023-04-14",
		"2022-08-01": "2023-01-31",
		"2022-07-02": "2023-01-01",
		"2022-07-01": "2022-12-31",
		"2022-06-01": "2022-11-30",
		"9998-12-31": "9999-06-30",
	})
}

test_the_last_day_of_a_period_is_the_last_of_a_month_too_short_for_it if {
	_last_days(6, {
		"2022-08-31": "2023-02-28",
		"2022-08-30": "2023-02-28",
		"2022-08-29": "2023-02-28",
		"2022-08-28": "2023-02-27",
		"2023-08-31": "2024-02-29",
		"2023-08-30": "2024-02-29",
		"2023-08-29": "2024-02-28",
		"2022-10-31": "2023-04-30",
		"2022-12-31": "2023-06-30",
	})
}

test_the_last_day_of_periods_of_other_lengths if {
	[calendar.last_day("2022-12-31", months) | some months in [1, 2, 12, 14]] == [
		"2023-01-30",
		"2023-02-28",
		"2023-12-30",
		"2024-02-29",
	]
	[calendar.last_day("2022-12-01", months) | some months in [1, 2, 3]] == [
		"2022-12-31",
		"2023-01-31",
		"2023-02-28",
	]
}

test_days_in_each_month if {
	[calendar.days_in_month(concat("-", ["2023", month])) |
		some month in ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"]
	] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

test_february_has_29_days_in_leap_years_only if {
	[calendar.days_in_month(month) | some month in ["2024-02", "2023-02", "2000-02", "1900-02", "2100-02"]] == [29, 28, 29, 28, 28]
}

_matching(pattern, texts) := {text | some text in texts; regex.match(pattern, text)}

_years(from, dates) := [calendar.completed_years(from, to) | some to in dates]

_last_days(months, expected) if {
	{start: calendar.last_day(start, months) | some start, _ in expected} == expected
}
