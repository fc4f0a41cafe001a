# METADATA
# title: Tests of groups
# description: >-
#   What a group makes of its parts, how a branch is taken, and what is open, bears on a status and is a leaf, at every
#   depth that groups can have.
package priorauth.criteria_groups_test

import data.priorauth.criteria.groups

# A group is judged whole. Cases are [what its parts state, status].
test_all[name] if {
	some name, case in {
		"all met": [[true, true], "met"],
		"one not met": [[true, false], "not_met"],
		"one unknown": [[true, null], "unknown"],
		"one not met, one unknown": [[null, false], "not_met"],
		"all unknown": [[null, null], "unknown"],
		"one part, met": [[true], "met"],
		"one part, unknown": [[null], "unknown"],
	}
	_judges(_group("all", "g", [_leaf(n) | some n, _ in case[0]]), _stating(case[0]), [_judged_group("all", "g", case[1], _judged_leaves(case[0]))])
}

test_any[name] if {
	some name, case in {
		"one met": [[false, true], "met"],
		"one met, one unknown": [[null, true], "met"],
		"none met": [[false, false], "not_met"],
		"one unknown": [[false, null], "unknown"],
		"all unknown": [[null, null], "unknown"],
		"one part, not met": [[false], "not_met"],
	}
	_judges(_group("any", "g", [_leaf(n) | some n, _ in case[0]]), _stating(case[0]), [_judged_group("any", "g", case[1], _judged_leaves(case[0]))])
}

test_what_is_no_group_is_judged_by_its_kind if _judges(_leaf(0), _stating([true]), [_judged_leaf(0, true)])

# Limits: reduced weighs less than unknown, and there is no not met.
test_all_of_limits[name] if {
	some name, case in {
		"met": [[2, 2], "met"],
		"reduced": [[2, 3], "reduced"],
		"unknown": [[2, null], "unknown"],
		"reduced and unknown": [[3, null], "unknown"],
	}
	group := _group("all", "g", [_limit(0), _limit(1)])
	request := {"quantity": {"l0": case[0][0], "l1": case[0][1]}}
	found := [judged.status | judged := groups.judge(group) with input as request]
	found == [case[1]]
}

# A branch. Cases are [branches, value, status, statuses of the parts].
test_branch[name] if {
	values := [{"values": ["a", "b"]}, {"values": ["c"]}]
	both := [{"values": ["a"]}, {"values": ["a", "b"]}]
	booleans := [{"values": [true]}, {"values": [false]}]
	ranges := [{"maximum": 11}, {"minimum": 12, "maximum": 17}, {"minimum": 18}]
	some name, case in {
		"first": [values, "a", "met", ["met", "not_considered"]],
		"first, by its other value": [values, "b", "met", ["met", "not_considered"]],
		"second": [values, "c", "not_met", ["not_considered", "not_met"]],
		"none": [values, "d", "not_met", ["not_considered", "not_considered"]],
		"null": [values, null, "unknown", ["not_considered", "not_considered"]],
		"both, one not met": [both, "a", "not_met", ["met", "not_met"]],
		"one of both": [both, "b", "not_met", ["not_considered", "not_met"]],
		"true": [booleans, true, "met", ["met", "not_considered"]],
		"false": [booleans, false, "not_met", ["not_considered", "not_met"]],
		"boolean null": [booleans, null, "unknown", ["not_considered", "not_considered"]],
		"at most": [ranges, 11, "met", ["met", "not_considered", "not_considered"]],
		"between ranges": [ranges, 11.5, "not_met", ["not_considered", "not_considered", "not_considered"]],
		"lowest": [ranges, 12, "not_met", ["not_considered", "not_met", "not_considered"]],
		"highest": [ranges, 17, "not_met", ["not_considered", "not_met", "not_considered"]],
		"at least": [ranges, 18, "unknown", ["not_considered", "not_considered", "unknown"]],
		"a number by its value": [[{"values": [1]}], 1, "met", ["met"]],
		"another number": [[{"values": [1]}], 2, "not_met", ["not_considered"]],
		"a range does not take a text": [ranges, "a", "not_met", ["not_considered", "not_considered", "not_considered"]],
		"null is not a value": [[{"values": [null]}], null, "unknown", ["not_considered"]],
		"zero": [[{"minimum": 0}], 0, "met", ["met"]],
		"below zero": [[{"minimum": 0}], -1, "not_met", ["not_considered"]],
	}
	branch := _branch("clinical.value", case[0])
	stated := [true, false, null]
	parts := [part |
		some n, status in case[3]
		part := {true: _idle(n), false: _judged_leaf(n, stated[n])}[status == "not_considered"]
	]
	request := object.union(_stating(stated), {"clinical": {"value": case[1]}})
	_judges(branch, request, [_judged_group("branch", "g", case[2], parts)])
}

