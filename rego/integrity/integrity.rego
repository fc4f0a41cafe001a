# METADATA
# title: Integrity
# description: >-
#   What is wrong with the guidelines on file: each version as data, by its schema and by what a schema cannot say, and as
#   its rules decide requests that state nothing. Each finding says which clause, what is wrong, and what to do. Not compiled
#   to Wasm, for it is asked when a policy is tested, built and brought into service, never for a decision.
package integrity

import data.priorauth.calendar
import data.priorauth.criteria
import data.priorauth.criteria.groups
import data.priorauth.document
import data.priorauth.guidelines
import data.priorauth.spelling

# METADATA
# title: Findings
# description: Every finding, by guideline, version and JSON Pointer; empty when all is sound.
findings := [{"guideline": finding[0], "version": finding[1], "path": finding[2], "message": finding[3]} |
	some finding in sort(_written | _decided)
]

# METADATA
# title: Scope
# description: >-
#   The guidelines that are looked at, which is all of them. Who writes one looks at that one, by `with`; it is still held
#   against the others.
scope := object.keys(data.guidelines)

# Each version with what its schema finds. A complete rule, so that it is asked once.
_checked := [[id, version, content, found] |
	some id in scope
	some version, content in data.guidelines[id]
	found := _matched(content)
]

# A text would be read as JSON.
_matched(content) := json.match_schema(content, data.schemas.guideline) if {
	is_object(content)
} else := [false, [{"field": "(Root)", "desc": $"Invalid type. Expected: object, given: {type_name(content)}"}]]

# The versions of the form that the schema says, each with its criteria. What has another form is not looked at further.
_formed := [[id, version, content, _criteria(content)] | some [id, version, content, [true, _]] in _checked]

# All criteria of a version, parts after their groups, each with where it stands and how many groups it is in.
_criteria(content) := [each |
	some stage in ["applicability", "coverage", "limits"]
	some type in ["every_request", "initial", "renewal"]
	walk(content.criteria[stage][type], [path, criterion])
	criterion.kind
	each := {
		"stage": stage,
		"criterion": criterion,
		"pointer": concat("/", array.concat(["", "criteria", stage, type], [$"{step}" | some step in path])),
		"place": _label(criterion),
		"depth": count([step | some step in path; step == "parts"]),
	}
]

# The form of the data.
_written contains ["", "", "/guidelines", "there is no guideline: add policy/guidelines/<id>/<date>/data.yaml"] if {
	count(data.guidelines) == 0
}

_written contains [id, version, concat("/", array.concat([""], steps)), concat("", [_place(content, steps), _plainly(fault)])] if {
	some [id, version, content, [false, faults]] in _checked
	some fault in _telling(faults)
	steps := [step | some step in split(fault.field, "."); step != "(Root)"]
}

# Of a criterion that is not as its kind says, some faults only say so again, for each group that it is in.
_telling(faults) := telling if {
	telling := [fault | some fault in faults; not startswith(fault.desc, "Must validate ")]
	telling != []
} else := faults

_plainly(fault) := regex.replace(fault.desc, `^Additional property (.*) is not allowed$`, "has `$1`, which has no meaning here; it may be misspelt, or belong elsewhere") if {
	startswith(fault.desc, "Additional property ")
} else := regex.replace(fault.desc, `^(.*) is required$`, "lacks `$1`; add it") if {
	endswith(fault.desc, " is required")
} else := regex.replace(fault.desc, `^Invalid type. Expected: (.*), given: (.*)$`, "must be of type $1, and is of type $2") if {
	startswith(fault.desc, "Invalid type.")
} else := lower(trim_prefix(fault.desc, concat("", [fault.field, " "])))

