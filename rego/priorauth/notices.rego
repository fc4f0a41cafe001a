# METADATA
# title: Notices
# description: Remarks on a request that do not change its outcome.
package priorauth.notices

import data.priorauth.authorization
import data.priorauth.calendar
import data.priorauth.outcome
import data.priorauth.spelling
import data.priorauth.version

# METADATA
# title: Notices
# description: The notices of a decision, in order.
given := [notice |
	some noted in [
		_review,
		_unchanged,
		_package,
		_renewal,
		_formulary,
		_dose,
		_fill,
	]
	some notice in noted
]

_review := [{
	"code": "guideline_review_overdue",
	"message": $"The guideline was due for review in {version.text.next_review}. It stays in force until it is replaced.",
} |
	substring(input.service_date, 0, 7) > version.text.next_review
]

_unchanged := [{
	"code": "unchanged_guideline",
	"message": $"Decided on the text effective {version.text.effective_date}, which by its change log was in force unchanged on the service date.",
} |
	input.service_date < version.text.effective_date
]

_package := [{
	"code": "no_matching_package",
	"message": $"The dose, its schedule and the quantity match none of the packs listed in {version.text.packs.clause}.",
} |
	packs := version.text.packs
	object.get(input, split(packs.dose, "."), null) != null
	_unpacked
]

_unpacked if authorization.matching == []

_unpacked if {
	outcome.value in {"approved", "modified"}
	authorization.package_name == null
}

_renewal := [notice |
	input.type == "renewal"
	ended := input.prior_authorization.end_date
	ended != null
	some notice in array.concat(
		[{
			"code": "coverage_gap",
			"message": "The renewal starts more than a day after the prior authorization ended.",
		} |
			input.service_date > calendar.next_day(ended)
		],
		[{
			"code": "early_renewal",
			"message": $"The prior authorization ends on {ended}, more than {data.plan.early_renewal_days} days after the service date.",
		} |
			ended > input.service_date
			calendar.number(ended) - calendar.number(input.service_date) > data.plan.early_renewal_days
		],
	)
]

_formulary := [{"code": "formulary_exception", "message": $"The drug is not on the member's closed formulary. {_alternatives}"} |
	input.member.drug_on_formulary == false
	input.member.closed_formulary == true
]

default _alternatives := "It is not known whether all appropriate formulary alternatives have been tried; a coverage exception is considered only if they have."

_alternatives := "All appropriate formulary alternatives have been tried, so a coverage exception can be considered." if {
	input.member.formulary_alternatives_tried == true
}

_alternatives := "A coverage exception cannot be considered until all appropriate formulary alternatives have been tried." if {
	input.member.formulary_alternatives_tried == false
}

# The dose needs a week's supply for each week. A shortfall of more than one week's is worth a notice.
_dose := [{
	"code": "quantity_below_dose",
	"message": $"A quantity of {stated} for {days} days falls short of the weekly dose by more than a week's supply.",
} |
	packs := version.text.packs
	dose := object.get(input, split(packs.dose, "."), null)
	requested := object.get(input, split(packs.quantity, "."), null)
	dose != null
	requested != null
	input.quantity.days_supply != null
	object.get(input, ["drug", "strength_mg"], null) in {null, packs.strength_mg}
	((requested * packs.strength_mg) * 7) + (dose * 7) < dose * input.quantity.days_supply
	stated := spelling.number(requested)
	days := spelling.number(input.quantity.days_supply)
]

_fill := [{
	"code": "fill_outlasts_authorization",
	"message": $"One fill of {days} days lasts longer than the authorized period.",
} |
	input.quantity.days_supply != null

	# No month is shorter than 28 days, so this settles most requests.
	is_number(authorization.months)
	input.quantity.days_supply > 28 * authorization.months
	granted := authorization.document
	input.quantity.days_supply > (calendar.number(granted.end_date) - calendar.number(granted.start_date)) + 1
	days := spelling.number(input.quantity.days_supply)
]
