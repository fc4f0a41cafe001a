# METADATA
# title: IV. Quantity Limitations
# description: How many tablets a fill may have, depending on the weekly dose.
package priorauth.guidelines.xpovio.quantity_limitations

import data.priorauth.figure
import data.priorauth.version

# METADATA
# title: Quantity
# description: "IV: the tablets requested are no more than the limit of the weekly dose, scaled to the days supply."
quantity := {
	"id": "quantity",
	"clause": _section.criteria.quantity.clause,
	"text": _section.clauses[_section.criteria.quantity.clause],
	"status": _status,
	"facts": {
		"mg_per_week": object.get(input, ["dose", "mg_per_week"], null),
		"tablets": object.get(input, ["quantity", "tablets"], null),
		"days_supply": object.get(input, ["quantity", "days_supply"], null),
		"limit": _stated_limit,
		"allowed": _stated_allowance,
	},
}

# METADATA
# title: Tablets
# description: The tablets that are covered per fill, those requested or as many as are allowed.
tablets := min([input.quantity.tablets, _allowed])

# METADATA
# title: Explanations
# description: Why the quantity is unknown though the facts are there.
explanations := {"quantity": {
	"code": "dose_not_listed",
	"message": "IV lists no limit for this weekly dose, so a person decides.",
}} if {
	_status == "unknown"
	_dose_not_listed
} else := {"quantity": {
	"code": "days_supply_too_short",
	"message": "The limit of this weekly dose allows less than one tablet for these days supply, so a person decides.",
}} if {
	_allowed < 1
} else := {}

# METADATA
# title: Limits
# description: The limits that IV lists, by weekly dose.
limits := figure.records(
	_section.criteria.quantity.limits,
	{"mg_per_week", "tablets", "days"},
)

# METADATA
# title: Faults
# description: The figures of IV that are missing or of the wrong kind.
faults contains {
	"path": "/sections/quantity_limitations/criteria/quantity/limits",
	"message": "must be an array of limits, each with a whole number of mg_per_week, tablets and days, at least one",
} if not limits

faults contains {
	"path": "/sections/quantity_limitations/criteria/quantity/limits",
	"message": $"must have one limit for {limit.mg_per_week} mg/week",
} if {
	some limit in limits
	count([other | some other in limits; other.mg_per_week == limit.mg_per_week]) > 1
}

faults contains {
	"path": "/sections/quantity_limitations/criteria/quantity/questions",
	"message": concat(" ", ["must ask for", path]),
} if {
	some path in {"/dose/mg_per_week", "/quantity/tablets", "/quantity/days_supply"}
	not path in {asked.path | some asked in _section.criteria.quantity.questions}
}

default _status := "unknown"

_status := "met" if {
	_allowed >= 1
	is_number(input.quantity.tablets)
	input.quantity.tablets <= _allowed
}

_status := "reduced" if {
	_allowed >= 1
	is_number(input.quantity.tablets)
	input.quantity.tablets > _allowed
}

_dose_not_listed if {
	is_number(input.dose.mg_per_week)
	not _limit
}

# Two limits for one dose conflict here, which is an error and not a decision.
_limit := limit if {
	some limit in _section.criteria.quantity.limits
	limit.mg_per_week == input.dose.mg_per_week
	figure.whole_number(limit.tablets)
	figure.whole_number(limit.days)
}

_allowed := floor((_limit.tablets * input.quantity.days_supply) / _limit.days) if {
	is_number(input.quantity.days_supply)
}

_stated_limit := {"tablets": limit.tablets, "days": limit.days} if {
	limit := _limit
} else := null if limits

default _stated_allowance := null

_stated_allowance := _allowed

_section := version.text.sections.quantity_limitations