test_branch_where_nothing_is_stated[name] if {
	some name, request in {"absent": {"clinical": {"l0": true}}, "section null": {"clinical": null}, "section absent": {}}
	branch := _branch("clinical.value", [{"values": ["a"]}])
	_judges(branch, request, [_judged_group("branch", "g", "unknown", [_idle(0)])])
}

test_branch_by_age[name] if {
	some name, case in {
		"the day before": ["2022-11-01", "met", [_judged_leaf(0, true), _idle(1)]],
		"the birthday": ["2022-11-02", "not_met", [_idle(0), _judged_leaf(1, false)]],
	}
	branch := _branch("member.birth_date", [{"maximum": 17}, {"minimum": 18}])
	request := object.union(_stating([true, false]), {"service_date": case[0], "member": {"birth_date": "2004-11-02"}})
	_judges(branch, request, [_judged_group("branch", "g", case[1], case[2])])
}

test_branch_by_age_where_no_birth_date_is_stated[name] if {
	some name, stated in {"null": {"member": {"birth_date": null}}, "section null": {"member": null}, "absent": {}}
	branch := _branch("member.birth_date", [{"maximum": 17}, {"minimum": 18}])
	request := object.union(_stating([true, false]), object.union(stated, {"service_date": "2022-11-01"}))
	_judges(branch, request, [_judged_group("branch", "g", "unknown", [_idle(0), _idle(1)])])
}

# No limit is on file for the value, and a limit is never not met.
test_a_branch_of_limits_that_has_none_for_the_value_is_unknown[name] if {
	some name, part in {"directly": _limit(0), "in a group": _group("all", "inner", [_limit(0)])}
	branch := _group("branch", "g", [object.union(part, {"when": {"values": ["a"]}})])
	request := {"clinical": {"value": "b"}, "quantity": {"l0": 2}}
	found := [judged.status | judged := groups.judge(object.union(branch, {"fact": "clinical.value"})) with input as request]
	found == ["unknown"]
}

test_a_branch_of_limits_is_as_the_limit_taken[name] if {
	some name, case in {"met": [2, "met"], "reduced": [3, "reduced"], "unknown": [null, "unknown"]}
	branch := _group("branch", "g", [object.union(_limit(0), {"when": {"values": ["a"]}}), object.union(_limit(1), {"when": {"values": ["b"]}})])
	request := {"clinical": {"value": "b"}, "quantity": {"l0": 9, "l1": case[0]}}
	found := [judged.status | judged := groups.judge(object.union(branch, {"fact": "clinical.value"})) with input as request]
	found == [case[1]]
}

# The value that no limit is listed for; nothing where one is, where it is not stated, and where there are no limits.
test_unlisted[name] if {
	some name, case in {
		"another value": [_limit(0), "b", ["b"]],
		"another value of limits in a group": [_group("all", "inner", [_limit(0)]), "b", ["b"]],
		"another value that is false": [_limit(0), false, [false]],
		"a value listed": [_limit(0), "a", []],
		"null": [_limit(0), null, []],
		"no limits": [_leaf(0), "b", []],
	}
	branch := object.union(_group("branch", "g", [object.union(case[0], {"when": {"values": ["a"]}})]), {"fact": "clinical.value"})
	found := [value | value := groups.unlisted(branch)] with input as {"clinical": {"value": case[1]}}
	found == case[2]
}

test_what_is_no_branch_has_nothing_unlisted[name] if {
	some name, criterion in {"a group": _group("all", "g", [_limit(0)]), "a limit": _limit(0)}
	not groups.unlisted(criterion) with input as {"clinical": {"value": "b"}}
	of_age := {"service_date": "2022-11-01", "member": {"birth_date": "1956-04-12"}}
	not groups.unlisted(criterion) with input as of_age
}

test_a_group_that_is_not_taken_has_no_parts if {
	inner := object.union(_group("all", "inner", [_leaf(0)]), {"when": {"values": ["a"]}})
	branch := object.union(_group("branch", "g", [inner]), {"fact": "clinical.value"})
	idle := {"id": "inner", "clause": "I.1", "text": "Group inner", "kind": "all", "status": "not_considered", "parts": []}
	_judges(branch, {"clinical": {"value": "b", "l0": true}}, [_judged_group("branch", "g", "not_met", [idle])])
}

