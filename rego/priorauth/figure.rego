# METADATA
# title: Figures
# description: >-
#   A guideline's figures, each undefined when it is missing or of another kind than a rule needs. A broken guideline
#   thereby leaves the decision undefined: it never pends or denies anyone.
package priorauth.figure

import data.priorauth.calendar

# METADATA
# title: Whole number
# description: The value, when it is a whole number of at least 1.
whole_number(value) := value if {
	is_number(value)
	value >= 1
	floor(value) == value
}

# METADATA
# title: Day
# description: The value, when it is a day that exists.
day(value) := value if {
	is_string(value)
	regex.match(calendar.day, value)
}

# METADATA
# title: Month
# description: The value, when it is a month.
month(value) := value if {
	is_string(value)
	regex.match(calendar.month, value)
}

# METADATA
# title: Strings
# description: The value, when it is an array of at least one item, all of them strings.
strings(value) := value if {
	is_array(value)
	count(value) > 0
	every item in value {
		is_string(item)
	}
}

# METADATA
# title: Keys
# description: The keys of the value, in order, when it is an object of at least one. A set has no order in Wasm.
keys(value) := sort(object.keys(value)) if {
	is_object(value)
	count(value) > 0
}

# METADATA
# title: Records
# description: >-
#   The value, when it is an array of at least one object, each with a whole number for each of the names.
records(value, names) := value if {
	is_array(value)
	count(value) > 0
	every record in value {
		every name in names {
			whole_number(record[name])
		}
	}
}
