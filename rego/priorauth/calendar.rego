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
completed_years(from, to) := floor((_number(to) - _number(from)) / 10000)

# METADATA
# title: Next day
# description: The day after a date.
next_day(date) := _text(number + 1) if {
	number := _number(date)
	number % 100 < days_in_month(substring(date, 0, 7))
} else := concat("-", [_later_month(date, 1), "01"])

# METADATA
# title: Last day of a period
# description: >-
#   The last day of a period of whole months: the day before the start's day of the month, that many months on; in a
#   month too short for it, that month's last day (Reading 7).
last_day(start, months) := last_day_of_month(end) if {
	end := _later_month(start, months)
	_number(start) % 100 > days_in_month(end)
} else := _text(_number(concat("-", [end, substring(start, 8, 2)])) - 1) if {
	substring(start, 8, 2) != "01"
	end := _later_month(start, months)
} else := last_day_of_month(_later_month(start, months - 1))

# METADATA
# title: Last day of a month
# description: The last day of a month.
last_day_of_month(year_month) := concat("-", [year_month, format_int(days_in_month(year_month), 10)])

# METADATA
# title: Days in a month
# description: The number of days of a month.
days_in_month(year_month) := 29 if {
	regex.match(`^([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02$`, year_month)
} else := {
	"01": 31, "02": 28, "03": 31, "04": 30, "05": 31, "06": 30,
	"07": 31, "08": 31, "09": 30, "10": 31, "11": 30, "12": 31,
}[substring(year_month, 5, 2)]

# The month some months after a date's own.
_later_month(date, months) := substring(_text((floor(index / 12) * 10000) + (((index % 12) + 1) * 100)), 0, 7) if {
	number := _number(date)
	index := (((floor(number / 10000) * 12) + (floor(number / 100) % 100)) - 1) + months
}

# A date as the number YYYYMMDD and back. The added 1 keeps leading zeros out of the digits.
_number(date) := to_number(concat("", ["1", replace(date, "-", "")])) - 100000000

_text(number) := concat("-", [substring(digits, 1, 4), substring(digits, 5, 2), substring(digits, 7, 2)]) if {
	digits := format_int(number + 100000000, 10)
}
