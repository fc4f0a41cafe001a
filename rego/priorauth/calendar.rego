# METADATA
# title: Calendar
# description: >-
#   Dates as text, written `YYYY-MM-DD`: no clock, no time zone. The order of such texts is the order of time, so days
#   are compared as text once they are known to be days.
package priorauth.calendar

# METADATA
# title: Day
# scope: document
# description: Whether a text is a day that exists, from 1870-01-01 to 2099-12-31.
day(date) if {
	is_string(date)
	data.calendar.days[substring(date, 4, -1)]
	is_boolean(data.calendar.leap[substring(date, 0, 4)])
}

day(date) if {
	is_string(date)
	substring(date, 4, -1) == "-02-29"
	data.calendar.leap[substring(date, 0, 4)]
}

# METADATA
# title: Completed years
# description: >-
#   Whole years from one day to another. Somebody born on 29 February completes a year on 1 March in a common year
#   (Reading 3).
completed_years(from, to) := (to_number(substring(to, 0, 4)) - to_number(substring(from, 0, 4))) - {true: 1, false: 0}[substring(to, 5, 5) < substring(from, 5, 5)]

# METADATA
# title: Next day
# description: The day after a day.
next_day(date) := concat("", [substring(date, 0, 8), data.calendar.two_digits[data.calendar.numbers[substring(date, 8, 2)] + 1]]) if {
	substring(date, 8, 2) < _last(date)
} else := concat("-", [_month_later(date, 1), "01"])

# METADATA
# title: Last day of a period
# description: >-
#   The last day of a period of whole months: that many months later, the day before the start's day of the month; if
#   the month is too short for it, the month's last day (Reading 7).
last_day(start, months) := concat("-", [month, _last(month)]) if {
	substring(start, 8, 2) == "01"
	month := _month_later(start, months - 1)
} else := concat("-", [month, min([_last(month), data.calendar.two_digits[data.calendar.numbers[substring(start, 8, 2)] - 1]])]) if {
	month := _month_later(start, months)
}

# METADATA
# title: Day some months later
# description: The same day of the month, whole months later; if the month is too short for it, the month's last day.
months_later(date, months) := concat("-", [month, min([_last(month), substring(date, 8, 2)])]) if {
	month := _month_later(date, months)
}

# METADATA
# title: Day number
# description: Days counted from 0000-03-01, to compute the days between two dates.
number(date) := (((((365 * year) + floor(year / 4)) - floor(year / 100)) + floor(year / 400)) + _before[substring(date, 5, 2)]) + data.calendar.numbers[substring(date, 8, 2)] if {
	year := _year(date) - {true: 1, false: 0}[substring(date, 5, 2) < "03"]
}

# Days of the year, which starts in March, before each month.
_before := {
	"03": 0, "04": 31, "05": 61, "06": 92, "07": 122, "08": 153,
	"09": 184, "10": 214, "11": 245, "12": 275, "01": 306, "02": 337,
}

_year(date) := to_number(substring(date, 0, 4))

# The last day of a date's month.
_last(date) := length if {
	length := _lengths[substring(date, 5, 2)]
} else := "29" if {
	_year(date) % 4 == 0
	not _common_century(date)
} else := "28"

_common_century(date) if {
	substring(date, 2, 2) == "00"
	_year(date) % 400 != 0
}

_lengths := {
	"01": "31", "03": "31", "04": "30", "05": "31", "06": "30", "07": "31",
	"08": "31", "09": "30", "10": "31", "11": "30", "12": "31",
}

# The month some months after a date's own.
_month_later(date, months) := concat("-", [format_int(year, 10), data.calendar.two_digits[(index % 12) + 1]]) if {
	index := (((_year(date) * 12) + data.calendar.numbers[substring(date, 5, 2)]) + months) - 1

	# A division of whole numbers without a remainder is several times cheaper than one that is rounded.
	year := (index - (index % 12)) / 12
}
