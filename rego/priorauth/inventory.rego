# METADATA
# title: Inventory
# description: The guidelines on file, as a reader or a program wants them listed.
package priorauth.inventory

# METADATA
# title: Guidelines
# description: Every guideline by id, its versions in order of their effective dates.
guidelines := listed if {
	listed := _guidelines

	# What cannot be read is not left out: then there is no list.
	count(listed) == count(data.guidelines)
}

_guidelines := [guideline |
	some id in sort(object.keys(data.guidelines))
	versions := data.guidelines[id]
	latest := versions[max(object.keys(versions))]
	guideline := {
		"id": id,
		"title": latest.title,
		"drug_names": sort(object.keys(latest.drug.names)),
		"versions": _versions(versions),
	}
]

_versions(versions) := listed if {
	listed := [_version(number, versions[number]) | some number in sort(object.keys(versions))]
	count(listed) == count(versions)
}

_version(number, version) := {
	"version": number,
	"effective_date": version.effective_date,
	"next_review": version.next_review,
	"in_force": {"from": version.in_force.from, "to": object.get(version.in_force, "to", null)},
	"sections": _sections(version),
	"criteria": _criteria(version),
}

_sections(version) := listed if {
	listed := _readable(version)
	count(listed) == count(version.sections)
}

_readable(version) := [section |
	some position in sort([s.position | some s in version.sections])
	some id, content in version.sections
	content.position == position
	section := {
		"id": id,
		"section": content.section,
		"title": content.title,
		"text": content.text,
		"readings": object.get(content, "readings", []),
	}
]

# In the order of the guideline: by section, clause and id.
_criteria(version) := [criterion |
	some place in sort([[section.position, content.clause, id] |
		some section in version.sections
		some id, content in section.criteria
	])
	some section_id, section in version.sections
	section.position == place[0]
	criterion := {
		"id": place[2],
		"section": section_id,
		"clause": place[1],
		"text": section.clauses[place[1]],
		"questions": section.criteria[place[2]].questions,
	}
]
