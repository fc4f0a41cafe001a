# The kinds of limits: how much is covered, and for how long. A limit is met, reduced or unknown, never not met.
package priorauth.criteria

import data.priorauth.spelling

judge(kind, criterion) := [
	_limited(requested, allowed, criterion),
	{
		dose_path[count(dose_path) - 1]: dose,
		quantity_path[count(quantity_path) - 1]: requested,
		"days_supply": days,
		"limit": limit,
		"allowed": allowed,
	},
] if {
	# The quantity is within the limit for the dose, scaled to the days supply.
	kind == "quantity_by_dose"
	is_array(criterion.limits)
	dose_path := split(criterion.dose, ".")
	quantity_path := split(criterion.quantity, ".")
	dose := object.get(input, dose_path, null)
	requested := object.get(input, quantity_path, null)
	days := object.get(input, ["quantity", "days_supply"], null)
	limit := _limit(criterion.limits, dose)
	allowed := _allowed(limit, days)
} else := [
	_limited(requested, allowed, criterion),
	{path[count(path) - 1]: requested, "days_supply": days, "limit": criterion.limit, "allowed": allowed},
] if {
	# The quantity is within one limit, scaled to the days supply.
	kind == "quantity"
	is_number(criterion.limit.quantity)
	is_number(criterion.limit.days)
	path := split(criterion.quantity, ".")
	requested := object.get(input, path, null)
	days := object.get(input, ["quantity", "days_supply"], null)
	allowed := _allowed(criterion.limit, days)
} else := [
	_limited(requested, criterion.maximum, criterion),
	{path[count(path) - 1]: requested, "allowed": criterion.maximum},
] if {
	# The quantity of one dose is within a limit, whatever the days supply.
	kind == "quantity_per_dose"
	is_number(criterion.maximum)
	path := split(criterion.quantity, ".")
	requested := object.get(input, path, null)
} else := [
	_limited(requested, allowed, criterion),
	{
		path[count(path) - 1]: requested,
		"weight_kg": weight,
		"mg_per_kg": criterion.mg_per_kg,
		"unit_mg": criterion.unit_mg,
		"allowed": allowed,
	},
] if {
	# The quantity of one dose is what the member's weight needs, in whole units.
	kind == "quantity_by_weight"
	is_number(criterion.mg_per_kg)
	is_number(criterion.unit_mg)
	path := split(criterion.quantity, ".")
	requested := object.get(input, path, null)
	weight := object.get(input, split(criterion.weight, "."), null)
	allowed := _units(weight, criterion.mg_per_kg, criterion.unit_mg)
} else := [
	{true: "met", false: "reduced"}[months <= criterion.maximum],
	{"months": stated, "maximum": criterion.maximum},
] if {
	# Coverage lasts at most `maximum` months. A request that states no duration asks for that many.
	kind == "duration"
	is_number(criterion.maximum)
	stated := object.get(input, "duration_months", null)
	months := object.get({null: criterion.maximum}, stated, stated)
	is_number(months)
}

asks("quantity_by_dose", criterion) := [criterion.dose, criterion.quantity, "quantity.days_supply"]

asks("quantity", criterion) := [criterion.quantity, "quantity.days_supply"]

asks("quantity_per_dose", criterion) := [criterion.quantity]

asks("quantity_by_weight", criterion) := [criterion.weight, criterion.quantity]

asks("duration", _) := []

# METADATA
# title: Limit kinds
# description: The kinds that limit how much is covered, each with what it limits.
limit_kinds := {
	"quantity_by_dose": "quantity",
	"quantity": "quantity",
	"quantity_per_dose": "quantity",
	"quantity_by_weight": "quantity",
	"duration": "months",
}

# METADATA
# title: Why no answer can settle it
# description: >-
#   Why a limit is unknown though no missing fact could settle it: a code, and a message. A person decides.
unanswerable(criterion) := {
	"code": "strength_not_listed",
	"message": $"The limits count units of {criterion.strength_mg} mg, and the strength stated is another, so a person decides.",
} if {
	criterion.strength_mg != object.get(input, ["drug", "strength_mg"], criterion.strength_mg)
	input.drug.strength_mg != null
} else := {
	"code": "dose_not_listed",
	"message": $"{criterion.clause} lists no limit for the dose stated, {spelling.number(dose)}, so a person decides.",
} if {
	criterion.kind == "quantity_by_dose"
	dose := object.get(input, split(criterion.dose, "."), null)
	dose != null
	_limit(criterion.limits, dose) == null
} else := {
	"code": "days_supply_too_short",
	"message": $"The limit in {criterion.clause} allows less than one unit for a days supply of {spelling.number(input.quantity.days_supply)}, so a person decides.",
} if {
	criterion.kind in {"quantity", "quantity_by_dose"}
	[_, facts] := judge(criterion.kind, criterion)
	facts.allowed < 1
	is_number(facts.allowed)
} else := {
	"code": "baseline_not_positive",
	"message": "The baseline is not above zero, so a percentage of it has no meaning and a person decides.",
} if {
	criterion.kind == "response"
	is_number(criterion.percent)
	baseline := object.get(input, split(criterion.baseline, "."), null)
	is_number(baseline)
	baseline <= 0
	object.get(input, split(criterion.current, "."), null) != null
}

# METADATA
# title: Quantity that no answer can settle
# description: Whether a criterion limits a quantity that is unknown, and no answer can settle it.
# scope: document
quantity_unanswerable(criterion) if {
	limit_kinds[criterion.kind] == "quantity"
	unanswerable(criterion)
}

_limited(requested, allowed, criterion) := _within_limit(requested, allowed, criterion) if {
	is_number(object.get(criterion, "strength_mg", 0))
}

# An allowance scaled to the days supply can be less than one unit; a limit of one dose is as the guideline gives it.
_within_limit(requested, allowed, criterion) := "unknown" if {
	requested == null
} else := "unknown" if {
	allowed == null
} else := "unknown" if {
	not object.get(input, ["drug", "strength_mg"], null) in {null, object.get(criterion, "strength_mg", null)}
	criterion.strength_mg
} else := "unknown" if {
	allowed < 1
	criterion.kind in {"quantity", "quantity_by_dose"}
} else := "met" if {
	is_number(requested)
	requested <= allowed
} else := "reduced" if is_number(requested)

# Two limits for one dose conflict here, which is an error and not a decision.
_limit(limits, dose) := object.remove(listed, ["dose"]) if {
	some listed in limits
	listed.dose == dose
} else := null

_allowed(limit, days) := null if {
	limit == null
} else := null if {
	days == null
} else := limit.quantity if {
	days == limit.days
	is_number(limit.quantity)
} else := floor((limit.quantity * days) / limit.days)

# Decimals are not exact in binary: 100 kg at 0.3 mg each can come to a little more than 30 mg, and is three 10 mg
# units.
_units(weight, mg_per_kg, unit_mg) := null if {
	weight == null
} else := ceil(round(((weight * mg_per_kg) / unit_mg) * 1000000) / 1000000)
