# METADATA
# title: Integrity
# description: >-
#   What is wrong with the guidelines on file. Each version is checked as data, by its schema and beyond it, and by how
#   its rules decide requests that state nothing. Each finding says which clause, what is wrong, and what to do. Not
#   compiled to Wasm: it is asked when a policy is tested, built and brought into service, never for a decision.
package integrity

import data.priorauth.calendar
import data.priorauth.criteria
import data.priorauth.criteria.groups
import data.priorauth.document
import data.priorauth.guidelines
import data.priorauth.spelling
import data.usual

# METADATA
# title: Findings
# description: Every finding, by guideline, version and JSON Pointer; empty when all is sound.
findings := [{"guideline": finding[0], "version": finding[1], "path": finding[2], "message": finding[3]} |
	some finding in sort(_written | _decided)
]

# METADATA
# title: Scope
# description: >-
#   The guidelines that are checked: all of them. An author's check sets one, by `with`; that one is still compared with
#   the others.
scope := object.keys(data.guidelines)

# Each version in the scope, with all criteria in it, parts after their groups: the steps to each, and what stands
# there.
_versions := [[id, version, content, nodes] |
	some id in scope
	some version, content in data.guidelines[id]
	nodes := [node |
		some stage, types in content.criteria
		some type, listed in types
		some index, criterion in listed
		some node in _with_parts([stage, type, index], criterion)
		is_string(node[1].kind)
	]
]

_with_parts(path, criterion) := [[path, criterion]] if {
	not criterion.parts
} else := array.concat([[path, criterion]], [[array.concat(array.concat(path, ["parts"]), inner), part] |
	walk(criterion.parts, [inner, part])
	is_number(inner[count(inner) - 1])
])

# What the schema finds in all of them. It is asked once, because every call compiles it. A criterion is checked against
# its own kind, because JSON Schema would try every kind.
_faults := json.match_schema({"versions": versions, "criteria": _by_kind}, _schema)[1] if {
	versions := {$"{n}": content | some n, [_, _, content, _] in _versions}
}

# OPA makes an index of the inner comprehension, and looks at each criterion once.
_by_kind := {kind: criteria |
	some kind, _ in _kinds
	criteria := {$"{n}/{index}": criterion |
		some n, [_, _, _, nodes] in _versions
		some index, [_, criterion] in nodes
		criterion.kind == kind
	}
}

_schema := {
	"definitions": object.union(object.remove(_definitions, ["criterion"]), {
		"criterion": object.remove(_definitions.criterion, ["allOf"]),
		"version": object.remove(data.schemas.guideline, ["$schema", "definitions"]),
	}),
	"properties": {
		"versions": {"additionalProperties": {"$ref": "#/definitions/version"}},
		"criteria": {"properties": {kind: {"additionalProperties": parameters} | some kind, parameters in _kinds}},
	},
}

_kinds := {each["if"].properties.kind.const: each.then | some each in _definitions.criterion.allOf}

_definitions := data.schemas.guideline.definitions

# Each fault with the number of the version that it is in, and the steps to it there.
_located := [[n, steps, fault] |
	some fault in _faults
	[n, steps] := _steps(split(fault.field, "."))
]

_steps(field) := [to_number(field[1]), array.slice(field, 2, count(field))] if field[0] == "versions"

_steps(field) := [n, array.concat(to_criterion, array.slice(field, 3, count(field)))] if {
	field[0] == "criteria"
	[n, index] := [to_number(number) | some number in split(field[2], "/")]
	to_criterion := array.concat(["criteria"], [$"{step}" | some step in _versions[n][3][index][0]])
}

# The versions that fit the schema, each with its criteria. The others are not checked further.
_formed := [[id, version, content, _criteria(content, nodes)] |
	some n, [id, version, content, nodes] in _versions
	not n in _malformed
]

_malformed := {n | some [n, _, _] in _located}

