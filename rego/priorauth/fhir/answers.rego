# METADATA
# title: Answers
# description: >-
#   Facts as the answers of a QuestionnaireResponse, and back: by the `linkId`, which is a fact's path, and by how the
#   fact is declared. A list that is stated to be empty is the answer true to `<path>.none`.
package priorauth.fhir.answers

import data.priorauth.fhir.resources

# METADATA
# title: Written
# description: >-
#   The items that state a fact; none where it is not stated. `origin` is the extension that says where answers come
#   from.
written(path, declared, value, origin) := [{
	"linkId": $"{path}.none",
	"answer": [{"valueBoolean": true, "extension": [origin]}],
}] if {
	declared.empty == "none"
	value == []
} else := [{"linkId": path, "item": members} |
	some each in value
	members := [{"linkId": link, "answer": [_answer(property, link, each[name], origin)]} |
		some name in properties(declared.items)
		property := declared.items.properties[name]
		link := $"{path}.{name}"
		each[name] != null
	]
] if {
	declared.items.type == "object"
} else := [{"linkId": path, "answer": [_answer(declared.items, path, each, origin) | some each in value]} | value != []] if {
	declared.type == "array"
} else := [{"linkId": path, "answer": [_answer(declared, path, value, origin)]}]

_answer(declared, path, value, origin) := object.union({"extension": [origin]}, typed("value", declared, path, value))

# METADATA
# title: Typed
# description: A value of a fact as the element `value[x]`, or `answer[x]`, of its type.
typed(element, declared, path, value) := {$"{element}Coding": coding(path, value)} if {
	declared.enum
} else := {$"{element}{kind(declared)}": value}

# METADATA
# title: Properties
# description: The properties of a list's items in the order of a form, which is those that are required first.
properties(declared) := array.concat(required, sort(object.keys(declared.properties) - {name | some name in required})) if {
	required := object.get(declared, "required", [])
}

# METADATA
# title: Coding
# description: One of the values of a fact, as a code of the plan's own.
coding(path, value) := {"system": system(path), "code": value, "display": replace(value, "_", " ")}

# METADATA
# title: System
# description: The URL that names the values of a fact.
system(path) := $"{data.plan.fhir.url}/CodeSystem/{path}"

# METADATA
# title: Kind
# description: The FHIR type of the answers to a question, as it ends the name of an element; undefined for objects.
kind(declared) := "Coding" if {
	declared.enum
} else := "Date" if {
	declared.format == "date"
} else := {"string": "String", "boolean": "Boolean", "integer": "Integer", "number": "Decimal"}[declared.type]

# METADATA
# title: Read
# description: >-
#   What a QuestionnaireResponse states, as facts by their paths, and what is wrong with it, by `linkId`: `null` for one
#   that names no fact, which is not quoted. `declared` has the facts that it may be about; only those that a prescriber
#   knows are for it to state.
read(response, declared) := {
	"facts": {path: answered.value | some path, answered in found},
	"faults": [{"linkId": fault[0], "message": fault[1]} | some fault in sort(union({
		{[path, answered.fault] | some path, answered in found},
		{[_known(link, declared), "is not a question for the prescriber"] | some link, path in links; path == ""},
	}))],
} if {
	items := [item | some item in resources.listed(response.item)]
	links := {item.linkId: path | some item in items; path := _path(item.linkId, declared)}
	found := {path: answered |
		some path in {path | some _, path in links; path != ""}
		answered := _read(path, declared[path], items)
	}
}

# The fact that a `linkId` is of; none (`""`) where it is of no fact that a prescriber knows.
_path(link, declared) := link if {
	declared[link].known_by == "prescriber"
} else := path if {
	path := trim_suffix(resources.text(link), ".none")
	declared[path].known_by == "prescriber"
	declared[path].empty == "none"
} else := ""

_known(link, declared) := link if {
	declared[trim_suffix(resources.text(link), ".none")]
} else := null

# The value that items state of a fact, or what is wrong with them; undefined where they say nothing of it.
_read(path, declared, items) := {"fault": "states both that there are none and some items"} if {
	declared.empty == "none"
	_none(path, items)
	some item in items
	item.linkId == path
} else := {"value": []} if {
	declared.empty == "none"
	_none(path, items)
} else := {"fault": fault} if {
	own := _of(path, items)
	fault := [fault | some item in own; fault := _fault(path, declared, item)][0]
} else := {"fault": "is given more than once"} if {
	count(_of(path, items)) > 1
	not declared.items.properties
} else := {"value": list} if {
	declared.items.type == "object"
	list := [members | some item in _of(path, items); members := _members(path, declared.items, item.item); members != {}]
	list != []
} else := {"value": list} if {
	declared.type == "array"
	[item] := _of(path, items)
	list := _answers(path, declared.items, item)
	list != []
} else := {"value": value} if {
	[item] := _of(path, items)
	[value] := _answers(path, declared, item)
}

_of(path, items) := [item | some item in items; item.linkId == path]

_none(path, items) if {
	[item] := _of($"{path}.none", items)
	item.answer[0].valueBoolean == true
}

_members(path, declared, items) := {name: value |
	some name, property in declared.properties
	link := $"{path}.{name}"
	[item] := _of(link, items)
	[value] := _answers(link, property, item)
}

# The answers of an item that are of the kind that the fact is declared to be.
_answers(path, declared, item) := [value |
	element := $"value{kind(declared)}"
	some answer in resources.listed(item.answer)
	value := _said(answer[element], declared, path)
]

_said(value, declared, _) := value if not declared.enum

_said(value, declared, path) := value.code if {
	value.system == system(path)
	value.code in declared.enum
}

# What is wrong with an item of a fact.
_fault(path, declared, item) := "is a group: answer its items instead" if {
	declared.items.type == "object"
	item.answer
} else := $"has {sort(unsound)[0]} that does not fit the questionnaire" if {
	declared.items.type == "object"
	unsound := {_named(path, declared.items, member) |
		some member in item.item
		not _member_sound(path, declared.items, member)
	}
	unsound != set()
} else := "has an item more than once" if {
	declared.items.type == "object"
	count({member.linkId | some member in item.item}) < count(resources.listed(item.item))
} else := $"must be answered by value{kind(each)}, as the questionnaire offers" if {
	each := object.get(declared, "items", declared)
	each.type != "object"
	not _answered(path, each, item)
} else := "has more than one answer" if {
	declared.type != "array"
	count(item.answer) > 1
}

_named(path, declared, member) := $"a {link}" if {
	some name, _ in declared.properties
	link := $"{path}.{name}"
	member.linkId == link
} else := "an item"

_member_sound(path, declared, member) if {
	some name, property in declared.properties
	member.linkId == $"{path}.{name}"
	_answered(member.linkId, property, member)
	count(object.get(member, "answer", [])) < 2
}

_answered(path, declared, item) if {
	answers := object.get(item, "answer", [])
	is_array(answers)
	count(_answers(path, declared, item)) == count(answers)
}