test_a_branch_with_a_wrong_figure_does_not_decide[name] if {
	some name, when in {
		"minimum a text": {"minimum": "5"},
		"minimum null": {"minimum": null},
		"maximum a text": {"maximum": "5"},
		"maximum null": {"maximum": null},
		"maximum a text beside a minimum": {"minimum": 0, "maximum": "5"},
		"values a text": {"values": "a"},
		"values an object": {"values": {"a": 1}},
		"values null": {"values": null},
		"nothing": {},
		"another word": {"least": 5},
		"null": null,
		"a text": "a",
	}
	branches := [_branch("clinical.value", [when]), _branch("clinical.value", [{"values": [1, 9, "a"]}, when])]
	decided := [judged |
		some branch in branches
		some value in [1, 9, "a", null]
		judged := groups.judge(branch) with input as {"clinical": {"value": value, "l0": true, "l1": true}}
	]
	decided == []
}

test_a_branch_does_not_decide_on_a_list if {
	branch := _branch("clinical.value", [{"values": ["a"]}])
	decided := [judged | some value in [[], ["a"]]; judged := groups.judge(branch) with input as {"clinical": {"value": value}}]
	decided == []
}

test_a_group_that_cannot_be_judged_whole_does_not_decide[name] if {
	some name, group in {
		"a part with a wrong figure": _group("all", "g", [_leaf(0), object.union(_leaf(1), {"expected": "true"})]),
		"a part with a wrong figure, any": _group("any", "g", [_leaf(0), object.union(_leaf(1), {"expected": "true"})]),
		"a part of no kind": _group("any", "g", [_leaf(0), object.remove(_leaf(1), ["kind"])]),
		"a part of another kind": _group("any", "g", [_leaf(0), object.union(_leaf(1), {"kind": "wish"})]),
		"no parts": _group("all", "g", []),
		"no parts, any": _group("any", "g", []),
		"no parts, branch": object.union(_group("branch", "g", []), {"fact": "clinical.value"}),
		"parts absent": object.remove(_group("all", "g", []), ["parts"]),
		"parts null": _group("all", "g", null),
		"another kind": _group("some", "g", [_leaf(0)]),
		"a branch of no fact": _group("branch", "g", [object.union(_leaf(0), {"when": {"values": ["a"]}})]),
		"a branch without when": object.union(_group("branch", "g", [_leaf(0)]), {"fact": "clinical.value"}),
	}
	decided := [judged |
		some stated in [[true, true], [false, false], [null, null]]
		judged := groups.judge(group) with input as object.union(_stating(stated), {"clinical": {"value": "a"}})
	]
	decided == []
}

# A part that is not considered is not judged, so its figures are not looked at.
test_a_wrong_figure_in_a_branch_that_is_not_taken if {
	branch := _group("branch", "g", [
		object.union(_leaf(0), {"when": {"values": ["a"]}}),
		object.union(_leaf(1), {"when": {"values": ["b"]}, "expected": "true"}),
	])
	request := object.union(_stating([true, true]), {"clinical": {"value": "a"}})
	_judges(object.union(branch, {"fact": "clinical.value"}), request, [_judged_group("branch", "g", "met", [_judged_leaf(0, true), _idle(1)])])
}

# Depth. `_nested[n]` is n groups in each other, each with a leaf before the next; `l0` is the innermost.
test_groups_nest_as_deep_as_depth_says_and_no_deeper if {
	groups.depth == 5
	judged := [count(found) |
		some nested in array.concat(_nested, [_deeper(_nested[5], 6, "all")])
		found := [each | each := groups.judge(nested) with input as _stating(numbers.range(0, 9))]
	]
	judged == [0, 0, 0, 0, 0, 0, 0]
	allowed := [count(found) |
		some nested in array.concat(_nested, [_deeper(_nested[5], 6, "all")])
		found := [each | each := groups.judge(nested) with input as {}]
	]
	allowed == [1, 1, 1, 1, 1, 1, 0]
}

test_a_nested_group_is_judged_at_each_depth[name] if {
	some depth, nested in _nested
	some value, status in {true: "met", false: "not_met"}
	name := $"{depth} {status}"
	stated := array.concat([value], [true | some _ in numbers.range(1, 6)])
	found := [judged | judged := groups.judge(nested) with input as _stating(stated)]
	[judged.status | some judged in found] == [status]
	leaves := [leaf.facts | walk(found, [_, leaf]); leaf.facts]
	count(leaves) == depth + 1
	count([facts | some facts in leaves; facts.l0 == value]) == 1
}

