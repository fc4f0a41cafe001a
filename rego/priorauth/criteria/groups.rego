# METADATA
# title: Groups of criteria
# description: >-
#   Criteria that nest: `all` of their parts, `any` of them, or the `branch` for one fact's value. Rego has no
#   recursion, so the levels are unrolled here. A deeper tree has no decision; integrity refuses it.
package priorauth.criteria.groups

import data.priorauth.calendar
import data.priorauth.criteria
import data.priorauth.vocabulary

# METADATA
# title: Depth
# description: How deep groups can nest.
depth := 5

# METADATA
# title: Judged
# description: A criterion as a decision reports it, with its parts where it is a group.
judge(criterion) := judged if {
	judged := _leaf(criterion)
} else := _group(criterion, [_judge_1(part) | some part in _parts(criterion)])

_leaf(criterion) := {
	"id": criterion.id,
	"clause": criterion.clause,
	"text": criterion.text,
	"status": status,
	"facts": facts,
} if {
	[status, facts] := criteria.judge(criterion.kind, criterion)
}

_judge_1(part) := _idle(part) if {
	part.not_considered
} else := judged if {
	judged := _leaf(part)
} else := _group(part, [_judge_2(each) | some each in _parts(part)])

_judge_2(part) := _idle(part) if {
	part.not_considered
} else := judged if {
	judged := _leaf(part)
} else := _group(part, [_judge_3(each) | some each in _parts(part)])

_judge_3(part) := _idle(part) if {
	part.not_considered
} else := judged if {
	judged := _leaf(part)
} else := _group(part, [_judge_4(each) | some each in _parts(part)])

_judge_4(part) := _idle(part) if {
	part.not_considered
} else := judged if {
	judged := _leaf(part)
} else := _group(part, [_judge_5(each) | some each in _parts(part)])

_judge_5(part) := _idle(part) if {
	part.not_considered
} else := _leaf(part)

# METADATA
# title: Open
# description: The questions that can still change an unknown criterion, of its unknown parts where it is a group.
open(criterion, judged) := [] if {
	judged.status != "unknown"
} else := criteria.open(criterion) if {
	not criterion.parts
} else := _value_asked(criterion) if {
	_value_unknown(criterion)
} else := [asked | some index, part in criterion.parts; some asked in _open_1(part, judged.parts[index])]

_open_1(part, judged) := [] if {
	judged.status != "unknown"
} else := criteria.open(part) if {
	not part.parts
} else := _value_asked(part) if {
	_value_unknown(part)
} else := [asked | some index, each in part.parts; some asked in _open_2(each, judged.parts[index])]

_open_2(part, judged) := [] if {
	judged.status != "unknown"
} else := criteria.open(part) if {
	not part.parts
} else := _value_asked(part) if {
	_value_unknown(part)
} else := [asked | some index, each in part.parts; some asked in _open_3(each, judged.parts[index])]

_open_3(part, judged) := [] if {
	judged.status != "unknown"
} else := criteria.open(part) if {
	not part.parts
} else := _value_asked(part) if {
	_value_unknown(part)
} else := [asked | some index, each in part.parts; some asked in _open_4(each, judged.parts[index])]

_open_4(part, judged) := [] if {
	judged.status != "unknown"
} else := criteria.open(part) if {
	not part.parts
} else := _value_asked(part) if {
	_value_unknown(part)
} else := [asked | some index, each in part.parts; some asked in _open_5(each, judged.parts[index])]

_open_5(part, judged) := [] if {
	judged.status != "unknown"
} else := criteria.open(part)

# METADATA
# title: Bearing
# description: >-
#   The criteria that a status rests on, each with its data: of `all` each part of that status, of `branch` the one
#   taken, of `any` the group itself.
bearing(criterion, judged) := [[criterion, judged]] if {
	not _divides(criterion, judged)
} else := [each | some index, part in criterion.parts; judged.parts[index].status == judged.status; some each in _bearing_1(part, judged.parts[index])]

_bearing_1(part, judged) := [[part, judged]] if {
	not _divides(part, judged)
} else := [each | some index, inner in part.parts; judged.parts[index].status == judged.status; some each in _bearing_2(inner, judged.parts[index])]

_bearing_2(part, judged) := [[part, judged]] if {
	not _divides(part, judged)
} else := [each | some index, inner in part.parts; judged.parts[index].status == judged.status; some each in _bearing_3(inner, judged.parts[index])]

_bearing_3(part, judged) := [[part, judged]] if {
	not _divides(part, judged)
} else := [each | some index, inner in part.parts; judged.parts[index].status == judged.status; some each in _bearing_4(inner, judged.parts[index])]

_bearing_4(part, judged) := [[part, judged]] if {
	not _divides(part, judged)
} else := [each | some index, inner in part.parts; judged.parts[index].status == judged.status; some each in _bearing_5(inner, judged.parts[index])]

_bearing_5(part, judged) := [[part, judged]]

_divides(criterion, judged) if {
	criterion.kind in {"all", "branch"}
	some part in judged.parts
	part.status == judged.status
}