# The criteria of a version: each with its stage, its place, the number of groups around it, the facts that it asks for
# with their declarations, and the section of its clause, if there is one.
_criteria(content, nodes) := [each |
	declared := guidelines.declared(content)
	sections := _sections(content)
	some [path, criterion] in nodes
	asks := guidelines.asked(criterion)
	each := {
		"stage": path[0],
		"criterion": criterion,
		"pointer": concat("/", array.concat(["", "criteria"], [$"{step}" | some step in path])),
		"place": _label(criterion),
		"depth": count([step | some step in path; step == "parts"]),
		"asks": asks,
		"facts": {fact: declared[fact] | some fact in asks},
		"section": _section(sections, criterion.clause),
	}
]

# The form of the data.
_written contains ["", "", "/guidelines", "there is no guideline: add policy/guidelines/<id>/<date>/data.yaml"] if {
	count(data.guidelines) == 0
}

_written contains ["", "", "/facts", "the patterns of the usual request are made from another vocabulary of facts; run `make docs`"] if {
	not _patterns_fit
}

_patterns_fit if data.usual.of == usual.made_from

_written contains ["", "", $"/guidelines/{id}", $"the guideline {id}: has no version; add policy/guidelines/{id}/<date>/data.yaml"] if {
	some id in scope
	not _has_versions(data.guidelines[id])
}

_has_versions(versions) if {
	is_object(versions)
	versions != {}
}

_written contains ["", "", "/schemas/guideline", "there is no schema of guidelines, or none that can be used: load rego/schemas with the rules"] if not _faults

_written contains [id, version, concat("/", array.concat([""], steps)), concat("", [_place(content, steps), _plainly(fault)])] if {
	some [n, steps, fault] in _located
	_telling(fault)
	[id, version, content, _] := _versions[n]
}

# The fault "none of the choices fits" adds nothing where another fault says why.
_telling(fault) if not _choices[fault.type]

_telling(fault) if not fault.field in _explained

_choices := {"number_one_of": true, "number_any_of": true, "number_all_of": true}

_explained := {concat(".", array.slice(steps, 0, size)) |
	some [_, _, fault] in _located
	not _choices[fault.type]
	steps := split(fault.field, ".")
	some size in numbers.range(1, count(steps))
}

_plainly(fault) := $"has both {concat(" and ", choice)}; keep the one that the text says" if {
	fault.type == "number_one_of"
	choice := [$"`{name}`" | some each in _definitions[split(fault.field, ".")[1]].oneOf; some name in each.required]
} else := regex.replace(fault.desc, `^Additional property (.*) is not allowed$`, "has `$1`, which has no meaning here; it may be misspelt, or belong elsewhere") if {
	startswith(fault.desc, "Additional property ")
} else := regex.replace(fault.desc, `^(.*) is required$`, "lacks `$1`; add it") if {
	endswith(fault.desc, " is required")
} else := regex.replace(fault.desc, `^Invalid type. Expected: (.*), given: (.*)$`, "must be of type $1, and is of type $2") if {
	startswith(fault.desc, "Invalid type.")
} else := lower(trim_prefix(fault.desc, concat("", [fault.field, " "])))

# Where a fault is, for readers of the guideline: the clause, the criterion, and the part of it.
_place(content, steps) := concat("", [_label(criterion), concat(".", array.concat([""], rest)), ": "]) if {
	is_object(content)
	depths := [depth |
		some depth in numbers.range(1, count(steps))
		object.get(content, _keys(array.slice(steps, 0, depth)), {}).id
	]
	depth := depths[count(depths) - 1]
	criterion := object.get(content, _keys(array.slice(steps, 0, depth)), {})
	rest := array.slice(steps, depth, count(steps))
} else := concat("", [concat(".", steps), ": "]) if {
	steps != []
} else := ""

_keys(steps) := [key | some step in steps; key := _key(step)]

_key(step) := to_number(step) if {
	regex.match(`^[0-9]+$`, step)
} else := step

_label(criterion) := $"{object.get(criterion, "clause", "no clause")} ({criterion.id})"

