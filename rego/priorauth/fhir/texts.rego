# METADATA
# title: Guideline texts
# description: >-
#   The version of a guideline that governs an order, and its criteria, for forms and limits. A version is known by the
#   reference that decisions have to it: its `id` and `version`.
package priorauth.fhir.texts

import data.priorauth.guidelines
import data.priorauth.version

# METADATA
# title: Governing
# description: The reference to the version that governs a drug on a day; `null` where none does.
governing(name, day) := reference if {
	[reference] := [found | found := version.reference] with input as {"drug": {"name": name}, "service_date": day}
} else := null

# METADATA
# title: Guideline
# description: The id of the guideline on file that a drug's name finds; undefined when there is none.
guideline(name) := id if {
	[id] := [found | found := version.id] with input as {"drug": {"name": name}}
}

# METADATA
# title: Declared
# description: The facts that a version can use, by path; the shared ones where there is no version.
# scope: document
declared(null) := data.facts

declared(reference) := guidelines.declared(_content(reference)) if reference != null

_content(reference) := data.guidelines[reference.id][reference.version]

# METADATA
# title: Path
# description: The path of the fact that a JSON Pointer of a request leads to, or into.
path(pointer, facts) := steps[1] if {
	steps := split(pointer, "/")
	facts[steps[1]]
} else := concat(".", array.slice(split(pointer, "/"), 1, 3))

# METADATA
# title: Listed
# description: The criteria that a version lists at a stage for a type of request, in the order of a decision.
listed(reference, type, stage) := [criterion |
	some list in ["every_request", type]
	some criterion in _content(reference).criteria[stage][list]
]

# METADATA
# title: Criteria
# description: >-
#   The criteria of a version that are judged at a stage for a type of request, in the order of a decision, each at the
#   end of the groups that it is in.
criteria(reference, type, stage) := [chain |
	some criterion in listed(reference, type, stage)
	some chain in _chains(criterion)
]

# Rego has no recursion, and groups nest as deep as `groups.depth` has it.
_chains(criterion) := [[criterion]] if {
	not criterion.parts
} else := array.concat([[criterion]], [chain | some part in criterion.parts; some chain in _chains_1([criterion, part])])

_chains_1(chain) := array.concat([chain], [each | some part in chain[1].parts; some each in _chains_2(array.concat(chain, [part]))])

_chains_2(chain) := array.concat([chain], [each | some part in chain[2].parts; some each in _chains_3(array.concat(chain, [part]))])

_chains_3(chain) := array.concat([chain], [each | some part in chain[3].parts; some each in _chains_4(array.concat(chain, [part]))])

_chains_4(chain) := array.concat([chain], [array.concat(chain, [part]) | some part in chain[4].parts])

# METADATA
# title: Judged
# description: What a decision says of its criteria, also in groups, by their ids.
judged(decision) := object.union(
	{criterion.id: criterion | some criterion in decision.criteria},
	{each.id: each |
		some criterion in decision.criteria
		criterion.parts
		some chain in _chains(criterion)
		each := chain[count(chain) - 1]
	},
)