# Where a fault is, for who reads the guideline: the clause and the criterion, and what of it.
_place(content, steps) := concat("", [_label(criterion), concat("", [concat(".", array.concat([""], rest)) | rest != []]), ": "]) if {
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

_written contains [id, version, "/effective_date", $"effective_date: is {content.effective_date}, and the folder is named {version}; a version is named for the day it became effective, so correct one of them"] if {
	some [id, version, content, _] in _formed
	content.effective_date != version
}

_written contains [id, version, concat("", ["/", replace(path, ".", "/")]), $"{path}: {day} is no day that exists; write a real one as YYYY-MM-DD"] if {
	some [id, version, content, _] in _formed
	some path in ["effective_date", "in_force.from", "in_force.to"]
	day := object.get(content, split(path, "."), null)
	day != null
	not calendar.day(day)
}

_written contains [id, version, $"/changes/{index}/date", $"changes: {change.date} is no day that exists; write a real one as YYYY-MM-DD"] if {
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
	some [same, other, there, _] in _formed
	same == id
	other != version
	content.in_force.from <= object.get(there.in_force, "to", "9999")
	there.in_force.from <= object.get(content.in_force, "to", "9999")
}

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

_unfoldable := "has a character from U+2C00 on, where not every host folds case alike; spell it in other letters"

# Facts.
_written contains [id, version, concat("/", ["/facts", fact]), $"facts: {fact} is declared otherwise in {other}; one fact is one thing, so declare it in the same words or give it another name"] if {
	some [id, version, content, _] in _formed
	some fact, declared in content.facts
	some other, there in _declarations[fact]
	there != declared
}

_declarations[fact]["policy/facts"] := declared if some fact, declared in data.facts

_declarations[fact][$"policy/guidelines/{id}/{version}"] := declared if {
	some id, versions in data.guidelines
	some version, content in versions
	some fact, declared in content.facts
}

_written contains [id, version, concat("/", ["/facts", fact, "pattern"]), $"facts: the pattern of {fact} is no regular expression; correct it"] if {
	some [id, version, content, _] in _formed
	some fact, declared in content.facts
	walk(declared, [path, pattern])
	path[count(path) - 1] == "pattern"
	is_string(pattern)
	not regex.is_valid(pattern)
}

_written contains [id, version, each.pointer, $"{each.place}: there is no fact {fact}; correct its name, or declare it under `facts` (policy/facts has those that all share)"] if {
	some [id, version, content, listed] in _formed
	declared := guidelines.declared(content)
	some each in listed
	some fact in guidelines.asked(each.criterion)
	not declared[fact]
}

_written contains [id, version, $"/packs/{name}", $"packs: there is no fact {fact}; correct its name, or declare it under `facts` (policy/facts has those that all share)"] if {
	some [id, version, content, _] in _formed
	some name in ["quantity", "dose", "schedule"]
	fact := content.packs[name]
	not guidelines.declared(content)[fact]
}

_written contains [id, version, concat("/", [each.pointer, "questions", fact]), $"{each.place}: asks for {fact}, which it does not rest on; a question is for {concat(" or ", guidelines.asked(each.criterion))}"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	some fact, _ in each.criterion.questions
	not fact in guidelines.asked(each.criterion)
}

# What a kind compares must be what the fact can be, or it would deny whatever is stated.
_written contains [id, version, each.pointer, $"{each.place}: the kind {each.criterion.kind} cannot judge {fact}, which is of type {declared.type}; use another kind, or another fact"] if {
	some [id, version, content, listed] in _formed
	some each in listed
	some fact in guidelines.asked(each.criterion)
	declared := guidelines.declared(content)[fact]
	not _judges(each.criterion.kind, declared)
}

_judges(kind, declared) if declared.type in _types[kind]

_judges("dated_within", declared) if declared.format == "date"

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

_written contains [id, version, each.pointer, $"{each.place}: compares with {value}, which {each.criterion.fact} can never be; it can be {concat(", ", values)}"] if {
	some [id, version, content, listed] in _formed
	declared := guidelines.declared(content)
	some each in listed
	values := _values(declared[each.criterion.fact], each.criterion)
	some value in _compared(each.criterion)
	not value in values
}

# What a fact, or what of a list's items is compared, can be where its declaration lists it.
_values(declared, _) := declared.enum if declared.enum

_values(declared, _) := declared.items.enum if declared.items.enum

_values(declared, criterion) := declared.items.properties[_property(criterion)].enum

_property(criterion) := "therapy" if {
	criterion.kind == "tried"
} else := criterion.of

_compared(criterion) := array.concat(criterion.accepted, object.get(criterion, "undetermined", [])) if {
	criterion.kind == "one_of"
} else := [value | some part in criterion.parts; some value in part.when.values] if {
	criterion.kind == "branch"
} else := object.keys(criterion.accepted) if {
	criterion.kind == "any_of"
} else := object.keys(criterion.excluded) if {
	criterion.kind == "none_of"
} else := object.keys(criterion.of) if {
	criterion.kind == "tried"
}

_written contains [id, version, each.pointer, $"{each.place}: compares by the property {each.criterion.of}, which the items of {each.criterion.fact} do not have; correct `of`"] if {
	some [id, version, content, listed] in _formed
	some each in listed
	each.criterion.kind in {"any_of", "none_of"}
	each.criterion.of
	not guidelines.declared(content)[each.criterion.fact].items.properties[each.criterion.of]
}

_written contains [id, version, each.pointer, $"{each.place}: has both `{one}` and `{other}`; keep the one that the text says"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	some kind, [one, other] in {"dated_within": ["months", "days"], "response": ["percent", "amount"]}
	each.criterion.kind == kind
	each.criterion[one]
	each.criterion[other]
}

# Clauses, words and figures.
_written contains [id, version, $"/sections/{index}/number", $"section {section.number}: another section has this number; give each its own"] if {
	some [id, version, content, _] in _formed
	some index, section in content.sections
	count([other | some other in content.sections; other.number == section.number]) > 1
}

_written contains [id, version, concat("/", [each.pointer, "clause"]), $"{each.place}: is in no section; the sections are {concat(", ", [section.number | some section in content.sections])}, and a clause is one of them, with what follows a dot"] if {
	some [id, version, content, listed] in _formed
	some each in listed
	not _section(content, each.criterion.clause)
}

_written contains [id, version, "/packs/clause", $"packs: the clause {content.packs.clause} is in no section; the sections are {concat(", ", [section.number | some section in content.sections])}"] if {
	some [id, version, content, _] in _formed
	not _section(content, content.packs.clause)
}

_written contains [id, version, concat("/", [each.pointer, "text"]), $"{each.place}: has words that section {section.number} does not have; quote the clause as it stands there"] if {
	some [id, version, content, listed] in _formed
	some each in listed
	section := _section(content, each.criterion.clause)
	not contains(_words(section.text), _words(each.criterion.text))
	not startswith(each.criterion.text, concat("", [section.title, ": "]))
}

_written contains [id, version, $"/sections/{index}", $"section {section.number}: has no criterion; write those that it makes, or say `informative: true` where it makes none"] if {
	some [id, version, content, listed] in _formed
	some index, section in content.sections
	not section.informative
	not section.number in _cited(content, listed)
}

_cited(content, listed) := {_section(content, clause).number |
	some clause in array.concat(
		[each.criterion.clause | some each in listed],
		[content.packs.clause | content.packs],
	)
}

_written contains [id, version, pointer, $"{each.place}: has the figure {figure}, which its words do not contain; correct it, or add a reading, under `readings`, that says where it comes from"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	numbers := _numbers(array.concat([each.criterion.text], object.get(each.criterion, "readings", [])))
	some path, figure in _figures(each.criterion)
	not figure in numbers
	pointer := concat("/", array.concat([each.pointer], [$"{step}" | some step in path]))
}

_written contains [id, version, $"/packs/listed/{index}", $"packs: {pack.name} has the figure {figure}, which section {section.number} does not contain; correct it, or add a reading to the section that says where it comes from"] if {
	some [id, version, content, _] in _formed
	some index, pack in content.packs.listed
	section := _section(content, content.packs.clause)
	numbers := _numbers(array.concat([section.text], object.get(section, "readings", [])))
	some name in ["dose", "quantity"]
	figure := pack[name]
	not figure in numbers
}

_written contains [id, version, $"/packs/listed/{index}", $"packs: {pack.name} has {pack.quantity} of {content.packs.strength_mg} mg for {pack.dose} mg a week, which makes no whole weeks; correct one of them"] if {
	some [id, version, content, _] in _formed
	some index, pack in content.packs.listed
	(pack.quantity * content.packs.strength_mg) % pack.dose != 0
}

# The tree.
_written contains [id, version, concat("/", [each.pointer, "id"]), $"{each.place}: another criterion has this id; give each its own"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	count([other | some other in listed; other.criterion.id == each.criterion.id]) > 1
}

_written contains [id, version, each.pointer, $"{each.place}: is in {each.depth} groups, and is a group itself; groups nest at most {groups.depth} deep, so join this one with the one around it"] if {
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

_written contains [id, version, each.pointer, $"{each.place}: is no limit; move it under `applicability` or `coverage`"] if {
	some [id, version, _, listed] in _formed
	some each in listed
	each.stage == "limits"
	not criteria.limit_kinds[each.criterion.kind]
	not each.criterion.kind in {"all", "branch"}
}

# How its rules decide requests that state nothing. Asked once the data is as it should be, for data that is not has no
# decision, or none that says more.
_decided contains [id, version, "", $"its rules cannot decide a request of type {type}; a kind has no answer for what a criterion says"] if {
	some [id, version, type, _, found] in _probes
	found == []
}

_decided contains [id, version, each.pointer, $"{each.place}: an absent fact decides it: it is {criterion.status} where nothing is stated; the kind {each.criterion.kind} must answer unknown"] if {
	some [id, version, _, listed, [probe]] in _probes
	walk(probe.criteria, [_, criterion])
	criterion.facts
	not criterion.status in {"unknown", "not_considered"}
	some each in listed
	each.criterion.id == criterion.id
	guidelines.asked(each.criterion) != []
}

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

_written contains ["", "", "/plan/formularies", "policy/plan: formularies must name each formulary by its spellings"] if {
	not is_object(object.get(data.plan, "formularies", null))
}

# The section that a clause is in: of the number it has, or the longest that it goes on from after a dot.
_section(content, clause) := sections[count(sections) - 1] if {
	sections := [section |
		some size in numbers.range(1, count(clause))
		substring(concat("", [clause, "."]), size, 1) == "."
		number := substring(clause, 0, size)
		found := [section | some section in content.sections; section.number == number]
		section := found[0]
	]
	sections != []
}

# Words as they are compared: without line breaks, bullets, and the AND and OR that join them.
_words(text) := trim(regex.replace(regex.replace(lower(text), `[•\s;:,.]+`, " "), ` (and|or) `, " "), " ")

# The figures of a criterion itself, and not of its parts, by where they stand in it.
_figures(criterion) := {path: figure |
	walk(object.remove(criterion, ["parts", "questions", "readings", "clause", "text"]), [path, figure])
	is_number(figure)
}

_numbers(texts) := {to_number(replace(number, ",", "")) |
	some text in texts
	some number in regex.find_n(`[0-9]+(,[0-9]{3})*(\.[0-9]+)?`, text, -1)
} | {number |
	some text in texts
	some word in split(_words(text), " ")
	number := _number_words[word]
}

_number_words := {
	"a": 1, "an": 1, "any": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
	"seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}
