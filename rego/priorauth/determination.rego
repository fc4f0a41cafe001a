# METADATA
# title: Determination
# description: >-
#   The decision document: what is asked, what governs it, what each criterion says, and the outcome that follows. Every
#   key is always there.
package priorauth.determination

import data.priorauth.outcome
import data.priorauth.reasons
import data.priorauth.request
import data.priorauth.version

# METADATA
# title: Document
# description: The decision document.
document := object.union(_undecided, {"errors": request.errors}) if {
	count(request.errors) > 0
} else := object.union(_undecided, {"reasons": [reasons.ungoverned]}) if {
	version.ungoverned
} else := {
	"request_id": request.id,
	"outcome": outcome.value,
	"requires_clinician_review": outcome.value in outcome.reviewed,
	"guideline": version.summary,
	"criteria": outcome.criteria,
	"reasons": reasons.bearing,
	"missing": reasons.missing,
	"authorization": _authorization,
	"notices": array.concat(version.notices, data.priorauth.guidelines[version.id].notices),
	"errors": [],
}

# What a decision says when no guideline was asked.
_undecided := {
	"request_id": request.id,
	"outcome": _undecided_outcome,
	"requires_clinician_review": _undecided_outcome in outcome.reviewed,
	"guideline": null,
	"criteria": [],
	"reasons": [],
	"missing": [],
	"authorization": null,
	"notices": [],
	"errors": [],
}

_undecided_outcome := "invalid" if {
	count(request.errors) > 0
} else := "not_applicable"

_authorization := data.priorauth.guidelines[version.id].authorization if {
	outcome.value in {"approved", "modified"}
} else := null if {
	not outcome.value in {"approved", "modified"}
}
