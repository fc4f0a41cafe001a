# METADATA
# title: Authorization
# description: What an approved or modified request is authorized for.
package priorauth.authorization

import data.priorauth.calendar
import data.priorauth.criteria
import data.priorauth.criteria.groups
import data.priorauth.outcome
import data.priorauth.version

# METADATA
# title: Document
# description: The authorization as a decision has it, `null` where nothing is authorized.
document := {
	"start_date": start_date,
	"end_date": _end_date,
	"quantity": quantity,
	"package": package_name,
} if {
	outcome.value in {"approved", "modified"}
} else := null if outcome.value

# METADATA
# title: Start date
# description: >-
#   A renewal starts on the service date or the day after the prior authorization ends, whichever is later (Reading 8).
start_date := max([input.service_date, calendar.next_day(input.prior_authorization.end_date)]) if {
	input.type == "renewal"
	input.prior_authorization.end_date != null
} else := input.service_date

# METADATA
# title: Months
# description: >-
#   The months covered: those asked for, or as many as the guideline allows; `null` where it sets no limit and the
#   request asks for none.
months := least if {
	least := min([months |
		some [criterion, judged] in _limits
		criteria.limit_kinds[criterion.kind] == "months"
		asked := judged.facts.months
		months := min([criterion.maximum, object.get({null: criterion.maximum}, asked, asked)])
	])
} else := object.get(input, "duration_months", null)

_end_date := null if {
	months == null
} else := calendar.last_day(start_date, months)

# METADATA
# title: Quantity
# description: What each fill may hold, by the names of the request's own quantity.
quantity := object.union(
	{"days_supply": days | days := input.quantity.days_supply; days != null},
	{name: min(amounts) | some name, amounts in _granted},
)

_granted[name] contains min([judged.facts[name], judged.facts.allowed]) if {
	some [criterion, judged] in _limits
	criteria.limit_kinds[criterion.kind] == "quantity"
	name := _last(criterion.quantity)
}

# METADATA
# title: Package
# description: >-
#   The pack for the dose and, when given, the schedule, if the quantity is a whole number of packs (Reading 6); `null`
#   if several packs match.
package_name := name if {
	granted := quantity[_last(version.text.packs.quantity)]
	[name] := [pack.name | some pack in matching; granted % pack.quantity == 0]
} else := null

# METADATA
# title: Matching packs
# description: The packs for the dose and, when given, the schedule.
matching := [pack |
	packs := version.text.packs
	dose := object.get(input, split(packs.dose, "."), null)
	schedule := object.get(input, split(packs.schedule, "."), null)
	some pack in packs.listed
	pack.dose == dose
	schedule in {null, pack.schedule}
]

# The limits that the request was held to, each with its data.
_limits := [leaf |
	some index, criterion in outcome.listed.limits
	some leaf in groups.leaves(criterion, outcome.limits[index])
]

_last(path) := steps[count(steps) - 1] if steps := split(path, ".")
