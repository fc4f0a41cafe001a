# The kinds of criteria that only renewals have.
package priorauth.criteria

judge(kind, criterion) := [
	_response(before, now, criterion),
	object.union(
		{"baseline": before, "current": now},
		asked,
	),
] if {
	# The measure improved on its baseline by at least the given percentage, or amount; lower is better, unless
	# `higher_is_better`.
	kind == "response"
	asked := object.filter(criterion, ["percent", "amount"])
	[figure] := [figure | some figure in asked]
	is_number(figure)
	is_boolean(object.get(criterion, "higher_is_better", false))
	before := object.get(input, split(criterion.baseline, "."), null)
	now := object.get(input, split(criterion.current, "."), null)
}

asks("response", criterion) := [criterion.baseline, criterion.current]

# A baseline of zero has no percentage. Decimals are not exact in binary, so 8.4 - 7.4 can be a little less than 1:
# values are rounded to millionths before they are compared.
_response(before, now, criterion) := "unknown" if {
	null in [before, now]
} else := "unknown" if {
	is_number(criterion.percent)
	before <= 0
} else := "met" if {
	is_number(criterion.percent)
	round(((_gain(before, now, criterion) * 100) - (before * criterion.percent)) * 1000000) >= 0
} else := "met" if {
	is_number(criterion.amount)
	round((_gain(before, now, criterion) - criterion.amount) * 1000000) >= 0
} else := "not_met" if {
	is_number(before)
	is_number(now)
}

_gain(before, now, criterion) := now - before if {
	criterion.higher_is_better == true
} else := before - now
