# METADATA
# title: VII. Billing/Coding Information
# description: How the tablets are packaged.
package priorauth.guidelines.xpovio.billing_coding

import data.priorauth.figure
import data.priorauth.version

# METADATA
# title: Package name
# description: >-
#   The pack in VII with the weekly dose and, when given, the times per week (Reading 6); `null` when none matches.
package_name := name if {
	name := _matching_name
} else := null if packages

# METADATA
# title: Notices
# description: The dose and its schedule match none of the packs in VII.
notices := [{
	"code": "no_matching_package",
	"message": "The dose and its schedule match none of the packs listed in VII.",
} |
	name == null
	is_number(input.dose.mg_per_week)
] if {
	name := package_name
}

# METADATA
# title: Packages
# description: The packs that VII lists.
packages := listed if {
	listed := figure.records(
		_section.packages,
		{"mg_per_week", "times_per_week", "weeks", "tablets"},
	)
	every pack in listed {
		is_string(pack.name)
	}
}

# METADATA
# title: Faults
# description: The figures of VII that are missing or of the wrong kind.
faults contains {
	"path": "/sections/billing_coding/packages",
	"message": "must be an array of packs, each with a name and a whole number of mg_per_week, times_per_week, weeks and tablets, at least one",
} if not packages

faults contains {
	"path": "/sections/billing_coding/tablet_mg",
	"message": "must be a whole number of at least 1",
} if not _tablet_mg

faults contains {
	"path": "/sections/billing_coding/packages",
	"message": $"must have one pack of {pack.mg_per_week} mg/week",
} if {
	some pack in packages
	count([other | some other in packages; other.mg_per_week == pack.mg_per_week]) > 1
}

faults contains {
	"path": "/sections/billing_coding/packages",
	"message": $"has {pack.tablets} tablets of {_tablet_mg} mg in a pack of {pack.mg_per_week} mg/week for {pack.weeks} weeks",
} if {
	some pack in packages
	pack.tablets * _tablet_mg != pack.mg_per_week * pack.weeks
}

_tablet_mg := figure.whole_number(_section.tablet_mg)

# Two packs with one dose and schedule conflict here, which is an error and not a decision.
_matching_name := pack.name if {
	some pack in _section.packages
	pack.mg_per_week == input.dose.mg_per_week
	object.get(input, ["dose", "times_per_week"], null) in {null, pack.times_per_week}
	is_string(pack.name)
}

_section := version.text.sections.billing_coding
