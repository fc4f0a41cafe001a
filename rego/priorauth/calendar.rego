# METADATA
# title: Calendar
# description: >-
#   Dates as text written `YYYY-MM-DD`, and months as `YYYY-MM`: no clock, no time zone. Such dates are in the order of
#   time when they are in the order of text, so they are compared as they are once `day` has matched them.
package priorauth.calendar

# METADATA
# title: Day
# description: >-
#   The pattern of a day that exists, from 0001-01-01 to 9998-12-31: months of 31 and of 30 days, February to the 28th,
#   and the 29th in leap years. The year after is left free, so that a period that starts on a day ends on a date.
day := `^((000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29)$`

# METADATA
# title: Month
# description: The pattern of a month of the years of `day`.
month := `^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-(0[1-9]|1[0-2])$`

# METADATA
# title: Completed years
# description: >-
#   Whole years from one date to another. Who is born on 29 February completes a year on 1 March in a common year
#   (Reading 3).
completed_years(from, to) := floor((end - start) / 10000) if {
	# As numbers YYYYMMDD; the 1 in front keeps leading zeros out of them.
	start := to_number(concat("", ["1", replace(from, "-", "")]))
	end := to_number(concat("", ["1", replace(to, "-", "")]))
}

# METADATA
# title: Next day
# description: The day after a date.
next_day(date) := concat("-", [substring(date, 0, 7), _two_digits(number + 1)]) if {
	number := _day_of_month(date)
	number < days_in_month(substring(date, 0, 7))
} else := concat("-", [_month_later(date, 1), "01"])

# METADATA
# title: Last day of a period
# description: >-
#   The last day of a period of whole months: the day before the start's day of the month, that many months on; in a
#   month too short for it, that month's last day (Reading 7).
last_day(start, months) := concat("-", [end, _two_digits(number)]) if {
	_day_of_month(start) > 1
	end := _month_later(start, months)
	number := min([_day_of_month(start) - 1, days_in_month(end)])
} else := concat("-", [end, _two_digits(days_in_month(end))]) if {
	end := _month_later(start, months - 1)
}

# METADATA
# title: Days in a month
# description: The number of days of a month.
days_in_month(year_month) := 29 if {
	regex.match(`^([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02$`, year_month)
} else := {
	"01": 31, "02": 28, "03": 31, "04": 30, "05": 31, "06": 30,
	"07": 31, "08": 31, "09": 30, "10": 31, "11": 30, "12": 31,
}[substring(year_month, 5, 2)]

_day_of_month(date) := to_number(trim_left(substring(date, 8, 2), "0"))

# The month some months after a date's own, counted in months; the 1 in front keeps leading zeros out of the year.
_month_later(date, months) := concat("-", [substring(format_int(floor(index / 12), 10), 1, 4), _two_digits((index % 12) + 1)]) if {
	year := to_number(concat("", ["1", substring(date, 0, 4)]))
	month_of_year := to_number(trim_left(substring(date, 5, 2), "0"))
	index := (((year * 12) + month_of_year) - 1) + months
}

_two_digits(number) := substring(format_int(number + 100, 10), 1, 2)