_written contains [id, version, $"/{earlier}", $"{earlier}: {content[earlier]} is after {later}, which is {day}; correct one of them"] if {
	some [id, version, content, _] in _formed
	some [earlier, later, day] in [
		["date_of_origin", "in_force.from", content.in_force.from],
		["date_of_origin", "effective_date", content.effective_date],
		["effective_date", "next_review", content.next_review],
	]
	substring(content[earlier], 0, 7) > substring(day, 0, 7)
}

_written contains [id, version, "/effective_date", $"effective_date: is {content.effective_date}, but the folder is named {version}; a version is named for the day it became effective, so correct one of them"] if {
	some [id, version, content, _] in _formed
	content.effective_date != version
}

_written contains [id, version, concat("", ["/", replace(path, ".", "/")]), $"{path}: {day} is not a real date; write one as YYYY-MM-DD"] if {
	some [id, version, content, _] in _formed
	some path in ["effective_date", "in_force.from", "in_force.to"]
	day := object.get(content, split(path, "."), null)
	day != null
	not calendar.day(day)
}

_written contains [id, version, $"/changes/{index}/date", $"changes: {change.date} is not a real date; write one as YYYY-MM-DD"] if {
	some [id, version, content, _] in _formed
	some index, change in content.changes
	not calendar.day(change.date)
}

_written contains [id, version, "/in_force/to", $"in_force: ends on {content.in_force.to}, before it starts on {content.in_force.from}; correct one of them"] if {
	some [id, version, content, _] in _formed
	content.in_force.to < content.in_force.from
}

_written contains [id, version, "/in_force", $"in_force: shares a day with version {other}, so neither could decide; end the older one, by `to`, on the day before the newer one starts"] if {
	some [id, version, content, _] in _formed
	some other, there in data.guidelines[id]
	other != version
	[id, other] in _keys_of_formed
	content.in_force.from <= object.get(there.in_force, "to", "9999")
	there.in_force.from <= object.get(content.in_force, "to", "9999")
}

_keys_of_formed := {[id, version] | some [id, version, _, _] in _formed}

# Drug names.
_written contains [id, version, "", $"no drug name finds this guideline; add policy/drugs/<name>/data.yaml with `guideline: {id}`"] if {
	some [id, version, _, _] in _formed
	guidelines.drug_names[id] == []
}

_written contains ["", "", concat("/", ["/drugs", name]), $"the drug {name}: names no guideline on file; correct `guideline`, which is the name of a folder in policy/guidelines"] if {
	some name, drug in data.drugs
	not _names_a_guideline(drug)
}

_names_a_guideline(drug) if data.guidelines[drug.guideline]

_written contains ["", "", concat("/", ["/drugs", name]), $"the drug {name}: is never found; name its folder in lower case, without trade marks and without space around it"] if {
	some name, _ in data.drugs
	spelling.plain(name) != name
}

_written contains ["", "", concat("/", ["/drugs", name]), $"the drug {name}: {_unfoldable}"] if {
	some name, _ in data.drugs
	not spelling.foldable(name)
}

_written contains [id, version, "/title", $"title: {_unfoldable}"] if {
	some [id, version, content, _] in _formed
	not spelling.foldable(content.title)
}

_unfoldable := "has a character from U+2C00 on, whose case hosts may fold differently; spell it in other letters"

# Facts.
_written contains [id, version, concat("/", ["/facts", fact]), $"facts: {fact} is declared differently in {elsewhere}; declare it in the same words or give it another name"] if {
	some [id, version, content, _] in _formed
	some fact, declared in content.facts
	elsewhere := min({place | some other, place in _disputed[fact]; other != declared})
}

# The facts that are declared in more than one way, with each way and the first place that has it.
_disputed := {fact: {declared: min(places) |
	some declared in declarations
	places := {place | some [other, there, place] in _declarations; other == fact; there == declared}
} |
	some [fact, _] in _distinct
	declarations := {declared | some [other, declared] in _distinct; other == fact}
	count(declarations) > 1
}

_distinct := {[fact, declared] | some [fact, declared, _] in _declarations}

_declarations := array.concat(
	[[fact, declared, "policy/facts"] | some fact, declared in data.facts],
	[[fact, declared, $"policy/guidelines/{id}/{version}"] |
		some id, versions in data.guidelines
		some version, content in versions
		some fact, declared in content.facts
	],
)

