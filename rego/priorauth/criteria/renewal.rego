# The kinds of criteria that renewals have of their own.
package priorauth.criteria

# The measure improved on its baseline by so many percent, or by so much; lower is better, unless `higher_is_better`.
judge("response", criterion) := _judged(
	criterion,
	_response(before, now, criterion),
	object.union(
		{"baseline": before, "current": now},
		object.filter(criterion, ["percent", "amount"]),
	),
) if {
	before := object.get(input, split(criterion.baseline, "."), null)
	now := object.get(input, split(criterion.current, "."), null)
}

asks("response", criterion) := [criterion.baseline, criterion.current]

_response(before, now, criterion) := "unknown" if {
	null in [before, now]
} else := {true: "met", false: "not_met"}[(_gain(before, now, criterion) * 100) >= (before * criterion.percent)] if {
	is_number(criterion.percent)
} else := {true: "met", false: "not_met"}[_gain(before, now, criterion) >= criterion.amount] if {
	is_number(criterion.amount)
}

_gain(before, now, criterion) := now - before if {
	criterion.higher_is_better == true
} else := before - now
