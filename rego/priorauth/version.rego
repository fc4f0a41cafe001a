# METADATA
# title: Guideline version
# description: >-
#   The one text that governs a request: the drug's name leads to the guideline, in `data.drugs`, and the service date
#   to the version. Nothing lists the guidelines, so their number costs nothing.
package priorauth.version

import data.priorauth.spelling

# METADATA
# title: Guideline id
# description: The id of the guideline that names the drug.
id := data.drugs[lower(input.drug.name)].guideline if {
	is_string(input.drug.name)
} else := guideline if {
	guideline := data.drugs[_name].guideline
} else := guideline if {
	# The title of a guideline is its brand name, and the generic name in brackets.
	guideline := data.drugs[split(_name, " (")[0]].guideline
	some content in data.guidelines[guideline]
	spelling.plain(content.title) == _name
}

# METADATA
# title: Text
# description: The governing version, as data. Two versions in force at once conflict, which is an error and no decision.
text := content if {
	some content in data.guidelines[id]
	content.in_force.from <= input.service_date
	object.get(content.in_force, "to", input.service_date) >= input.service_date
}

# METADATA
# title: Reference
# description: The governing version as a decision names it. A version is named for the day it became effective.
reference := {
	"id": id,
	"title": text.title,
	"version": text.effective_date,
	"effective_date": text.effective_date,
	"next_review": text.next_review,
}

# METADATA
# title: Ungoverned
# description: Why no text on file governs the request.
ungoverned := "service_date_not_governed" if id

else := "drug_not_governed"

_name := spelling.plain(input.drug.name) if is_string(input.drug.name)