_written contains [id, version, concat("/", ["/facts", fact, "pattern"]), $"facts: the pattern of {fact} is not a valid regular expression; correct it"] if {
	some [id, version, content, _] in _formed
	some fact, declared in content.facts
	walk(declared, [path, pattern])
	path[count(path) - 1] == "pattern"
	is_string(pattern)
	not regex.is_valid(pattern)
}

_written contains [id, version, each.pointer, $"{each.place}: there is no fact {fact}; correct its name, or declare it under `facts` (policy/facts has those that all share)"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	some fact in each.asks
	not each.facts[fact]
}

_written contains [id, version, $"/packs/{name}", $"packs: there is no fact {fact}; correct its name, or declare it under `facts` (policy/facts has those that all share)"] if {
	some [id, version, content, _] in _formed
	some name in ["quantity", "dose", "schedule"]
	fact := content.packs[name]
	not guidelines.declared(content)[fact]
}

_written contains [id, version, concat("/", [each.pointer, "questions", fact]), $"{each.place}: has a question for {fact}, which it does not rest on; its questions can be for {concat(" or ", each.asks)}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	some fact, _ in each.criterion.questions
	not fact in each.asks
}

# A kind must compare with values that the fact can have, or it would deny whatever is stated.
_written contains [id, version, each.pointer, $"{each.place}: the kind {each.criterion.kind} cannot judge {fact}, which is of type {declared.type}; use another kind, or another fact"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	some fact, declared in each.facts
	not _judges(each.criterion.kind, declared)
}

_judges(kind, declared) if declared.type in _types[kind]

_judges("dated_within", declared) if declared.format == "date"

_judges("diagnosis", declared) if declared.items.type == "string"

_judges(kind, _) if kind in {"stated", "documented", "age", "formulary"}

_types := {
	"one_of": {"string", "number", "integer", "boolean"},
	"attested": {"boolean"},
	"threshold": {"number", "integer"},
	"any_of": {"array"},
	"none_of": {"array"},
	"diagnosis": {"string"},
	"tried": {"array"},
	"response": {"number", "integer"},
	"quantity": {"number", "integer"},
	"quantity_by_dose": {"number", "integer"},
	"quantity_per_dose": {"number", "integer"},
	"quantity_by_weight": {"number", "integer"},
	"branch": {"string", "number", "integer", "boolean"},
}

_written contains [id, version, each.pointer, $"{each.place}: compares with {value}, which {each.criterion.fact} can never be; it can be {_range(declared)}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	declared := _declared_value(each.criterion, each.facts[each.criterion.fact])
	some value in _compared(each.criterion)
	not _can_be(declared, value)
}

# The declaration of the value that a criterion compares: the fact itself, an item of a list, or a property of an item.
# For the date of birth a branch compares the age.
_declared_value(criterion, declared) := {"type": "integer"} if {
	criterion.fact == "member.birth_date"
	criterion.kind == "branch"
} else := declared if {
	not declared.items
} else := declared.items.properties[_property(criterion)] if {
	declared.items.properties
} else := declared.items if {
	not declared.items.properties
}

_property(criterion) := "therapy" if {
	criterion.kind == "tried"
} else := criterion.of

_compared(criterion) := array.concat(criterion.accepted, object.get(criterion, "undetermined", [])) if {
	criterion.kind == "one_of"
} else := [value |
	some part in criterion.parts
	some value in array.concat(
		object.get(part.when, "values", []),
		[figure | some figure in object.filter(part.when, ["minimum", "maximum"])],
	)
] if {
	criterion.kind == "branch"
} else := object.keys(criterion.accepted) if {
	criterion.kind == "any_of"
} else := object.keys(criterion.excluded) if {
	criterion.kind == "none_of"
} else := object.keys(criterion.of) if {
	criterion.kind == "tried"
}

_can_be(declared, value) if value in declared.enum

_can_be(declared, value) if {
	not declared.enum
	_of_type(declared.type, value)
	regex.match(object.get(declared, "pattern", ""), $"{value}")
}

