# METADATA
# title: VIII. Summary of Policy Changes
# description: Since when the text is in force.
package priorauth.guidelines.xpovio.policy_changes

import data.priorauth.figure
import data.priorauth.version

# METADATA
# title: Faults
# description: >-
#   The changes of VIII that are missing or of the wrong kind. A text is in force from one of its changes on (Reading 1).
faults contains {
	"path": "/sections/policy_changes/changes",
	"message": "must be an array of changes, each with a date that exists and a summary, one of them from the day the version is in force",
} if not _dated

_dated if {
	is_array(_section.changes)
	every change in _section.changes {
		figure.day(change.date)
		is_string(change.summary)
	}
	version.text.in_force.from in {change.date | some change in _section.changes}
}

_section := version.text.sections.policy_changes
