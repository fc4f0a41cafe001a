# METADATA
# title: Kinds of criteria
# description: >-
#   Each kind is written once for all guidelines. `judge` takes a criterion of the guideline's data and gives its status
#   and the facts that it rests on. `asks` has those facts, and `open` the ones that can still change its status while
#   it is unknown. A fact that the request does not state is null, and null is unknown: here and nowhere else. A kind
#   guards the figures that it compares; a figure of another type makes no decision.
package priorauth.criteria

import data.priorauth.calendar
import data.priorauth.spelling
import data.priorauth.vocabulary

# METADATA
# title: Judge
# description: >-
#   The status of a criterion of this kind, and the facts that it rests on; undefined where the data lacks what the kind
#   needs.
# scope: document
judge(kind, criterion) := [_accepted(stated, criterion), {path[count(path) - 1]: stated, "accepted": criterion.accepted}] if {
	# The stated fact is one of the accepted values. An `undetermined` value counts as absent.
	kind == "one_of"
	is_array(criterion.accepted)
	is_array(object.get(criterion, "undetermined", []))
	path := split(criterion.fact, ".")
	stated := object.get(input, path, null)
} else := [_accepted(stated, criterion), {"formulary": stated, "accepted": criterion.accepted}] if {
	# The member's formulary, however it is spelled, is one of those accepted.
	kind == "formulary"
	is_array(criterion.accepted)
	stated := _formulary(object.get(input, ["member", "formulary"], null))
} else := [
	{null: "unknown", criterion.expected: "met", criterion.expected == false: "not_met"}[stated],
	{path[count(path) - 1]: stated},
] if {
	# The fact is attested as the guideline expects it, true or false.
	kind == "attested"
	is_boolean(criterion.expected)
	path := split(criterion.fact, ".")
	stated := object.get(input, path, null)
} else := [{true: "met", false: "unknown"}[stated != null], {path[count(path) - 1]: stated}] if {
	# The fact is stated, with any value. Its absence never denies.
	kind == "stated"
	path := split(criterion.fact, ".")
	stated := _none_as_absent(object.get(input, path, null), criterion.fact)
} else := [{true: "met", false: "unknown"}[documents > 0], {"documents": documents}] if {
	# There is at least one supporting document. Its absence never denies.
	kind == "documented"
	documents := count([document | some document in input.documentation])
} else := [_within(age, criterion), object.union({"age": age}, _bounds(criterion))] if {
	# The member's age on the service date, in completed years, is at least `minimum` and at most `maximum`.
	kind == "age"
	age := _age(object.get(input, ["member", "birth_date"], null))
} else := [_within(stated, criterion), object.union({path[count(path) - 1]: stated}, _bounds(criterion))] if {
	# The stated number is at least `minimum` and at most `maximum`.
	kind == "threshold"
	path := split(criterion.fact, ".")
	stated := object.get(input, path, null)
} else := [_any(listed, criterion.accepted), {path[count(path) - 1]: listed, "accepted": criterion.accepted}] if {
	# At least one stated item is accepted: a text itself, or an object by its property that `of` names.
	kind == "any_of"
	is_object(criterion.accepted)
	is_string(object.get(criterion, "of", ""))
	path := split(criterion.fact, ".")
	listed := _listed(object.get(input, path, null), criterion)
} else := [_opposite[found], {path[count(path) - 1]: listed, "excluded": criterion.excluded}] if {
	# None of the stated items is excluded, as with drugs that must not be taken together and with contraindications.
	kind == "none_of"
	is_object(criterion.excluded)
	is_string(object.get(criterion, "of", ""))
	path := split(criterion.fact, ".")
	listed := _listed(object.get(input, path, null), criterion)
	found := _any(listed, criterion.excluded)
} else := [
	_below(_codes(stated, criterion), criterion.accepted),
	{path[count(path) - 1]: stated, "accepted": criterion.accepted},
] if {
	# A stated ICD-10-CM code is one of those accepted, or is below one of them: C90.00 is below C90.0.
	kind == "diagnosis"
	is_object(criterion.accepted)
	path := split(criterion.fact, ".")
	stated := object.get(input, path, null)
} else := [_dated(day, criterion), object.union({path[count(path) - 1]: day}, within)] if {
	# The day is at most the given months, or days, before the service date.
	kind == "dated_within"
	within := object.filter(criterion, ["months", "days"])
	[figure] := [figure | some figure in within]
	is_number(figure)
	path := split(criterion.fact, ".")
	day := object.get(input, path, null)
} else := [
	_tried(therapies, criterion),
	{
		"tried": _therapies(therapies, criterion, {"sure"}),
		"of": criterion.of,
		"minimum": criterion.minimum,
		"weeks": object.get(criterion, "weeks", null),
	},
] if {
	# At least `minimum` of the listed therapies were tried: each failed after the weeks asked for, was not tolerated,
	# or is contraindicated. The list states all therapies; a failure without its weeks is still open.
	kind == "tried"
	is_number(criterion.minimum)
	is_number(object.get(criterion, "weeks", 0))
	is_object(criterion.of)
	therapies := _listed(object.get(input, split(criterion.fact, "."), null), object.remove(criterion, ["of"]))
}

