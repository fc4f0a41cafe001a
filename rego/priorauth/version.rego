# METADATA
# title: Guideline version
# description: >-
#   The one text that governs a request: found by the drug's name and the service date among all guidelines on file.
#   Nothing lists the guidelines; `data.guidelines.<id>.<version>` is the list.
package priorauth.version

import data.priorauth.figure

# METADATA
# title: Guideline id
# description: The id of the guideline that governs the request.
id := _governing.id

# METADATA
# title: Text
# description: The governing version, as data.
text := data.guidelines[_governing.id][_governing.version]

# METADATA
# title: Summary
# description: The governing version as a decision names it.
summary := {
	"id": _governing.id,
	"title": text.title,
	"version": _governing.version,
	"effective_date": text.effective_date,
	"next_review": text.next_review,
}

# METADATA
# title: Ungoverned
# description: Why no text on file governs the request. Undefined when one does.
ungoverned := "drug_not_governed" if {
	count(_candidates) == 0
	_named
} else := "service_date_not_governed" if {
	count(_candidates) > 0
	_named
	every candidate in _candidates {
		_readable(candidate.in_force)
		not _covers(candidate.in_force)
	}
}

# METADATA
# title: Notices
# description: What the service date says of the text that governs it.
notices := array.concat(
	[{
		"code": "guideline_review_overdue",
		"message": $"The guideline was due for review in {text.next_review}. It stays in force until it is replaced.",
	} |
		substring(input.service_date, 0, 7) > text.next_review
	],
	[{
		"code": "unchanged_guideline",
		"message": $"Decided on the text effective {text.effective_date}, which by its change log was in force unchanged on the service date.",
	} |
		input.service_date < text.effective_date
	],
) if {
	figure.month(text.next_review)
	figure.day(text.effective_date)
}

# Only when the names of every version on file can be read is it known that none of them is the drug's.
_named if {
	figure.keys(data.guidelines)
	every versions in data.guidelines {
		figure.keys(versions)
		every version in versions {
			every name in figure.keys(version.drug.names) {
				name == lower(trim_space(name))
			}
		}
	}
}

_candidates := [{"id": guideline, "version": version, "in_force": object.get(text, "in_force", null)} |
	name := lower(trim_space(input.drug.name))
	some guideline, version
	text := data.guidelines[guideline][version]
	is_object(text.drug.names)
	name in object.keys(text.drug.names)
]

# Two versions in force at once conflict here, which is an error and not a decision.
_governing := candidate if {
	some candidate in _candidates
	_readable(candidate.in_force)
	_covers(candidate.in_force)
}

_readable(in_force) if {
	every date in in_force {
		figure.day(date)
	}
	in_force.from <= object.get(in_force, "to", in_force.from)
}

_covers(in_force) if {
	in_force.from <= input.service_date
	object.get(in_force, "to", input.service_date) >= input.service_date
}
