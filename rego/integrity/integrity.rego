# METADATA
# title: Integrity
# description: >-
#   What is wrong with the guidelines on file: each version as data, by its schema and by what a schema cannot say, and as
#   its rules decide requests that state nothing. Not compiled to Wasm, for it is asked when a policy is tested, built and
#   brought into service, never for a decision.
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
	some finding in sort(_findings)
]

# Whether a version has the form that its schema says. What has another form is not looked at further.
_formed[[id, version]] := content if {
	some id, versions in data.guidelines
	some version, content in versions
	json.match_schema(content, data.schemas.guideline)[0]
}

_findings contains [id, version, concat("/", ["", replace(fault.field, ".", "/")]), fault.desc] if {
	some id, versions in data.guidelines
	some version, content in versions
	[_, faults] := json.match_schema(content, data.schemas.guideline)
	some fault in faults
}

_findings contains ["", "", "/guidelines", "there must be at least one guideline"] if count(_formed) == 0

_findings contains [id, version, "/effective_date", "must be the day that the version's folder is named for"] if {
	some [id, version], content in _formed
	content.effective_date != version
}

_findings contains [id, version, path, "must be a day that exists"] if {
	some [id, version], content in _formed
	some path, day in {
		"/effective_date": content.effective_date,
		"/in_force/from": content.in_force.from,
		"/in_force/to": object.get(content.in_force, "to", content.in_force.from),
	}
	not calendar.day(day)
}

_findings contains [id, version, $"/changes/{index}/date", "must be a day that exists"] if {
	some [id, version], content in _formed
	some index, change in content.changes
	not calendar.day(change.date)
}

_findings contains [id, version, "/in_force", "must not end before it starts"] if {
	some [id, version], content in _formed
	content.in_force.to < content.in_force.from
}

_findings contains [id, version, "/in_force", concat(" ", ["must not share a day with version", other])] if {
	some [id, version], content in _formed
	some other, _ in data.guidelines[id]
	other != version
	content.in_force.from <= object.get(_formed[[id, other]].in_force, "to", "9999")
	_formed[[id, other]].in_force.from <= object.get(content.in_force, "to", "9999")
}

# Drug names.
_findings contains [id, version, "", concat("", ["no drug name finds it: add policy/drugs/<name>/data.yaml with `guideline: ", id, "`"])] if {
	some [id, version], _ in _formed
	guidelines.drug_names[id] == []
}

_findings contains ["", "", concat("/", ["/drugs", name]), "must name a guideline on file, and be in lower case without space around it"] if {
	some name, drug in data.drugs
	not _found(name, drug)
}

_found(name, drug) if {
	data.guidelines[drug.guideline]
	spelling.plain(name) == name
}

# Facts.
_findings contains [id, version, concat("/", ["/facts", path]), "is declared otherwise elsewhere; two that declare one fact must say the same"] if {
	some [id, version], content in _formed
	some path, declared in content.facts
	some other in (_declarations[path] - {declared})
	other != declared
}

_declarations[path] contains declared if some path, declared in data.facts

_declarations[path] contains declared if {
	some content in _formed
	some path, declared in content.facts
}

_findings contains [id, version, pointer, concat("", ["there is no fact ", fact, "; declare it under `facts`, or see policy/facts"])] if {
	some [id, version], content in _formed
	some [pointer, fact] in _named_facts(content)
	not guidelines.declared(content)[fact]
}

_named_facts(content) := {[pointer, fact] |
	some each in guidelines.listed(content)
	pointer := _pointer(each)
	some fact in array.concat(guidelines.asked(each.criterion), [path | some path, _ in each.criterion.questions])
} | {["/packs", fact] | some name in ["quantity", "dose", "schedule"]; fact := content.packs[name]}

_findings contains [id, version, concat("/", [_pointer(each), "questions", fact]), "asks for a fact that the criterion does not rest on"] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	some fact, _ in each.criterion.questions
	not fact in guidelines.asked(each.criterion)
}

# Clauses, words and figures.
_findings contains [id, version, _pointer(each), concat("", ["cites the clause ", each.criterion.clause, ", which is in no section"])] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	not _section(content, each.criterion.clause)
}

_findings contains [id, version, concat("/", [_pointer(each), "text"]), "has words that its section does not have"] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	section := _section(content, each.criterion.clause)
	not contains(_words(section.text), _words(each.criterion.text))
	not startswith(each.criterion.text, concat("", [section.title, ": "]))
}

_findings contains [id, version, $"/sections/{index}", "has no criterion; write those that it makes, or say `informative: true`"] if {
	some [id, version], content in _formed
	some index, section in content.sections
	not section.informative
	not section.number in _cited(content)
}

