# METADATA
# title: Guidelines on file
# description: What the guidelines say, for forms, documents and pages; made from their data and the vocabulary.
package priorauth.guidelines

import data.priorauth.criteria
import data.priorauth.vocabulary

# METADATA
# title: Catalog
# description: Every guideline with its drug names and its versions, oldest first.
catalog := [{
	"id": id,
	"title": data.guidelines[id][versions[count(versions) - 1]].title,
	"drug_names": drug_names[id],
	"versions": [_version(data.guidelines[id][version], version) | some version in versions],
} |
	some id in sort(object.keys(data.guidelines))
	versions := sort(object.keys(data.guidelines[id]))
]

# METADATA
# title: Drug names
# description: The names that lead to each guideline, in order.
drug_names := {id: sort(names) |
	some id, _ in data.guidelines
	names := [name | some name, drug in data.drugs; drug.guideline == id]
}

# METADATA
# title: Listed criteria
# description: >-
#   All criteria of a version, parts after their groups, in the order of a decision: each with its stage, the type of
#   request that it is for (`null`: both), and the group that it is a part of (`null`: none).
listed(content) := [{"stage": stage, "type": _types[type], "parent": parent, "criterion": criterion} |
	some stage in ["applicability", "coverage", "limits"]
	some type in ["every_request", "initial", "renewal"]
	walk(content.criteria[stage][type], [path, criterion])
	criterion.kind
	parent := _parent(content.criteria[stage][type], path)
]

# METADATA
# title: Declared facts
# description: The facts that a version can use, by path, both shared and its own.
declared(content) := object.union(data.facts, object.get(content, "facts", {}))

# METADATA
# title: Facts asked
# description: The facts that a criterion rests on.
asked(criterion) := criteria.asks(criterion.kind, criterion) if {
	not criterion.parts
} else := [criterion.fact] if {
	criterion.kind == "branch"
} else := []

_types := {"every_request": null, "initial": "initial", "renewal": "renewal"}

_parent(tree, path) := id if {
	id := object.get({"tree": tree}, array.concat(["tree"], array.slice(path, 0, count(path) - 2)), {}).id
} else := null

_version(content, version) := {
	"version": version,
	"effective_date": content.effective_date,
	"next_review": content.next_review,
	"in_force": content.in_force,
	"sections": [object.union({"readings": []}, section) | some section in content.sections],
	"criteria": [_criterion(each, facts) | some each in every_criterion],
	"facts": {path: facts[path] | some each in every_criterion; some path in asked(each.criterion)},
} if {
	every_criterion := listed(content)
	facts := declared(content)
}

_criterion(each, facts) := {
	"id": each.criterion.id,
	"clause": each.criterion.clause,
	"text": each.criterion.text,
	"kind": each.criterion.kind,
	"stage": each.stage,
	"type": each.type,
	"parent": each.parent,
	"figures": object.remove(each.criterion, ["id", "clause", "text", "kind", "parts", "questions", "readings"]),
	"readings": object.get(each.criterion, "readings", []),
	"asks": [{"path": vocabulary.pointer(fact), "question": object.get(each.criterion, ["questions", fact], facts[fact].question)} |
		some fact in asked(each.criterion)
	],
}