# METADATA
# title: Asks
# description: The facts that a criterion of this kind rests on, by path.
# scope: document
asks("one_of", criterion) := [criterion.fact]

asks("formulary", _) := ["member.formulary"]

asks("attested", criterion) := [criterion.fact]

asks("stated", criterion) := [criterion.fact]

asks("documented", _) := ["documentation"]

asks("age", _) := ["member.birth_date"]

asks("threshold", criterion) := [criterion.fact]

asks("any_of", criterion) := [criterion.fact]

asks("none_of", criterion) := [criterion.fact]

asks("diagnosis", criterion) := [criterion.fact]

asks("dated_within", criterion) := [criterion.fact]

asks("tried", criterion) := [criterion.fact]

# METADATA
# title: Questions still open
# description: >-
#   The facts that can still change an unknown criterion, each with the JSON Pointer of its place in the request. Unless
#   a kind says otherwise, a fact is open while it is absent.
open(criterion) := [{"path": place, "fact": criterion.fact, "property": property} |
	some index, item in listed
	not _counted(item, listed, criterion)
	some property in _lacking(item, criterion)
	place := $"{vocabulary.pointer(criterion.fact)}/{index}/{property}"
] if {
	criterion.kind in {"any_of", "none_of", "tried"}
	criterion.of
	listed := object.get(input, split(criterion.fact, "."), null)
	not listed in {null, []}
} else := [] if {
	quantity_unanswerable(criterion)
} else := [{"path": vocabulary.pointer(fact), "fact": fact} |
	some fact in asks(criterion.kind, criterion)
	_open(object.get(input, split(fact, "."), null), criterion)
]

# The properties that a listed item lacks, though the criterion can still depend on them.
_lacking(item, criterion) := [name |
	some name in [criterion.of]
	object.get(item, name, null) == null
] if {
	criterion.kind != "tried"
} else := [name |
	some name in array.concat(["therapy", "result"], ["weeks" | _weeks_count(item, criterion)])
	object.get(item, name, null) == null
] if {
	_standing(item, criterion) == "open"
} else := []

# A therapy that counts already, by another item of the list, cannot count again.
_counted(item, listed, criterion) if {
	criterion.kind == "tried"
	item.therapy in _therapies(listed, criterion, {"sure"})
}

_weeks_count(therapy, criterion) if {
	criterion.weeks
	object.get(therapy, "result", null) in {null, "failure"}
}

_open(stated, _) if stated in {null, []}

_open(stated, criterion) if stated in criterion.undetermined

_accepted(stated, criterion) := "unknown" if {
	stated == null
} else := "met" if {
	stated in criterion.accepted
} else := "unknown" if {
	stated in criterion.undetermined
} else := "not_met" if not is_array(stated)

