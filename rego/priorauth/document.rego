# METADATA
# title: Decision document
# description: >-
#   The request's id, the guideline that governs it, the status of each criterion, and the outcome that follows. Every
#   key is always there.
package priorauth.document

import data.priorauth.authorization
import data.priorauth.notices
import data.priorauth.outcome
import data.priorauth.reasons
import data.priorauth.request
import data.priorauth.version

# METADATA
# title: Whole
# description: The decision document.
whole := {
	"request_id": request.id,
	"outcome": outcome.value,
	"requires_clinician_review": _reviewed,
	"guideline": version.reference,
	"criteria": outcome.criteria,
	"reasons": reasons.bearing,
	"missing": reasons.missing,
	"authorization": authorization.document,
	"notices": notices.given,
	"errors": [],
} if {
	request.errors == []
	version.text
} else := object.union(_undecided("invalid"), {"errors": request.errors}) if {
	request.errors != []
} else := object.union(_undecided("not_applicable"), {"reasons": [reasons.ungoverned]}) if {
	not version.text
}

# A clinician reviews the outcomes that the plan names, and pended requests with nothing to ask.
_reviewed if outcome.value in data.plan.clinician_review

else if {
	outcome.value == "pended"
	reasons.missing == []
} else := false

# A decision that no guideline took part in.
_undecided(result) := {
	"request_id": request.id,
	"outcome": result,
	"requires_clinician_review": result in data.plan.clinician_review,
	"guideline": null,
	"criteria": [],
	"reasons": [],
	"missing": [],
	"authorization": null,
	"notices": [],
	"errors": [],
}