_of_type("string", value) if is_string(value)

_of_type("boolean", value) if is_boolean(value)

_of_type("number", value) if is_number(value)

_of_type("integer", value) if {
	is_number(value)
	floor(value) == value
}

_range(declared) := concat(", ", declared.enum) if {
	declared.enum
} else := $"any {declared.type} of the pattern {declared.pattern}" if {
	declared.pattern
} else := $"any {declared.type}"

_written contains [id, version, each.pointer, $"{each.place}: compares by the property {each.criterion.of}, which the items of {each.criterion.fact} do not have; correct `of`"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.kind in {"any_of", "none_of"}
	each.criterion.of
	not each.facts[each.criterion.fact].items.properties[each.criterion.of]
}

_written contains [id, version, each.pointer, $"{each.place}: does not say by which property it compares the items of {each.criterion.fact}; add `of`, which is one of {concat(", ", object.keys(properties))}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.kind in {"any_of", "none_of"}
	not each.criterion.of
	properties := each.facts[each.criterion.fact].items.properties
}

_written contains [id, version, each.pointer, $"{each.place}: the items of {each.criterion.fact} cannot say that a therapy failed; declare their properties therapy, result (which can be failure) and weeks"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.kind == "tried"
	some fact in each.facts
	not _tells_failure(object.get(fact, ["items", "properties"], {}))
}

_tells_failure(properties) if {
	_can_be(properties.result, "failure")
	properties.therapy.type == "string"
	properties.weeks.type in {"number", "integer"}
}

_written contains [id, version, concat("/", [each.pointer, "accepted"]), $"{each.place}: accepts {name}, which is not one of the plan's formularies; the plan has {concat(", ", _formularies)}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.kind == "formulary"
	some name in each.criterion.accepted
	not name in _formularies
}

_formularies := {name | some name in data.plan.formularies}

# Criteria that nobody could meet, or that would never be considered.
_written contains [id, version, each.pointer, $"{each.place}: has the minimum {bounds.minimum}, above its maximum {bounds.maximum}; correct one of them"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	some bounds in [each.criterion, object.get(each.criterion, "when", {})]
	bounds.minimum > bounds.maximum
}

_written contains [id, version, concat("/", [each.pointer, "minimum"]), $"{each.place}: asks for {each.criterion.minimum} of {count(each.criterion.of)} therapies; correct `minimum`, or add to `of`"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.kind == "tried"
	each.criterion.minimum > count(each.criterion.of)
}

# Clauses, words and figures.
_written contains [id, version, $"/sections/{index}/number", $"section {section.number}: another section has this number; give each its own"] if {
	some [id, version, content, _] in _formed
	taken := [section.number | some section in content.sections]
	some index, section in content.sections
	count([number | some number in taken; number == section.number]) > 1
}

_written contains [id, version, concat("/", [each.pointer, "clause"]), $"{each.place}: {_in_no_section(content)}; a clause is the number of one, and may go on after a dot"] if {
	some [id, version, content, listed] in _formed
	some each in listed
	not each.section
}

_written contains [id, version, "/packs/clause", $"packs: the clause {content.packs.clause} {_in_no_section(content)}"] if {
	some [id, version, content, section] in _packed
	not section
}

_in_no_section(content) := $"is in no section; the sections are {concat(", ", [section.number | some section in content.sections])}"

# The versions that have packs, with the section of their clause.
_packed := [[id, version, content, _section(_sections(content), content.packs.clause)] |
	some [id, version, content, _] in _formed
]

_written contains [id, version, concat("/", [each.pointer, "text"]), $"{each.place}: has words that section {each.section.number} does not have; quote the clause as it stands there"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.section
	not contains(_words(each.section.text), _words(each.criterion.text))
	not startswith(each.criterion.text, concat("", [each.section.title, ": "]))
}