# METADATA
# title: Leaves
# description: The criteria of a tree that are not groups and are considered, each with its data.
leaves(criterion, judged) := [each | some index, part in criterion.parts; some each in _leaves_1(part, judged.parts[index])] if {
	criterion.parts
} else := [[criterion, judged]]

_leaves_1(part, judged) := [] if {
	judged.status == "not_considered"
} else := [each | some index, inner in part.parts; some each in _leaves_2(inner, judged.parts[index])] if {
	part.parts
} else := [[part, judged]]

_leaves_2(part, judged) := [] if {
	judged.status == "not_considered"
} else := [each | some index, inner in part.parts; some each in _leaves_3(inner, judged.parts[index])] if {
	part.parts
} else := [[part, judged]]

_leaves_3(part, judged) := [] if {
	judged.status == "not_considered"
} else := [each | some index, inner in part.parts; some each in _leaves_4(inner, judged.parts[index])] if {
	part.parts
} else := [[part, judged]]

_leaves_4(part, judged) := [] if {
	judged.status == "not_considered"
} else := [each | some index, inner in part.parts; some each in _leaves_5(inner, judged.parts[index])] if {
	part.parts
} else := [[part, judged]]

_leaves_5(part, judged) := [] if {
	judged.status == "not_considered"
} else := [[part, judged]]

# The parts of a group; those of a branch that is not taken are marked.
_parts(criterion) := criterion.parts if {
	criterion.kind in {"all", "any"}
} else := [_marked(part, value) | some part in criterion.parts] if {
	criterion.kind == "branch"
	is_string(criterion.fact)
	every part in criterion.parts {
		_divisible(part.when)
	}
	value := _value(criterion)
	not is_array(value)
}

# Whether a part says which values it is for. If its figures are of another type, there is no decision.
_divisible(when) if {
	is_array(object.get(when, "values", []))
	every figure in object.filter(when, ["minimum", "maximum"]) {
		is_number(figure)
	}
	object.filter(when, ["values", "minimum", "maximum"]) != {}
}

_marked(part, value) := part if {
	_taken(part, value)
} else := object.union(part, {"not_considered": true})

# The value that a branch divides by: the fact's, or for the date of birth the member's age.
_value(criterion) := value if {
	criterion.fact != "member.birth_date"
	value := object.get(input, split(criterion.fact, "."), null)
} else := calendar.completed_years(born, input.service_date) if {
	born := object.get(input, ["member", "birth_date"], null)
	born != null
} else := null

_taken(part, value) if {
	value != null
	value in part.when.values
}

_taken(part, value) if {
	is_number(value)
	value >= part.when.minimum
	not _beyond(part, value)
}

_taken(part, value) if {
	is_number(value)
	not part.when.minimum
	value <= part.when.maximum
}

_beyond(part, value) if value > part.when.maximum

_value_unknown(criterion) if {
	criterion.kind == "branch"
	_value(criterion) == null
}

_value_asked(criterion) := [{"path": vocabulary.pointer(criterion.fact), "fact": criterion.fact}]

# All parts or no decision: where the data lacks what a kind needs, nothing is decided.
_group(criterion, parts) := {
	"id": criterion.id,
	"clause": criterion.clause,
	"text": criterion.text,
	"kind": criterion.kind,
	"status": _status(criterion.kind, criterion, {part.status | some part in parts}),
	"parts": parts,
} if {
	count(parts) == count(criterion.parts)
	count(parts) > 0
}

_status("all", _, statuses) := _all(statuses)

_status("any", _, statuses) := "met" if {
	"met" in statuses
} else := "unknown" if {
	"unknown" in statuses
} else := "not_met"

_status("branch", criterion, statuses) := "unknown" if {
	_value(criterion) == null
} else := _all(taken) if {
	taken := statuses - {"not_considered"}
	taken != set()
} else := "unknown" if {
	# No limit is on file for this value.
	walk(criterion.parts, [_, part])
	criteria.limit_kinds[part.kind]
} else := "not_met"

_all(statuses) := "not_met" if {
	"not_met" in statuses
} else := "unknown" if {
	"unknown" in statuses
} else := "reduced" if {
	"reduced" in statuses
} else := "met"

# A part that is not considered, as a decision reports it.
_idle(part) := {
	"id": part.id,
	"clause": part.clause,
	"text": part.text,
	"status": "not_considered",
	"facts": {},
} if {
	not part.parts
} else := {
	"id": part.id,
	"clause": part.clause,
	"text": part.text,
	"kind": part.kind,
	"status": "not_considered",
	"parts": [],
}

# METADATA
# title: Unlisted
# description: The value for which a branch of limits has no part, so that no answer can settle it.
unlisted(criterion) := value if {
	criterion.kind == "branch"
	value := _value(criterion)
	value != null
	not _listed(criterion, value)
	walk(criterion.parts, [_, part])
	criteria.limit_kinds[part.kind]
}

_listed(criterion, value) if {
	some part in criterion.parts
	_taken(part, value)
}