_formulary(name) := null if {
	name == null
} else := spelling.formulary(name)

_age(born) := null if {
	born == null
} else := calendar.completed_years(born, input.service_date)

_bounds(criterion) := bounds if {
	is_number(object.get(criterion, "minimum", 0))
	is_number(object.get(criterion, "maximum", 0))
	bounds := object.filter(criterion, ["minimum", "maximum"])
	bounds != {}
}

_within(number, criterion) := "unknown" if {
	number == null
} else := "not_met" if {
	number < criterion.minimum
	is_number(number)
} else := "not_met" if {
	number > criterion.maximum
	is_number(number)
} else := "met" if is_number(number)

# An empty list states that there is none if the fact says so; otherwise it counts as absent.
_none_as_absent(stated, fact) := null if {
	stated == []
	object.get(vocabulary.fact(fact), "empty", "absent") != "none"
} else := stated

# The stated list, or the property `of` of each of its items: null where an item does not state it.
_listed(stated, criterion) := [object.get(item, criterion.of, null) | some item in stated] if {
	criterion.of
	is_array(stated)
	stated != []
} else := stated if {
	is_array(stated)
	stated != []
} else := _none_as_absent(stated, criterion.fact) if stated in {null, []}

_any(listed, accepted) := "unknown" if {
	listed == null
} else := "met" if {
	some item in listed
	accepted[item]
} else := "unknown" if {
	null in listed
} else := "not_met"

_opposite := {"met": "not_met", "not_met": "met", "unknown": "unknown"}

# The stated codes: one, or a list.
_codes(stated, criterion) := [stated] if {
	is_string(stated)
} else := _listed(stated, criterion)

_below(stated, accepted) := "unknown" if {
	stated == null
} else := "met" if {
	some code in stated
	some above, _ in accepted
	startswith(_code(code), _code(above))
} else := "not_met" if {
	every code in stated {
		is_string(code)
	}
}

_code(code) := replace(upper(spelling.trimmed(code)), ".", "")

_dated(day, criterion) := "unknown" if {
	day == null
} else := "not_met" if {
	day > input.service_date
} else := {true: "met", false: "not_met"}[input.service_date <= calendar.months_later(day, criterion.months)] if {
	is_number(criterion.months)
} else := {true: "met", false: "not_met"}[(calendar.number(input.service_date) - calendar.number(day)) <= criterion.days] if {
	is_number(criterion.days)
}

_tried(therapies, criterion) := "unknown" if {
	therapies == null
} else := "met" if {
	count(_therapies(therapies, criterion, {"sure"})) >= criterion.minimum
} else := "unknown" if {
	count(_therapies(therapies, criterion, {"sure", "open"})) >= criterion.minimum
} else := "not_met"

# Each therapy once, in the order of their names; an unnamed one counts by its place in the list.
_therapies(therapies, criterion, standings) := sort({name |
	some index, therapy in therapies
	_standing(therapy, criterion) in standings
	name := [name | some name in [object.get(therapy, "therapy", null), index]; name != null][0]
})

_standing(therapy, criterion) := "open" if {
	object.get(therapy, "therapy", null) == null
	_result_counts(therapy)
} else := "open" if {
	criterion.of[therapy.therapy]
	object.get(therapy, "result", null) == null
} else := "sure" if {
	criterion.of[therapy.therapy]
	therapy.result in {"intolerance", "contraindication"}
} else := "sure" if {
	criterion.of[therapy.therapy]
	therapy.result == "failure"
	not criterion.weeks
} else := "sure" if {
	criterion.of[therapy.therapy]
	therapy.result == "failure"
	is_number(therapy.weeks)
	therapy.weeks >= criterion.weeks
} else := "open" if {
	criterion.of[therapy.therapy]
	therapy.result == "failure"
	object.get(therapy, "weeks", null) == null
}

_result_counts(therapy) if object.get(therapy, "result", null) in {null, "failure", "intolerance", "contraindication"}