_written contains [id, version, concat("/", [each.pointer, "clause"]), concat("", [each.place, ": ", told])] if {
	some [id, version, _, listed] in _formed
	some each in listed
	point := split(trim_prefix(each.criterion.clause, each.section.number), ".")[1]
	regex.match(`^[0-9]+$`, point)
	points := _points(each.section.text)
	points != []
	told := _misplaced(each, point, [words | some [number, words] in points; number == point])
}

_misplaced(each, point, found) := $"section {each.section.number} has no point {point}; cite the one that has the words" if {
	found == []
} else := $"its words are not in point {point} of section {each.section.number}, but in another; cite that one" if {
	every words in found {
		not contains(words, _words(each.criterion.text))
	}
	contains(_words(each.section.text), _words(each.criterion.text))
}

# The points of the list in a text, each by its number, or its place among bullets, with its words up to the next point.
_points(text) := [[point, words] |
	lines := split(text, "\n")
	starts := _starts(lines)
	ends := array.concat(starts, [count(lines)])
	some place, start in starts
	words := _words(concat(" ", array.slice(lines, start, ends[place + 1])))
	point := array.concat(regex.find_n(`^[0-9]+`, lines[start], 1), [format_int(place + 1, 10)])[0]
]

_starts(lines) := numbered if {
	numbered := [index | some index, line in lines; regex.match(`^[0-9]+[.)]\s`, line)]
	numbered != []
} else := [index | some index, line in lines; regex.match(`^[•*-]\s`, line)]

_written contains [id, version, $"/sections/{index}", $"section {section.number}: has no criterion; write those that it sets, or add `informative: true` if it sets none"] if {
	some [id, version, content, listed] in _formed
	cited := {each.section.number | some each in listed}
	some index, section in content.sections
	not section.informative
	not section.number in cited
	not [id, version, section.number] in _cited_by_packs
}

_written contains [id, version, concat("/", [each.pointer, "clause"]), $"{each.place}: section {each.section.number} is `informative`, but this criterion cites it; remove one of the two"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.section.informative
}

_cited_by_packs := {[id, version, section.number] | some [id, version, _, section] in _packed}

_written contains [id, version, concat("/", [each.pointer, "percent"]), $"{each.place}: asks for {each.criterion.percent} percent, but its words say no percentage; is it an `amount`?"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.percent
	not _says_percent(each.criterion)
}

_says_percent(criterion) if {
	some words in array.concat([criterion.text], object.get(criterion, "readings", []))
	regex.match(`%|percent|per cent`, words)
}

_written contains [id, version, pointer, $"{each.place}: has the figure {figure}, {_not_in_words}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	figures := _figures(each.criterion)
	figures != {}
	said := _said(_own_words(each.criterion))
	some path, figure in figures
	not figure in said
	pointer := concat("/", array.concat([each.pointer], [$"{step}" | some step in path]))
}

_not_in_words := "which its words do not contain; correct it, or add a reading, under `readings`, that says where it comes from"

# The figures in values that are compared as text, and in names: stage_3, 2A, "Type 2 diabetes".
_written contains [id, version, concat("/", [each.pointer, parameter]), $"{each.place}: has the figure {figure} in `{text}`, {_not_in_words}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	texts := _texts(each)
	_figures_of(concat(" ", [text | some [_, text] in texts])) != set()
	said := _said(_own_words(each.criterion))
	some [parameter, text] in texts
	some figure in (_figures_of(text) - said)
}

# The texts in the parameters of a criterion: values and names. The digits of codes are not figures.
_texts(each) := [[parameter, text] |
	coded := _coded(each)
	compared := object.union(
		object.filter(each.criterion, ["accepted", "excluded", "of"]),
		{"when/values": values | values := each.criterion.when.values},
	)
	some parameter, values in compared
	some text in _values_and_names(values, coded)
	is_string(text)
]

_values_and_names(values, true) := [name | is_object(values); some name in values]

_values_and_names(values, false) := array.concat([key | some key, _ in values], [value | some value in values])

_coded(each) if {
	_code(each)
} else := false

# What the codes that a criterion compares look like: as their fact declares it, or ICD-10-CM codes that have a dot.
_code(each) := `^[A-Z][0-9][0-9A-Z]\.[0-9A-Z]{1,4}$` if {
	each.criterion.kind == "diagnosis"
} else := _declared_value(each.criterion, each.facts[each.criterion.fact]).pattern

