# METADATA
# title: Xpovio (selinexor)
# description: >-
#   The guideline as a whole: which criteria each kind of request is judged by, in order, and what an approval
#   authorizes. Each section of the text has the module of its name.
# scope: subpackages
# schemas:
#   - input: schema.request
#   - data.priorauth.version.text: schema.guidelines.xpovio
package priorauth.guidelines.xpovio

import data.priorauth.calendar
import data.priorauth.guidelines.xpovio.billing_coding
import data.priorauth.guidelines.xpovio.coverage_duration
import data.priorauth.guidelines.xpovio.footer
import data.priorauth.guidelines.xpovio.header
import data.priorauth.guidelines.xpovio.policy
import data.priorauth.guidelines.xpovio.policy_changes
import data.priorauth.guidelines.xpovio.position_statement
import data.priorauth.guidelines.xpovio.quantity_limitations
import data.priorauth.guidelines.xpovio.renewal_criteria

# METADATA
# title: Applicability
# description: Header and footer say to whom the guideline applies.
applicability := [header.benefit, header.formulary, footer.drug_on_formulary]

# METADATA
# title: Coverage
# description: >-
#   II holds for every request; an initial one is judged by III, a renewal by VI (Reading 8).
coverage := [
	position_statement.documentation,
	policy.age,
	policy.prescriber,
	policy.nccn,
] if input.type == "initial"

coverage := [
	position_statement.documentation,
	renewal_criteria.prior_authorization,
	renewal_criteria.disease_control,
	renewal_criteria.toxicity,
] if input.type == "renewal"

# METADATA
# title: Limits
# description: IV and V limit how much is covered, and for how long.
limits := [quantity_limitations.quantity, coverage_duration.duration]

# METADATA
# title: Explanations
# description: What a section says of its own criterion, where the status alone does not say enough.
explanations := quantity_limitations.explanations

# METADATA
# title: Authorization
# description: What an approved or modified request is authorized for.
authorization := {
	"start_date": _start_date,
	"end_date": calendar.last_day(_start_date, coverage_duration.months),
	"tablets": quantity_limitations.tablets,
	"days_supply": input.quantity.days_supply,
	"package": billing_coding.package_name,
}

# METADATA
# title: Notices
# description: What the sections note without changing the outcome.
notices := array.concat(array.concat(billing_coding.notices, renewal_criteria.notices), footer.notices)

# METADATA
# title: Faults
# description: What is wrong with the figures of this guideline version, by JSON Pointer.
faults := union({
	header.faults,
	position_statement.faults,
	policy.faults,
	quantity_limitations.faults,
	coverage_duration.faults,
	renewal_criteria.faults,
	billing_coding.faults,
	policy_changes.faults,
	_packages_without_limit,
	_limits_without_package,
})

_start_date := input.service_date if input.type == "initial"

_start_date := renewal_criteria.start_date if input.type == "renewal"

# A pack holds what the limit of its weekly dose allows for as many weeks, so each pack in VII has its limit in IV.
_packages_without_limit contains {
	"path": "/sections/quantity_limitations/criteria/quantity/limits",
	"message": $"has no limit of {pack.tablets} tablets per {pack.weeks * 7} days for {pack.mg_per_week} mg/week, the pack in VII",
} if {
	some pack in billing_coding.packages
	not _limited(pack)
}

_limits_without_package contains {
	"path": "/sections/billing_coding/packages",
	"message": $"has no pack of {limit.mg_per_week} mg/week, a limit in IV",
} if {
	some limit in quantity_limitations.limits
	not limit.mg_per_week in {pack.mg_per_week | some pack in billing_coding.packages}
}

_limited(pack) if {
	some limit in quantity_limitations.limits
	limit.mg_per_week == pack.mg_per_week
	limit.tablets == pack.tablets
	limit.days == pack.weeks * 7
}