_cited(content) := {split(clause, ".")[0] |
	some clause in array.concat(
		[each.criterion.clause | some each in guidelines.listed(content)],
		[content.packs.clause | content.packs],
	)
}

_findings contains [id, version, _pointer(each), $"has the figure {figure}, which the words of {each.criterion.clause} do not contain; correct it, or add a reading that says where it comes from"] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	some figure in _figures(each.criterion)
	not figure in _numbers(array.concat([each.criterion.text], object.get(each.criterion, "readings", [])))
}

_findings contains [id, version, $"/packs/listed/{index}", $"has the figure {figure}, which the words of {content.packs.clause} do not contain"] if {
	some [id, version], content in _formed
	some index, pack in content.packs.listed
	section := _section(content, content.packs.clause)
	numbers := _numbers(array.concat([section.text], object.get(section, "readings", [])))
	some name in ["dose", "quantity"]
	figure := pack[name]
	not figure in numbers
}

_findings contains [id, version, "/packs/listed", $"has {pack.quantity} of {content.packs.strength_mg} mg in a pack of {pack.dose} mg a week, which makes no whole weeks"] if {
	some [id, version], content in _formed
	some pack in content.packs.listed
	(pack.quantity * content.packs.strength_mg) % pack.dose != 0
}

# The tree.
_findings contains [id, version, _pointer(each), $"has the id of another criterion; ids are unique in a version"] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	count([other | some other in guidelines.listed(content); other.criterion.id == each.criterion.id]) > 1
}

_findings contains [id, version, $"/criteria/{stage}/{type}", $"nests groups deeper than {groups.depth}; rules have no recursion, so split the tree"] if {
	some [id, version], content in _formed
	some stage, types in content.criteria
	some type, tree in types
	walk(tree, [path, _])
	count([step | some step in path; step == "parts"]) > groups.depth
}

_findings contains [id, version, _pointer(each), "limits how much is covered, so it belongs under `limits`"] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	criteria.limit_kinds[each.criterion.kind]
	each.stage != "limits"
}

_findings contains [id, version, _pointer(each), "is no limit, so it belongs under `applicability` or `coverage`"] if {
	some [id, version], content in _formed
	some each in guidelines.listed(content)
	each.stage == "limits"
	not each.criterion.kind in object.keys(object.union(criteria.limit_kinds, {"all": true, "branch": true}))
}

# How its rules decide requests that state nothing.
_findings contains [id, version, "", concat(" ", ["its rules cannot decide a request of type", type])] if {
	some [id, version], _ in _formed
	some type in ["initial", "renewal"]
	not _probes[[id, version, type]]
}

_findings contains [id, version, "", $"an absent fact decides {criterion.id}: it is {criterion.status} where nothing is stated"] if {
	some [id, version, _], probe in _probes
	walk(probe.criteria, [_, criterion])
	criterion.facts
	not criterion.status in {"unknown", "not_considered"}
	some each in guidelines.listed(_formed[[id, version]])
	each.criterion.id == criterion.id
	guidelines.asked(each.criterion) != []
}

_probes[[id, version, type]] := decided if {
	some [id, version], content in _formed
	some type in ["initial", "renewal"]
	decided := document.whole with input as {
		"type": type,
		"service_date": content.in_force.from,
		"drug": {"name": guidelines.drug_names[id][0]},
	}
	decided.guideline.version == version
}

# The plan's settings.
_findings contains ["", "", "/plan/clinician_review", "must be an array of outcomes"] if not _reviewed

_reviewed if {
	is_array(data.plan.clinician_review)
	every outcome in data.plan.clinician_review {
		outcome in {"approved", "modified", "denied", "pended", "not_applicable", "invalid"}
	}
}

_findings contains ["", "", "/plan/early_renewal_days", "must be a number of days"] if not is_number(object.get(data.plan, "early_renewal_days", null))

_findings contains ["", "", "/plan/formularies", "must name each formulary by its spellings"] if not is_object(object.get(data.plan, "formularies", null))

_pointer(each) := concat("/", ["/criteria", each.stage, object.get({null: "every_request"}, each.type, each.type), each.criterion.id])

_section(content, clause) := section if {
	some section in content.sections
	section.number == split(clause, ".")[0]
}

# Words as they are compared: without line breaks, bullets, and the AND and OR that join them.
_words(text) := trim(regex.replace(regex.replace(lower(text), `[•\s;:,.]+`, " "), ` (and|or) `, " "), " ")

_figures(criterion) := {figure |
	walk(object.remove(criterion, ["parts", "questions", "readings", "clause", "text"]), [_, figure])
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