# A clause that names codes names all of them.
_written contains [id, version, concat("/", [each.pointer, parameter]), $"{each.place}: has the code {code}, but its words name {concat(", ", named)}; correct it, or add a reading, under `readings`, that says where it comes from"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	pattern := _code(each)
	named := {word |
		some text in _own_words(each.criterion)
		some word in regex.find_n(`[0-9A-Za-z]+(\.[0-9A-Za-z]+)*`, text, -1)
		regex.match(`[0-9]`, word)
		regex.match(pattern, word)
	}
	named != set()
	some parameter in ["accepted", "excluded"]
	some code in _values(each.criterion[parameter])
	not _plain_code(code) in {_plain_code(each) | some each in named}
}

_plain_code(code) := replace(upper(code), ".", "")

_values(compared) := compared if {
	is_array(compared)
} else := object.keys(compared) if is_object(compared)

_written contains [id, version, $"/packs/listed/{index}", $"packs: {pack.name} has the figure {figure}, which section {section.number} does not contain; correct it, or add a reading to the section that says where it comes from"] if {
	some [id, version, content, section] in _packed
	said := _said(array.concat([section.text], object.get(section, "readings", [])))
	some index, pack in content.packs.listed
	some name in ["dose", "quantity"]
	figure := pack[name]
	not figure in said
}

_written contains [id, version, $"/packs/listed/{index}", $"packs: {pack.name} has {pack.quantity} of {content.packs.strength_mg} mg for {pack.dose} mg a week, which is not a whole number of weeks; correct one of them"] if {
	some [id, version, content, _] in _packed
	some index, pack in content.packs.listed
	(pack.quantity * content.packs.strength_mg) % pack.dose != 0
}

# The tree.
_written contains [id, version, concat("/", [each.pointer, "id"]), $"{each.place}: another criterion has this id; give each its own"] if {
	some [id, version, _, listed] in _formed
	ids := [each.criterion.id | some each in listed]
	some each in listed
	count([other | some other in ids; other == each.criterion.id]) > 1
}

_written contains [id, version, each.pointer, $"{each.place}: is in {each.depth} groups, and is a group itself; groups nest at most {groups.depth} deep, so merge this one into the group around it"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.parts
	each.depth >= groups.depth
}

_written contains [id, version, each.pointer, $"{each.place}: limits how much is covered; move it under `limits`"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	criteria.limit_kinds[each.criterion.kind]
	each.stage != "limits"
}

_written contains [id, version, each.pointer, $"{each.place}: is not a limit; move it under `applicability` or `coverage`"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.stage == "limits"
	not criteria.limit_kinds[each.criterion.kind]
	not each.criterion.kind in {"all", "branch"}
}

_written contains [id, version, concat("/", [each.pointer, "when"]), $"{each.place}: has `when`, which only the parts of a branch have; leave it out, or make a branch"] if {
	some [id, version, _, listed] in _formed
	branched := {$"{each.pointer}/parts/{index}" | some each in listed; each.criterion.kind == "branch"; some index, _ in each.criterion.parts}
	some each in listed
	each.criterion.when
	not each.pointer in branched
}

_written contains [id, version, $"{each.pointer}/parts/{second}/when", $"{_label(other)}: is for {value} of {each.criterion.fact}, and so is {part.id}; a value has one part, so correct one of them"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.criterion.kind == "branch"
	some second, other in each.criterion.parts
	some first, part in each.criterion.parts
	first < second
	value := _shared(part.when, other.when)
}

# A value that two parts of a branch are both for.
_shared(one, other) := min(shared) if {
	shared := {value |
		some [values, when] in [[_marks(one), other], [_marks(other), one]]
		some value in values
		_is_for(when, value)
	}
}

# The values of a part, or the figure that its range starts from; a range without a minimum is marked by its maximum.
_marks(when) := when.values if {
	when.values
} else := [object.get(when, "minimum", object.get(when, "maximum", null))]