test_what_is_open_at_each_depth[name] if {
	some depth, nested in _nested
	some missing in {0, depth}
	name := $"{depth} without {missing}"
	stated := [value | some n in numbers.range(0, 5); value := {true: null, false: true}[n == missing]]
	_opens(nested, _stating(stated), [$"clinical.l{missing}"])
}

test_all_that_is_open_at_each_depth[name] if {
	some name, nested in _nested
	_opens(nested, {}, array.reverse([$"clinical.l{n}" | some n in numbers.range(0, name)]))
}

# Once a group is settled it asks nothing.
test_a_settled_group_asks_nothing[name] if {
	some name, case in {
		"not met": [_group("all", "g", [_leaf(0), _leaf(1)]), [false, null]],
		"met": [_group("any", "g", [_leaf(0), _leaf(1)]), [true, null]],
		"within another": [_group("all", "g", [_group("any", "inner", [_leaf(0), _leaf(1)]), _leaf(2)]), [true, null, true]],
		"a branch not taken": [_branch("clinical.value", [{"values": ["a"]}, {"values": ["b"]}]), [true, null]],
		"a branch that is not there": [_branch("clinical.value", [{"values": ["b"]}]), [null, null]],
		"a leaf": [_leaf(0), [true]],
	}
	_opens(case[0], object.union(_stating(case[1]), {"clinical": {"value": "a"}}), [])
}

test_an_unknown_any_asks_for_all_that_is_unknown if {
	_opens(_group("any", "g", [_leaf(0), _leaf(1), _leaf(2)]), _stating([null, false, null]), ["clinical.l0", "clinical.l2"])
}

# While the value of a branch is unknown only it is asked for, at each depth that a branch can have.
test_a_branch_asks_for_its_value_first[name] if {
	branch := _branch("clinical.value", [{"values": ["a"]}, {"values": ["b"]}])
	wrapped_1 := _group("all", "g1", [branch])
	wrapped_2 := _group("any", "g2", [wrapped_1])
	wrapped_3 := _group("all", "g3", [wrapped_2])
	wrapped_4 := _group("any", "g4", [wrapped_3])
	some name, tree in [branch, wrapped_1, wrapped_2, wrapped_3, wrapped_4]
	_opens(tree, {}, ["clinical.value"])
	_opens(tree, {"clinical": {"value": "b"}}, ["clinical.l1"])
}

test_a_branch_by_age_asks_for_the_birth_date if {
	_opens(_branch("member.birth_date", [{"minimum": 18}]), {"service_date": "2022-11-01"}, ["member.birth_date"])
}

# What a status rests on. Cases are [tree, stated, ids].
test_bearing[name] if {
	inner := _group("any", "inner", [_leaf(1), _leaf(2)])
	branch := _branch("clinical.value", [{"values": ["a"]}, {"values": ["b"]}])
	some name, case in {
		"a leaf": [_leaf(0), [false], ["l0"]],
		"each part of all": [_group("all", "g", [_leaf(0), _leaf(1), _leaf(2)]), [false, true, false], ["l0", "l2"]],
		"each unknown part of all": [_group("all", "g", [_leaf(0), _leaf(1)]), [null, true], ["l0"]],
		"any itself": [_group("any", "g", [_leaf(0), _leaf(1)]), [false, false], ["g"]],
		"any in all": [_group("all", "g", [_leaf(0), inner]), [true, false, false], ["inner"]],
		"any in all, and a leaf": [_group("all", "g", [_leaf(0), inner]), [false, false, false], ["l0", "inner"]],
		"the branch taken": [branch, [false, false], ["l0"]],
		"a branch in any": [_group("any", "outer", [branch]), [false, false], ["outer"]],
		"a branch that is not there": [_branch("clinical.value", [{"values": ["b"]}]), [false], ["g"]],
	}
	_bears(case[0], object.union(_stating(case[1]), {"clinical": {"value": "a"}}), case[2])
}

test_a_branch_bears_itself_while_its_value_is_unknown if {
	_bears(_branch("clinical.value", [{"values": ["a"]}]), {}, ["g"])
}

test_bearing_at_each_depth[name] if {
	some depth, nested in _nested
	some failing in {0, depth}
	name := $"{depth}, {failing} not met"
	stated := [value | some n in numbers.range(0, 5); value := n != failing]
	_bears(nested, _stating(stated), [$"l{failing}"])
}