_is_for(when, value) if value in when.values

_is_for(when, value) if {
	not when.values
	is_number(value)
	value >= object.get(when, "minimum", value)
	value <= object.get(when, "maximum", value)
}

# How its rules decide requests that state nothing. Asked only once the data is sound: other data has no decision, or
# none that says more.
_decided contains [id, version, "", $"its rules cannot decide a request of type {type}; a kind has no answer for what a criterion says"] if {
	some [id, version, type, _, found] in _probes
	found == []
}

_decided contains [id, version, each.pointer, $"{each.place}: an absent fact decides it: it is {criterion.status} where nothing is stated; the kind {each.criterion.kind} must answer unknown"] if {
	some [id, version, _, listed, [probe]] in _probes
	some criterion in _leaves(probe.criteria)
	not criterion.status in {"unknown", "not_considered"}
	some each in listed
	each.criterion.id == criterion.id
	each.asks != []
}

_leaves(criteria) := array.concat(
	[criterion | some criterion in criteria; not criterion.parts],
	[criterion |
		some group in criteria
		walk(group.parts, [_, criterion])
		criterion.facts
	],
)

_probes := [[id, version, type, listed, found] |
	some [id, version, content, listed] in _formed
	not id in _faulty
	some type in ["initial", "renewal"]
	found := [decided |
		decided := document.whole with input as {
			"type": type,
			"service_date": content.in_force.from,
			"drug": {"name": guidelines.drug_names[id][0]},
		}
		decided.guideline.version == version
	]
]

_faulty contains finding[0] if some finding in _written

# The plan's settings.
_written contains ["", "", "/plan/clinician_review", "policy/plan: clinician_review must be an array of outcomes"] if not _reviewed

_reviewed if {
	is_array(data.plan.clinician_review)
	every outcome in data.plan.clinician_review {
		outcome in {"approved", "modified", "denied", "pended", "not_applicable", "invalid"}
	}
}

_written contains ["", "", "/plan/early_renewal_days", "policy/plan: early_renewal_days must be a number of days"] if {
	not is_number(object.get(data.plan, "early_renewal_days", null))
}

_written contains ["", "", "/plan/formularies", "policy/plan: formularies must map each spelling to its formulary"] if {
	not is_object(object.get(data.plan, "formularies", null))
}

# The sections of a text by their numbers; of two with one number the first.
_sections(content) := object.union_n(array.reverse([{section.number: section} | some section in content.sections]))

# The section that a clause is in: the one with the longest number that the clause begins with; `false` for none.
_section(sections, clause) := fitting[0] if {
	steps := split(clause, ".")
	fitting := [section |
		some size in numbers.range(count(steps), 1)
		section := sections[concat(".", array.slice(steps, 0, size))]
	]
} else := false

# Words as they are compared: without line breaks, bullets, and the AND and OR that join them.
_words(text) := trim(regex.replace(regex.replace(lower(text), `[•\s;:,.]+`, " "), ` (and|or) `, " "), " ")

_own_words(criterion) := array.concat([criterion.text], object.get(criterion, "readings", []))

# The figures of a criterion itself, without those of its parts, by their place in it.
_figures(criterion) := {path: figure |
	walk(object.remove(criterion, ["parts"]), [path, figure])
	is_number(figure)
}

# The figures in a value or a name: 3 in stage_3, and 2a in 2A, which is another than 2.
_figures_of(text) := {_figure(found) |
	some found in regex.find_n(`[0-9]+(\.[0-9]+)?[a-z]?\b`, replace(lower(text), "_", " "), -1)
}

_figure(found) := to_number(found) if {
	regex.match(`[0-9]$`, found)
} else := found

# The figures that texts say, in digits or in words.
_said(texts) := {to_number(replace(number, ",", "")) |
	some number in regex.find_n(`[0-9]+(,[0-9]{3})*(\.[0-9]+)?`, concat("\n", texts), -1)
} | ({number | some number in object.filter(_number_words, split(_words(concat("\n", texts)), " "))} | _figures_of(concat("\n", texts)))

_number_words := {
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
	"seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}