test_any_bears_itself_at_each_depth[name] if {
	either := _group("any", "inner", [_leaf(0), _leaf(1)])
	wrapped_1 := _group("all", "g1", [either])
	wrapped_2 := _group("all", "g2", [wrapped_1])
	wrapped_3 := _group("all", "g3", [wrapped_2])
	wrapped_4 := _group("all", "g4", [wrapped_3])
	some name, tree in [either, wrapped_1, wrapped_2, wrapped_3, wrapped_4]
	_bears(tree, _stating([false, false]), ["inner"])
}

test_leaves_at_each_depth[name] if {
	some name, nested in _nested
	judged := _judged(nested, {})
	leaves := groups.leaves(nested, judged)
	[leaf[0] | some leaf in leaves] == array.reverse([_leaf(n) | some n in numbers.range(0, name)])
	[leaf[1] | some leaf in leaves] == array.reverse([_judged_leaf(n, null) | some n in numbers.range(0, name)])
}

# Leaves that are not considered are left out, at each depth that a branch can have, alone and as a group.
test_leaves_of_a_branch[name] if {
	group := object.union(_group("all", "idle", [_leaf(2)]), {"when": {"values": ["c"]}})
	two := _branch("clinical.value", [{"values": ["a"]}, {"values": ["b"]}])
	branch := object.union(two, {"parts": array.concat(two.parts, [group])})
	wrapped_1 := _group("all", "g1", [branch])
	wrapped_2 := _group("all", "g2", [wrapped_1])
	wrapped_3 := _group("all", "g3", [wrapped_2])
	wrapped_4 := _group("all", "g4", [wrapped_3])
	some name, tree in [branch, wrapped_1, wrapped_2, wrapped_3, wrapped_4]
	judged := _judged(tree, {"clinical": {"value": "b", "l1": true}})
	leaves := groups.leaves(tree, judged)
	leaves == [[object.union(_leaf(1), {"when": {"values": ["b"]}}), _judged_leaf(1, true)]]
}

_leaf(n) := {
	"id": $"l{n}", "clause": "I.1", "text": $"Leaf {n}",
	"kind": "attested", "fact": $"clinical.l{n}", "expected": true,
}

_limit(n) := {
	"id": $"l{n}", "clause": "I.1", "text": $"Limit {n}",
	"kind": "quantity_per_dose", "quantity": $"quantity.l{n}", "maximum": 2,
}

_group(kind, id, parts) := {"id": id, "clause": "I.1", "text": concat(" ", ["Group", id]), "kind": kind, "parts": parts}

_branch(fact, whens) := object.union(
	_group("branch", "g", [object.union(_leaf(n), {"when": when}) | some n, when in whens]),
	{"fact": fact},
)

_deeper(tree, n, kind) := _group(kind, $"g{n}", [_leaf(n), tree])

_nested := [_leaf(0), _nested_1, _nested_2, _nested_3, _nested_4, _deeper(_nested_4, 5, "all")]

_nested_1 := _deeper(_leaf(0), 1, "all")

_nested_2 := _deeper(_nested_1, 2, "all")

_nested_3 := _deeper(_nested_2, 3, "all")

_nested_4 := _deeper(_nested_3, 4, "all")

_stating(values) := {"clinical": {$"l{n}": value | some n, value in values}}

_judged_leaf(n, stated) := {
	"id": $"l{n}", "clause": "I.1", "text": $"Leaf {n}",
	"status": {true: "met", false: "not_met", null: "unknown"}[stated],
	"facts": {$"l{n}": stated},
}

_judged_leaves(stated) := [_judged_leaf(n, value) | some n, value in stated]

_idle(n) := {"id": $"l{n}", "clause": "I.1", "text": $"Leaf {n}", "status": "not_considered", "facts": {}}

_judged_group(kind, id, status, parts) := {
	"id": id, "clause": "I.1", "text": concat(" ", ["Group", id]),
	"kind": kind, "status": status, "parts": parts,
}

_judges(criterion, request, expected) if {
	found := [judged | judged := groups.judge(criterion) with input as request]
	found == expected
}

_judged(criterion, request) := judged if {
	judged := groups.judge(criterion) with input as request
}

_opens(criterion, request, facts) if {
	judged := _judged(criterion, request)
	opened := groups.open(criterion, judged) with input as request
	opened == [{"path": concat("", ["/", replace(fact, ".", "/")]), "fact": fact} | some fact in facts]
}

_bears(criterion, request, ids) if {
	judged := _judged(criterion, request)
	bearing := groups.bearing(criterion, judged) with input as request
	[each[0].id | some each in bearing] == ids
	[each[1].id | some each in bearing] == ids
	{each[1].status | some each in bearing} == {judged.status}
}
