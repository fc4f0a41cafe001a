# METADATA
# title: Tests of integrity
# description: Each mistake planted in a guideline that is sound, and what is said of it.
package integrity_test

import data.integrity

test_the_guidelines_on_file_are_sound if {
	data.priorauth.integrity == []
}

test_patterns_of_another_vocabulary if {
	told := [{
		"guideline": "",
		"version": "",
		"path": "/facts",
		"message": "the patterns of the usual request are made from another vocabulary of facts; run `make docs`",
	}]
	changed := integrity.findings with data.usual.of as "another" with data.guidelines as {"a": {"2024-01-01": _sample}} with data.drugs as {"a": {"guideline": "a"}}
	changed == told
	lacking := integrity.findings with data.usual as {} with data.guidelines as {"a": {"2024-01-01": _sample}} with data.drugs as {"a": {"guideline": "a"}}
	lacking == told
}

# Plants are [operations, JSON Pointer, message]: one mistake each, in a guideline of these tests. All of a theme are on
# file at once, each by the name of its mistake; as cases of one test each would be evaluated with all others again.
test_mistakes_of_form if {
	_all_told(_plants.form) == _expected(_plants.form)
}

test_mistakes_of_days if {
	_all_told(_plants.dates) == _expected(_plants.dates)
}

test_mistakes_of_facts if {
	_all_told(_plants.facts) == _expected(_plants.facts)
}

test_mistakes_of_words if {
	_all_told(_plants.words) == _expected(_plants.words)
}

test_mistakes_of_the_tree if {
	_all_told(_plants.tree) == _expected(_plants.tree)
}

test_mistakes_that_nobody_could_meet if {
	_all_told(_plants["what nobody could meet"]) == _expected(_plants["what nobody could meet"])
}

test_mistakes_of_branches if {
	_all_told(_plants.branches) == _expected(_plants.branches)
}

test_what_is_no_mistake if {
	found := _findings(_sound)
	found == []
}

_all_told(plants) := {name: _told(found, name) | some name, _ in plants} if {
	found := _findings({name: operations | some name, [operations, _, _] in plants})
}

_expected(plants) := {name: [["2024-01-01", pointer, message]] | some name, [_, pointer, message] in plants}

_told(found, name) := [[finding.version, finding.path, finding.message] |
	some finding in found
	finding.guideline == name
]

_findings(operations) := found if {
	found := integrity.findings with data.guidelines as {name: {"2024-01-01": json.patch(_sample, each)} | some name, each in operations}
		with data.drugs as {name: {"guideline": name} | some name, _ in operations}
}

_plants := {
	"form": {
		"a reading of a branch's part that is no text": [
			[{"op": "add", "path": "/criteria/coverage/renewal/0/parts/0/readings", "value": [1]}],
			"/criteria/coverage/renewal/0/parts/0/readings/0",
			"C (recent).readings.0: must be of type string, and is of type integer",
		],
		"a threshold without a figure": [
			[{"op": "remove", "path": "/criteria/coverage/initial/1/parts/0/minimum"}],
			"/criteria/coverage/initial/1/parts/0",
			"B.2 (score): lacks `minimum`; add it",
		],
		"a title whose case is not everywhere the same": [
			[{"op": "replace", "path": "/title", "value": "Sample \ua7d0"}],
			"/title",
			$"title: {_unfoldable}",
		],
		"a kind misspelt": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/kind", "value": "agee"}],
			"/criteria/coverage/initial/0/kind",
			"B.1 (age).kind: must be one of the following: \"one_of\", \"formulary\", \"attested\", \"stated\", \"documented\", \"age\", \"threshold\", \"any_of\", \"none_of\", \"diagnosis\", \"dated_within\", \"tried\", \"response\", \"quantity_by_dose\", \"quantity\", \"quantity_per_dose\", \"quantity_by_weight\", \"duration\", \"all\", \"any\", \"branch\"",
		],
		"a parameter too many": [
			[{"op": "add", "path": "/criteria/coverage/initial/0/minimun", "value": 18}],
			"/criteria/coverage/initial/0",
			"B.1 (age): has `minimun`, which has no meaning here; it may be misspelt, or belong elsewhere",
		],
		"a parameter missing": [
			[{"op": "remove", "path": "/criteria/coverage/initial/2/fact"}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): lacks `fact`; add it",
		],
		"a figure as a text": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/minimum", "value": "18"}],
			"/criteria/coverage/initial/0/minimum",
			"B.1 (age).minimum: must be of type number, and is of type string",
		],
		"a part of a group": [
			[{"op": "replace", "path": "/criteria/coverage/initial/1/parts/0/minimum", "value": "7"}],
			"/criteria/coverage/initial/1/parts/0/minimum",
			"B.2 (score).minimum: must be of type number, and is of type string",
		],
		"a criterion without a clause": [
			[{"op": "remove", "path": "/criteria/coverage/initial/0/clause"}],
			"/criteria/coverage/initial/0",
			"no clause (age): lacks `clause`; add it",
		],
		"what is no part of a version": [
			[{"op": "add", "path": "/facs", "value": {}}],
			"",
			"has `facs`, which has no meaning here; it may be misspelt, or belong elsewhere",
		],
		"a section without a title": [
			[{"op": "remove", "path": "/sections/0/title"}],
			"/sections/0",
			"sections.0: lacks `title`; add it",
		],
		"a branch's part both by value and by figure": [
			[{"op": "add", "path": "/criteria/coverage/initial/2/parts", "value": []}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): has `parts`, which has no meaning here; it may be misspelt, or belong elsewhere",
		],
	},
	"dates": {
		"a folder named for another day": [
			[{"op": "replace", "path": "/effective_date", "value": "2024-01-02"}],
			"/effective_date",
			"effective_date: is 2024-01-02, but the folder is named 2024-01-01; a version is named for the day it became effective, so correct one of them",
		],
		"an origin after the start": [
			[{"op": "add", "path": "/date_of_origin", "value": "2024-02"}, {"op": "add", "path": "/effective_date", "value": "2024-01-01"}, {"op": "add", "path": "/in_force/from", "value": "2024-02-01"}],
			"/date_of_origin",
			"date_of_origin: 2024-02 is after effective_date, which is 2024-01-01; correct one of them",
		],
		"an origin after the first day in force": [
			[{"op": "add", "path": "/date_of_origin", "value": "2023-07"}, {"op": "add", "path": "/in_force/from", "value": "2023-06-01"}],
			"/date_of_origin",
			"date_of_origin: 2023-07 is after in_force.from, which is 2023-06-01; correct one of them",
		],
		"a review before the text": [
			[{"op": "replace", "path": "/next_review", "value": "2023-12"}],
			"/effective_date",
			"effective_date: 2024-01-01 is after next_review, which is 2023-12; correct one of them",
		],
		"an end that does not exist": [
			[{"op": "add", "path": "/in_force/to", "value": "2024-02-30"}],
			"/in_force/to",
			"in_force.to: 2024-02-30 is not a real date; write one as YYYY-MM-DD",
		],
		"a start that does not exist": [
			[{"op": "add", "path": "/in_force/from", "value": "2023-02-29"}],
			"/in_force/from",
			"in_force.from: 2023-02-29 is not a real date; write one as YYYY-MM-DD",
		],
		"a change on a day that does not exist": [
			[{"op": "add", "path": "/changes", "value": [{"date": "2024-13-01", "summary": "new policy"}]}],
			"/changes/0/date",
			"changes: 2024-13-01 is not a real date; write one as YYYY-MM-DD",
		],
		"an end before the start": [
			[{"op": "add", "path": "/in_force/to", "value": "2023-12-31"}],
			"/in_force/to",
			"in_force: ends on 2023-12-31, before it starts on 2024-01-01; correct one of them",
		],
	},
	"facts": {
		"a fact declared otherwise elsewhere": [
			[{"op": "add", "path": "/facts/member.benefit", "value": object.union(data.facts["member.benefit"], {"title": "Another"})}],
			"/facts/member.benefit",
			"facts: member.benefit is declared differently in policy/facts; declare it in the same words or give it another name",
		],
		"a pattern that is none": [
			[{"op": "add", "path": "/facts/sample.coded", "value": {"title": "Code", "question": "Which?", "known_by": "plan", "type": "string", "pattern": "(["}}],
			"/facts/sample.coded/pattern",
			"facts: the pattern of sample.coded is not a valid regular expression; correct it",
		],
		"a fact misspelt": [
			[{"op": "replace", "path": "/criteria/coverage/initial/2/fact", "value": "sample.stag"}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): there is no fact sample.stag; correct its name, or declare it under `facts` (policy/facts has those that all share)",
		],
		"a fact misspelt in packs": [
			[{"op": "replace", "path": "/packs/dose", "value": "dose.mg"}],
			"/packs/dose",
			"packs: there is no fact dose.mg; correct its name, or declare it under `facts` (policy/facts has those that all share)",
		],
		"packs' quantity misspelt": [
			[_at("/packs/quantity", "quantity.tablet")],
			"/packs/quantity",
			"packs: there is no fact quantity.tablet; correct its name, or declare it under `facts` (policy/facts has those that all share)",
		],
		"packs' schedule misspelt": [
			[_at("/packs/schedule", "dose.times")],
			"/packs/schedule",
			"packs: there is no fact dose.times; correct its name, or declare it under `facts` (policy/facts has those that all share)",
		],
		"a question for another fact": [
			[{"op": "add", "path": "/criteria/coverage/initial/2/questions", "value": {"sample.score": "Which?"}}],
			"/criteria/coverage/initial/2/questions/sample.score",
			"B.3 (stage): has a question for sample.score, which it does not rest on; its questions can be for sample.stage",
		],
		"a question for another than several facts": [
			[{"op": "add", "path": "/criteria/limits/every_request/0/questions", "value": {"sample.score": "Which?"}}],
			"/criteria/limits/every_request/0/questions/sample.score",
			"D (quantity): has a question for sample.score, which it does not rest on; its questions can be for dose.mg_per_week or quantity.tablets or quantity.days_supply",
		],
		"a kind that cannot judge the fact": [
			[{"op": "replace", "path": "/criteria/coverage/initial/1/parts/0/fact", "value": "sample.stage"}],
			"/criteria/coverage/initial/1/parts/0",
			"B.2 (score): the kind threshold cannot judge sample.stage, which is of type string; use another kind, or another fact",
		],
		"a day that is no date": [
			[_at("/criteria/coverage/renewal/0/parts/0/fact", "sample.stage")],
			"/criteria/coverage/renewal/0/parts/0",
			"C (recent): the kind dated_within cannot judge sample.stage, which is of type string; use another kind, or another fact",
		],
		"a diagnosis in a list of objects": [
			_replaced("2", {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "diagnosis", "fact": "nccn", "accepted": {"C90": "Myeloma"},
			}),
			"/criteria/coverage/initial/2",
			"B.3 (stage): the kind diagnosis cannot judge nccn, which is of type array; use another kind, or another fact",
		],
		"a value that the fact can never be": [
			[{"op": "replace", "path": "/criteria/coverage/initial/2/accepted/0", "value": "erly"}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with erly, which sample.stage can never be; it can be early, late",
		],
		"an undetermined value that the fact can never be": [
			[{"op": "add", "path": "/criteria/coverage/initial/2/undetermined", "value": ["erly"]}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with erly, which sample.stage can never be; it can be early, late",
		],
		"a value that no item can be": [
			[{"op": "add", "path": "/criteria/coverage/initial/1/parts/1/accepted/first", "value": "First"}],
			"/criteria/coverage/initial/1/parts/1",
			"B.2 (supported): compares with first, which nccn can never be; it can be 1, 2A, 2B, 3",
		],
		"a property that items do not have": [
			[{"op": "replace", "path": "/criteria/coverage/initial/1/parts/1/of", "value": "level"}],
			"/criteria/coverage/initial/1/parts/1",
			"B.2 (supported): compares by the property level, which the items of nccn do not have; correct `of`",
		],
		"a branch by a value that the fact can never be": [
			[{"op": "replace", "path": "/criteria/coverage/renewal/0/parts/0/when/values/0", "value": "erly"}],
			"/criteria/coverage/renewal/0",
			"C (by_stage): compares with erly, which sample.stage can never be; it can be early, late",
		],
		"months and days": [
			[{"op": "add", "path": "/criteria/coverage/renewal/0/parts/0/days", "value": 6}],
			"/criteria/coverage/renewal/0/parts/0",
			"C (recent): has both `months` and `days`; keep the one that the text says",
		],
		"neither months nor days": [
			[{"op": "remove", "path": "/criteria/coverage/renewal/0/parts/0/months"}],
			"/criteria/coverage/renewal/0/parts/0",
			"C (recent): lacks `months`; add it",
		],
		"a text where the fact is a number": [
			[_of("sample.score", ["high"], "an early stage")],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with high, which sample.score can never be; it can be any number",
		],
		"a number where the fact is a text": [
			[_of("sample.code", [true], "an early stage")],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with true, which sample.code can never be; it can be any string of the pattern ^[A-Z][0-9]{3}$",
		],
		"no text where the fact is any text": [
			[_of("diagnosis.icd10", [true], "an early stage")],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with true, which diagnosis.icd10 can never be; it can be any string",
		],
		"a text where the fact is true or false": [
			[_of("member.closed_formulary", ["true"], "an early stage")],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with true, which member.closed_formulary can never be; it can be any boolean",
		],
		"half of a whole number": [
			[{"op": "replace", "path": "/criteria/coverage/initial/2", "value": {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "one_of", "fact": "duration_months", "accepted": [6.5],
				"readings": ["6.5 months"],
			}}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with 6.5, which duration_months can never be; it can be any integer",
		],
		"a code of another pattern": [
			[{"op": "replace", "path": "/criteria/coverage/initial/2", "value": {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "any_of", "fact": "prescriber.taxonomies",
				"accepted": {"207RH0003": "Hematology & Oncology"},
			}}],
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares with 207RH0003, which prescriber.taxonomies can never be; it can be any string of the pattern ^[0-9A-Z]{9}X$",
		],
		"a property that items to be left out do not have": [
			_without({"of": "level"}),
			"/criteria/coverage/initial/2",
			"B.3 (stage): compares by the property level, which the items of nccn do not have; correct `of`",
		],
		"items to be left out that are compared as texts": [
			_without({}),
			"/criteria/coverage/initial/2",
			"B.3 (stage): does not say by which property it compares the items of nccn; add `of`, which is one of category, source",
		],
		"items that are objects compared as texts": [
			[{"op": "remove", "path": "/criteria/coverage/initial/1/parts/1/of"}],
			"/criteria/coverage/initial/1/parts/1",
			"B.2 (supported): does not say by which property it compares the items of nccn; add `of`, which is one of category, source",
		],
		"a formulary that the plan does not have": [
			[{"op": "replace", "path": "/criteria/coverage/initial/2", "value": {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "formulary", "accepted": ["other", "fifth"],
			}}],
			"/criteria/coverage/initial/2/accepted",
			"B.3 (stage): accepts fifth, which is not one of the plan's formularies; the plan has 1, 2, 3, 4, other",
		],
	},
	"what nobody could meet": {
		"a minimum above the maximum": [
			[{"op": "add", "path": "/criteria/coverage/initial/0/maximum", "value": 17}, {"op": "add", "path": "/criteria/coverage/initial/0/readings", "value": ["17"]}],
			"/criteria/coverage/initial/0",
			"B.1 (age): has the minimum 18, above its maximum 17; correct one of them",
		],
		"a part of a branch with a minimum above the maximum": [
			array.concat(_by_age({"minimum": 6}, {"minimum": 3, "maximum": 2}), [_read(1, ["3", "2"])]),
			"/criteria/coverage/renewal/0/parts/1",
			"C (later): has the minimum 3, above its maximum 2; correct one of them",
		],
		"more therapies than are listed": [
			array.concat(_sound["a therapy tried"], [
				{"op": "replace", "path": "/criteria/coverage/initial/0/minimum", "value": 2},
				{"op": "add", "path": "/criteria/coverage/initial/0/readings", "value": ["two"]},
			]),
			"/criteria/coverage/initial/0/minimum",
			"B (tried): asks for 2 of 1 therapies; correct `minimum`, or add to `of`",
		],
		"a list that cannot say that a therapy failed": [
			_tried("sample.tried", "/items/properties/result/enum", ["failed"]),
			"/criteria/coverage/initial/0",
			"B (tried): the items of sample.tried cannot say that a therapy failed; declare their properties therapy, result (which can be failure) and weeks",
		],
		"a list whose weeks are texts": [
			_tried("sample.used", "/items/properties/weeks", {"title": "Weeks", "type": "string"}),
			"/criteria/coverage/initial/0",
			"B (tried): the items of sample.used cannot say that a therapy failed; declare their properties therapy, result (which can be failure) and weeks",
		],
	},
	"branches": {
		"two parts for one value": [
			_by_stage({"values": ["early"]}, {"values": ["late", "early"]}),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for early of sample.stage, and so is recent; a value has one part, so correct one of them",
		],
		"two parts for two values": [
			_by_stage({"values": ["late", "early"]}, {"values": ["early", "late"]}),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for early of sample.stage, and so is recent; a value has one part, so correct one of them",
		],
		"a part around another": [
			array.concat(_by_age({"minimum": 18, "maximum": 20}, {"minimum": 6}), [_read(0, ["18", "20"])]),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for 18 of member.birth_date, and so is recent; a value has one part, so correct one of them",
		],
		"two parts for one age": [
			_by_age({"maximum": 6}, {"minimum": 6}),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for 6 of member.birth_date, and so is recent; a value has one part, so correct one of them",
		],
		"a part within another": [
			array.concat(_by_age({"minimum": 6}, {"minimum": 18, "maximum": 20}), [_read(1, ["18", "20"])]),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for 18 of member.birth_date, and so is recent; a value has one part, so correct one of them",
		],
		"two parts without an end": [
			array.concat(_by_age({"maximum": 6}, {"maximum": 5}), [_read(1, ["5"])]),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for 5 of member.birth_date, and so is recent; a value has one part, so correct one of them",
		],
		"a value within another part's figures": [
			_by_age({"minimum": 6}, {"values": [6]}),
			"/criteria/coverage/renewal/0/parts/1/when",
			"C (later): is for 6 of member.birth_date, and so is recent; a value has one part, so correct one of them",
		],
		"figures for a fact that is a text": [
			_by_stage({"values": ["early"]}, {"minimum": 6}),
			"/criteria/coverage/renewal/0",
			"C (by_stage): compares with 6, which sample.stage can never be; it can be early, late",
		],
		"a figure to stay below for a fact that is a text": [
			_by_stage({"values": ["early"]}, {"maximum": 6}),
			"/criteria/coverage/renewal/0",
			"C (by_stage): compares with 6, which sample.stage can never be; it can be early, late",
		],
		"a text for an age": [
			_by_age({"minimum": 6}, {"values": ["old"]}),
			"/criteria/coverage/renewal/0",
			"C (by_age): compares with old, which member.birth_date can never be; it can be any integer",
		],
		"`when` outside a branch": [
			[{"op": "add", "path": "/criteria/coverage/initial/0/when", "value": {"minimum": 18}}],
			"/criteria/coverage/initial/0/when",
			"B.1 (age): has `when`, which only the parts of a branch have; leave it out, or make a branch",
		],
		"`when` in another group": [
			[{"op": "add", "path": "/criteria/coverage/initial/1/parts/0/when", "value": {"values": ["early"]}}],
			"/criteria/coverage/initial/1/parts/0/when",
			"B.2 (score): has `when`, which only the parts of a branch have; leave it out, or make a branch",
		],
		"a part without `when`": [
			[{"op": "remove", "path": "/criteria/coverage/renewal/0/parts/0/when"}],
			"/criteria/coverage/renewal/0/parts/0",
			"C (recent): lacks `when`; add it",
		],
	},
	"words": {
		"a clause of no section": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/clause", "value": "X.1"}],
			"/criteria/coverage/initial/0/clause",
			"X.1 (age): is in no section; the sections are A, B, C, D; a clause is the number of one, and may go on after a dot",
		],
		"a section that makes no criterion, and makes one": [
			[{"op": "add", "path": "/sections/0/informative", "value": true}],
			"/criteria/applicability/every_request/0/clause",
			"A (benefit): section A is `informative`, but this criterion cites it; remove one of the two",
		],
		"a percentage that is none": [
			[_response({"percent": 7}, "A score of seven")],
			"/criteria/coverage/initial/2/percent",
			"B.2 (better): asks for 7 percent, but its words say no percentage; is it an `amount`?",
		],
		"a clause of another point": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/clause", "value": "B.2"}],
			"/criteria/coverage/initial/0/clause",
			"B.2 (age): its words are not in point 2 of section B, but in another; cite that one",
		],
		"a clause of no point": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/clause", "value": "B.4"}],
			"/criteria/coverage/initial/0/clause",
			"B.4 (age): section B has no point 4; cite the one that has the words",
		],
		"a clause of another bullet": [
			array.concat(_bulleted, [{"op": "replace", "path": "/criteria/coverage/initial/0/clause", "value": "B.3"}]),
			"/criteria/coverage/initial/0/clause",
			"B.3 (age): its words are not in point 3 of section B, but in another; cite that one",
		],
		"packs of no section": [
			[{"op": "replace", "path": "/packs/clause", "value": "X"}],
			"/packs/clause",
			"packs: the clause X is in no section; the sections are A, B, C, D",
		],
		"words that the section does not have": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/text", "value": "At least 18 years old"}],
			"/criteria/coverage/initial/0/text",
			"B.1 (age): has words that section B does not have; quote the clause as it stands there",
		],
		"words that only begin as the section's title": [
			[{"op": "replace", "path": "/criteria/coverage/renewal/0/text", "value": "Renewal by the stage"}],
			"/criteria/coverage/renewal/0/text",
			"C (by_stage): has words that section C does not have; quote the clause as it stands there",
		],
		"a section without a criterion": [
			[{"op": "remove", "path": "/criteria/applicability"}],
			"/sections/0",
			"section A: has no criterion; write those that it sets, or add `informative: true` if it sets none",
		],
		"a figure that the words do not have": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0/minimum", "value": 21}],
			"/criteria/coverage/initial/0/minimum",
			"B.1 (age): has the figure 21, which its words do not contain; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a figure for which the words have an article": [
			_replaced("2", {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "age", "minimum": 1,
			}),
			"/criteria/coverage/initial/2/minimum",
			"B.3 (stage): has the figure 1, which its words do not contain; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a figure further in": [
			[{"op": "replace", "path": "/criteria/limits/every_request/0/limits/0/days", "value": 30}],
			"/criteria/limits/every_request/0/limits/0/days",
			"D (quantity): has the figure 30, which its words do not contain; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a value with a figure that the words do not have": [
			[{"op": "add", "path": "/criteria/coverage/initial/1/parts/1/accepted/2A", "value": "Category two"}],
			"/criteria/coverage/initial/1/parts/1/accepted",
			$"B.2 (supported): has the figure 2a in `2A`, {_not_in_words}",
		],
		"a name with a figure that the words do not have": [
			[{"op": "replace", "path": "/criteria/coverage/initial/1/parts/1/accepted/1", "value": "Category 2"}],
			"/criteria/coverage/initial/1/parts/1/accepted",
			$"B.2 (supported): has the figure 2 in `Category 2`, {_not_in_words}",
		],
		"a value to be left out with another figure": [
			_without({"of": "category", "excluded": {"2A": "Category two"}}),
			"/criteria/coverage/initial/2/excluded",
			$"B.3 (stage): has the figure 2a in `2A`, {_not_in_words}",
		],
		"a therapy with another figure": [
			array.concat(_sound["a therapy tried"], [_at("/criteria/coverage/initial/0/of", {"one": "Type 2 one"})]),
			"/criteria/coverage/initial/0/of",
			$"B (tried): has the figure 2 in `Type 2 one`, {_not_in_words}",
		],
		"a therapy with a figure amid its name": [
			array.concat(_sound["a therapy tried"], [_at("/criteria/coverage/initial/0/of", {"one": "type_4_one"})]),
			"/criteria/coverage/initial/0/of",
			$"B (tried): has the figure 4 in `type_4_one`, {_not_in_words}",
		],
		"a listed value with another figure": [
			[_of_grade("grade_4", "grade 3")],
			"/criteria/coverage/initial/2/accepted",
			$"B.3 (stage): has the figure 4 in `grade_4`, {_not_in_words}",
		],
		"a listed value with another letter": [
			[_of_grade("grade_3b", "grade 3A")],
			"/criteria/coverage/initial/2/accepted",
			$"B.3 (stage): has the figure 3b in `grade_3b`, {_not_in_words}",
		],
		"a branch's value with another figure": [
			[_at("/criteria/coverage/renewal/0/fact", "sample.grade"), _at("/criteria/coverage/renewal/0/parts/0/when/values/0", "grade_3")],
			"/criteria/coverage/renewal/0/parts/0/when/values",
			$"C (recent): has the figure 3 in `grade_3`, {_not_in_words}",
		],
		"a code that the words do not name": [
			_diagnosis({"C90.0": "Myeloma", "C90.1": "Leukemia"}, "myeloma (C90.0, C90.2)"),
			"/criteria/coverage/initial/2/accepted",
			"B.3 (stage): has the code C90.1, but its words name C90.0, C90.2; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a specialty that the words do not name": [
			_replaced("2", {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "any_of", "fact": "prescriber.taxonomies",
				"accepted": {"207RH0003X": "Hematology & Oncology"}, "readings": ["Those of 207RX0202X."],
			}),
			"/criteria/coverage/initial/2/accepted",
			"B.3 (stage): has the code 207RH0003X, but its words name 207RX0202X; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a specialty to be left out that the words do not name": [
			_replaced("2", {
				"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "none_of", "fact": "prescriber.taxonomies",
				"excluded": {"207RH0003X": "Hematology & Oncology"}, "readings": ["But those of 207RX0202X."],
			}),
			"/criteria/coverage/initial/2/excluded",
			"B.3 (stage): has the code 207RH0003X, but its words name 207RX0202X; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a code of a text that the words do not name": [
			[_of("sample.code", ["A100"], "Policy: code B200")],
			"/criteria/coverage/initial/2/accepted",
			"B.3 (stage): has the code A100, but its words name B200; correct it, or add a reading, under `readings`, that says where it comes from",
		],
		"a diagnosis named for another": [
			_diagnosis({"E11": "Type 1 diabetes"}, "type 2 diabetes"),
			"/criteria/coverage/initial/2/accepted",
			$"B.3 (stage): has the figure 1 in `Type 1 diabetes`, {_not_in_words}",
		],
		"a pack's figure that the section does not have": [
			[{"op": "replace", "path": "/packs/listed/0/quantity", "value": 10}],
			"/packs/listed/0",
			"packs: weekly has the figure 10, which section D does not contain; correct it, or add a reading to the section that says where it comes from",
		],
		"a pack's dose that the section does not have": [
			[{"op": "replace", "path": "/packs/listed/0/dose", "value": 50}],
			"/packs/listed/0",
			"packs: weekly has the figure 50, which section D does not contain; correct it, or add a reading to the section that says where it comes from",
		],
		"a pack of no whole weeks": [
			[{"op": "replace", "path": "/packs/strength_mg", "value": 18}],
			"/packs/listed/0",
			"packs: weekly has 20 of 18 mg for 100 mg a week, which is not a whole number of weeks; correct one of them",
		],
	},
	"tree": {
		"groups too deep": [
			[{"op": "replace", "path": "/criteria/coverage/initial/0", "value": _deep}],
			"/criteria/coverage/initial/0/parts/0/parts/0/parts/0/parts/0/parts/0",
			"B.1 (g6): is in 5 groups, and is a group itself; groups nest at most 5 deep, so merge this one into the group around it",
		],
		"a limit elsewhere": [
			[{"op": "move", "from": "/criteria/limits/every_request/0", "path": "/criteria/coverage/initial/0"}],
			"/criteria/coverage/initial/0",
			"D (quantity): limits how much is covered; move it under `limits`",
		],
		"a criterion among limits": [
			[{"op": "move", "from": "/criteria/coverage/initial/0", "path": "/criteria/limits/every_request/0"}],
			"/criteria/limits/every_request/0",
			"B.1 (age): is not a limit; move it under `applicability` or `coverage`",
		],
	},
}

_sound := {
	"the sample": [],
	"a figure from a reading": [
		{"op": "replace", "path": "/criteria/coverage/initial/0/minimum", "value": 21},
		{"op": "add", "path": "/criteria/coverage/initial/0/readings", "value": ["At least 21, by law."]},
	],
	"points by bullets": _bulleted,
	"a clause of a point of a point": [{"op": "replace", "path": "/criteria/coverage/initial/1/clause", "value": "B.2.a"}],
	"a clause of a text without points": [{"op": "replace", "path": "/criteria/limits/every_request/1/clause", "value": "D.2"}],
	"a percentage": [_response({"percent": 7}, "A score of seven"), {"op": "add", "path": "/criteria/coverage/initial/2/readings", "value": ["Seven percent."]}],
	"a percentage in two words": [
		_response({"percent": 7}, "A score of seven"),
		{"op": "add", "path": "/criteria/coverage/initial/2/readings", "value": ["Seven per cent."]},
	],
	"an origin in the first month": [{"op": "add", "path": "/date_of_origin", "value": "2024-01"}],
	"a clause by a letter": [_at("/criteria/coverage/initial/0/clause", "B.a")],
	"a point of two lines": [_at("/sections/1/text", replace(_sample.sections[1].text, "At least 18", "At least\n18"))],
	"points that begin with another number": array.concat(
		[_at("/sections/1/text", "2. At least 18 years AND\n3. A score of seven, or support of category 1, one of those;\n4. an early stage")],
		[_at($"/criteria/coverage/initial/{place}/clause", clause) |
			some place, clause in {"0": "B.2", "1": "B.3", "1/parts/0": "B.3", "1/parts/1": "B.3", "2": "B.4"}
		],
	),
	"a word like a code, without a digit": _replaced("2", {
		"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "any_of", "fact": "prescriber.taxonomies",
		"accepted": {"207RH0003X": "Hematology & Oncology"}, "readings": ["REMARKABLX."],
	}),
	"a code without its dot": _diagnosis({"C900": "Myeloma"}, "myeloma (C90.0)"),
	"words around an or": [
		_at("/sections/2/text", "By the stage OR\nwithin 6 months"),
		_at("/criteria/coverage/renewal/0/text", "By the stage within 6 months"),
	],
	"a list that is only stated": _replaced("2", {"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "stated", "fact": "nccn"}),
	"a minimum that is the maximum": [{"op": "add", "path": "/criteria/coverage/initial/0/maximum", "value": 18}],
	"a review in the first month": [{"op": "replace", "path": "/next_review", "value": "2024-01"}],
	"words by the section's title": [{"op": "replace", "path": "/criteria/coverage/renewal/0/text", "value": "Renewal: by the stage"}],
	"a clause two dots down": [{"op": "replace", "path": "/criteria/coverage/initial/0/clause", "value": "B.1.a"}],
	"a section whose number has a dot": [
		{"op": "replace", "path": "/sections/0/number", "value": "A.1"},
		{"op": "replace", "path": "/criteria/applicability/every_request/0/clause", "value": "A.1.2"},
	],
	"an end": [{"op": "add", "path": "/in_force/to", "value": "2024-01-01"}],
	"a change": [{"op": "add", "path": "/changes", "value": [{"date": "2024-02-29", "summary": "new policy"}]}],
	"a shared fact declared alike": [{"op": "add", "path": "/facts/member.benefit", "value": data.facts["member.benefit"]}],
	"parts for figures that meet": array.concat(_by_age({"maximum": 5}, {"minimum": 6}), [_read(0, ["5"])]),
	"parts for values of their own": _by_stage({"values": ["early"]}, {"values": ["late"]}),
	"a value whose figure is spelt otherwise": [_of_grade("grade_4", "Grade four")],
	"a value with the figure and the letter of the words": [_of_grade("grade_3b", "Grade 3B.")],
	"a value whose figure a reading has": [
		_of_grade("grade_4", "a high grade"),
		{"op": "add", "path": "/criteria/coverage/initial/2/readings", "value": ["Grade 4."]},
	],
	"codes of a list": [
		{"op": "add", "path": "/facts/sample.codes", "value": {
			"title": "Codes", "question": "Which codes?", "known_by": "prescriber", "type": "array", "items": {"type": "string"},
		}},
		_at("/criteria/coverage/initial/2", {
			"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "diagnosis", "fact": "sample.codes",
			"accepted": {"C90": "Myeloma"},
		}),
	],
	"codes that the words name": _diagnosis({"C90.0": "Myeloma", "c90.1": "Leukemia"}, "myeloma (C90.0, C90.1)"),
	"codes that the words do not name at all": _diagnosis({"C90.0": "Myeloma"}, "myeloma, not for lack of B12"),
	"a code of a text": [_of("sample.code", ["B200"], "Policy: code B200")],
	"a number compared": [_of("sample.score", [7], "Policy: seven")],
	"a whole number compared": [_of("duration_months", [7], "Policy: seven")],
	"true or false compared": [_of("member.closed_formulary", [true], "an early stage")],
	"a date of birth compared": [_of("member.birth_date", ["unknown"], "an early stage")],
	"a diagnosis by the start of a code": _replaced("2", {
		"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "diagnosis", "fact": "sample.code", "accepted": {"C90": "Myeloma"},
	}),
	"a title that is no regular expression": [{"op": "add", "path": "/facts/sample.titled", "value": object.union(_list, {"title": "Drugs ("})}],
	"a property named pattern": [{"op": "add", "path": "/facts/sample.patterns", "value": json.patch(
		_therapies,
		[{"op": "add", "path": "/items/properties/pattern", "value": {"title": "Pattern", "type": "string"}}],
	)}],
	"a formulary of the plan's": _replaced("2", {
		"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "formulary", "accepted": ["other"],
	}),
	"no packs": [{"op": "remove", "path": "/packs"}],
	"a branch by age": [{"op": "replace", "path": "/criteria/coverage/renewal/0", "value": {
		"id": "by_age", "clause": "C", "text": "within 6 months", "kind": "branch", "fact": "member.birth_date",
		"parts": [object.union(_recent, {"when": {"minimum": 6}})],
	}}],
	"a branch by a number": _by("sample.score", {"minimum": 6}),
	"a branch by a whole number": _by("duration_months", {"maximum": 6}),
	"a branch by true or false": _by("member.closed_formulary", {"values": [true]}),
	"a limit of a number": [_at("/criteria/limits/every_request/0", {
		"id": "quantity", "clause": "D", "text": "20 tablets per 28 days", "kind": "quantity", "quantity": "sample.score",
		"limit": {"quantity": 20, "days": 28},
	})],
	"a limit of a number for each dose": [_at("/criteria/limits/every_request/0", {
		"id": "quantity", "clause": "D", "text": "20 tablets", "kind": "quantity_per_dose", "quantity": "sample.score", "maximum": 20,
	})],
	"a response of a whole number": [
		_response({"amount": 7}, "A score of seven"),
		_at("/criteria/coverage/initial/2/baseline", "duration_months"),
	],
	"groups as deep as they may be": [{"op": "replace", "path": "/criteria/coverage/initial/0", "value": _deep.parts[0]}],
	"a therapy tried": [
		{"op": "add", "path": "/facts/sample.therapies", "value": _therapies},
		{"op": "replace", "path": "/criteria/coverage/initial/0", "value": {
			"id": "tried", "clause": "B", "text": "one of those", "kind": "tried", "fact": "sample.therapies",
			"of": {"one": "One"}, "minimum": 1,
		}},
	],
	"none of a list": [
		{"op": "add", "path": "/facts/sample.drugs", "value": _list},
		{"op": "replace", "path": "/criteria/coverage/initial/0", "value": {
			"id": "apart", "clause": "B", "text": "one of those", "kind": "none_of", "fact": "sample.drugs", "excluded": {"one": "One"},
		}},
	],
	"limits in a group": [{"op": "replace", "path": "/criteria/limits/every_request/0", "value": {
		"id": "limits", "clause": "D", "text": "20 tablets per 28 days", "kind": "all",
		"parts": [_sample.criteria.limits.every_request[0]],
	}}],
}

test_a_therapy_that_the_fact_can_never_be if {
	operations := array.concat(_sound["a therapy tried"], [{"op": "add", "path": "/criteria/coverage/initial/0/of/three", "value": "Three"}])
	_messages(operations) == ["B (tried): compares with three, which sample.therapies can never be; it can be one, two"]
}

test_an_excluded_item_that_the_fact_can_never_be if {
	operations := array.concat(_sound["none of a list"], [{"op": "add", "path": "/criteria/coverage/initial/0/excluded/three", "value": "Three"}])
	_messages(operations) == ["B (apart): compares with three, which sample.drugs can never be; it can be one, two"]
}

test_a_response_by_percent_and_amount if {
	response := {
		"id": "better", "clause": "B", "text": "at least 18 years", "kind": "response", "baseline": "sample.score",
		"current": "sample.score", "percent": 18, "amount": 18,
	}
	_messages([{"op": "replace", "path": "/criteria/coverage/initial/0", "value": response}]) == ["B (better): has both `percent` and `amount`; keep the one that the text says"]
}

# Both criteria are told of, and once each.
test_one_id_twice if {
	operations := [{"op": "replace", "path": "/criteria/coverage/initial/2/id", "value": "age"}]
	_paths(operations) == ["/criteria/coverage/initial/0/id", "/criteria/coverage/initial/2/id"]
	_messages(operations)[0] == "B.1 (age): another criterion has this id; give each its own"
}

test_a_version_that_is_no_object if {
	planted := {"sample": {"2024-01-01": "text"}}
	drugs := {"sample": {"guideline": "sample"}}
	found := integrity.findings with data.guidelines as planted with data.drugs as drugs
	_told(found, "sample") == [["2024-01-01", "", "must be of type object, and is of type string"]]
}

test_a_guideline_without_a_version if {
	message := "the guideline none: has no version; add policy/guidelines/none/<date>/data.yaml"
	every nothing in [{}, "text", null] {
		found := integrity.findings with data.guidelines as {"none": nothing, "sample": {"2024-01-01": _sample}}
			with data.drugs as {"sample": {"guideline": "sample"}}
		found == [{"guideline": "", "version": "", "path": "/guidelines/none", "message": message}]
	}
}

test_one_number_of_two_sections if {
	again := {"number": "A", "title": "Again", "text": "Words"}
	operations := [{"op": "add", "path": "/sections/-", "value": again}]
	_paths(operations) == ["/sections/0/number", "/sections/4/number"]
	_messages(operations)[0] == "section A: another section has this number; give each its own"
}

test_a_version_named_for_a_day_that_does_not_exist if {
	named := {"sample": {"2024-02-30": object.union(_sample, {"effective_date": "2024-02-30", "in_force": {"from": "2024-03-01"}})}}
	found := [finding.message | some finding in integrity.findings] with data.guidelines as named with data.drugs as {"sample": {"guideline": "sample"}}
	found == ["effective_date: 2024-02-30 is not a real date; write one as YYYY-MM-DD"]
}

test_parts_of_no_branch_are_for_no_value if {
	_messages([{"op": "add", "path": $"/criteria/coverage/initial/1/parts/{index}/when", "value": {"values": ["early"]}} | some index in [0, 1]]) == [
	$"B.2 ({id}): has `when`, which only the parts of a branch have; leave it out, or make a branch" |
		some id in ["score", "supported"]
	]
}

test_figures_up_to_twelve_may_be_words if {
	words := ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
	found := _findings({word: operations |
		some index, word in words
		operations := [
			_at("/criteria/coverage/initial/0/minimum", index + 1),
			{"op": "add", "path": "/criteria/coverage/initial/0/readings", "value": [$"At least {word}."]},
		]
	})
	found == []
}

test_a_malformed_version_shares_no_day if {
	two := {"sample": {"2024-01-01": _sample, "2025-01-01": object.remove(_later("2025-01-01"), ["title"])}}
	found := [finding.message | some finding in integrity.findings] with data.guidelines as two with data.drugs as {"sample": {"guideline": "sample"}}
	found == ["lacks `title`; add it"]
}

test_two_versions_in_force_on_one_day if {
	two := {"sample": {
		"2024-01-01": json.patch(_sample, [{"op": "add", "path": "/in_force/to", "value": "2024-06-01"}]),
		"2024-06-01": _later("2024-06-01"),
	}}
	found := integrity.findings with data.guidelines as two with data.drugs as {"sample": {"guideline": "sample"}}
	[[finding.version, finding.path, finding.message] | some finding in found] == [
		["2024-01-01", "/in_force", "in_force: shares a day with version 2024-06-01, so neither could decide; end the older one, by `to`, on the day before the newer one starts"],
		["2024-06-01", "/in_force", "in_force: shares a day with version 2024-01-01, so neither could decide; end the older one, by `to`, on the day before the newer one starts"],
	]
}

test_a_version_in_force_after_the_other if {
	two := {"sample": {
		"2024-01-01": json.patch(_sample, [{"op": "add", "path": "/in_force/to", "value": "2024-05-31"}]),
		"2024-06-01": _later("2024-06-01"),
	}}
	found := integrity.findings with data.guidelines as two with data.drugs as {"sample": {"guideline": "sample"}}
	found == []
}

test_no_guideline if {
	found := integrity.findings with data.guidelines as {} with data.drugs as {}
	found == [{"guideline": "", "version": "", "path": "/guidelines", "message": "there is no guideline: add policy/guidelines/<id>/<date>/data.yaml"}]
}

# Nothing can be sound by a schema that is not there.
test_no_schema if {
	found := integrity.findings with data.guidelines as {"sample": {"2024-01-01": _sample}}
		with data.drugs as {"sample": {"guideline": "sample"}}
		with data.schemas as {}
	found == [{
		"guideline": "", "version": "", "path": "/schemas/guideline",
		"message": "there is no schema of guidelines, or none that can be used: load rego/schemas with the rules",
	}]
}

test_a_guideline_that_no_drug_name_finds if {
	_drugs({}) == [["sample", "2024-01-01", "", "no drug name finds this guideline; add policy/drugs/<name>/data.yaml with `guideline: sample`"]]
}

test_a_fact_that_several_declare_otherwise if {
	declaring := {id: {"2024-01-01": json.patch(_sample, [{"op": "add", "path": $"/facts/{fact}", "value": {
		"title": title, "question": "Which?", "known_by": "plan", "type": "string", "enum": ["a"],
	}}])} |
		some id, [fact, title] in {"0": ["sample.same", "B"], "a": ["sample.own", "A"], "b": ["sample.own", "B"], "c": ["sample.own", "C"]}
	}
	found := [[finding.guideline, finding.message] | some finding in integrity.findings] with data.guidelines as declaring
		with data.drugs as {id: {"guideline": id} | some id, _ in declaring}
	found == [[id, $"facts: sample.own is declared differently in policy/guidelines/{other}/2024-01-01; declare it in the same words or give it another name"] |
		some id, other in {"a": "b", "b": "a", "c": "a"}
	]
}

test_a_drug_of_no_guideline if {
	drugs := {"another": {"guideline": "another"}, "none": {}, "text": "sample", "null": {"guideline": null}}
	_drugs(object.union(drugs, {"sample": {"guideline": "sample"}})) == [["", "", pointer, message] |
		some name in ["another", "none", "null", "text"]
		pointer := $"/drugs/{name}"
		message := $"the drug {name}: names no guideline on file; correct `guideline`, which is the name of a folder in policy/guidelines"
	]
}

test_a_drug_that_is_never_found if {
	drugs := {name: {"guideline": "sample"} | some name in [" sample", "Sample", "sample", "sample®"]}
	_drugs(drugs) == [["", "", pointer, message] |
		some name in [" sample", "Sample", "sample®"]
		pointer := $"/drugs/{name}"
		message := $"the drug {name}: is never found; name its folder in lower case, without trade marks and without space around it"
	]
}

_unfoldable := "has a character from U+2C00 on, whose case hosts may fold differently; spell it in other letters"

test_a_drug_whose_case_is_not_everywhere_the_same if {
	drugs := {name: {"guideline": "sample"} | some name in ["sample", "étude", "sample\ua7d1", "\u2c5f"]}
	_drugs(drugs) == [["", "", $"/drugs/{name}", $"the drug {name}: {_unfoldable}"] | some name in ["sample\ua7d1", "\u2c5f"]]
}

# Guidelines that declare one fact: each is told of the first that declares it otherwise.
test_a_fact_declared_otherwise_in_another_guideline if {
	other := json.patch(_sample, [{"op": "replace", "path": "/facts/sample.score/title", "value": "Another score"}])
	drugs := {"sample": {"guideline": "sample"}, "other": {"guideline": "other"}}
	found := integrity.findings with data.guidelines as {"sample": {"2024-01-01": _sample}, "other": {"2024-01-01": other}}
		with data.drugs as drugs
	[[finding.guideline, finding.path, finding.message] | some finding in found] == [
		["other", "/facts/sample.score", "facts: sample.score is declared differently in policy/guidelines/sample/2024-01-01; declare it in the same words or give it another name"],
		["sample", "/facts/sample.score", "facts: sample.score is declared differently in policy/guidelines/other/2024-01-01; declare it in the same words or give it another name"],
	]
	alike := {"sample": {"2024-01-01": _sample}, "same": {"2024-01-01": _sample}, "other": {"2024-01-01": other}}
	three := integrity.findings with data.guidelines as alike
		with data.drugs as object.union(drugs, {"same": {"guideline": "same"}})
	[[finding.guideline, regex.find_n(`policy/\S+`, finding.message, 1)] | some finding in three] == [
		["other", ["policy/guidelines/same/2024-01-01;"]],
		["same", ["policy/guidelines/other/2024-01-01;"]],
		["sample", ["policy/guidelines/other/2024-01-01;"]],
	]
	scoped := integrity.findings with data.guidelines as {"sample": {"2024-01-01": _sample}, "other": {"2024-01-01": other}}
		with data.drugs as drugs
		with data.integrity.scope as ["other"]
	[finding.guideline | some finding in scoped] == ["other"]
}

# How requests that state nothing are decided. No kind is wrong, so the decision is made up.
test_rules_that_cannot_decide if {
	found := integrity.findings with data.guidelines as {"sample": {"2024-01-01": _sample}}
		with data.drugs as {"sample": {"guideline": "sample"}}
		with data.priorauth.document.whole as {"guideline": {"version": "another"}}
	found == [{"guideline": "sample", "version": "2024-01-01", "path": "", "message": message} |
		some type in ["initial", "renewal"]
		message := $"its rules cannot decide a request of type {type}; a kind has no answer for what a criterion says"
	]
}

test_an_absent_fact_that_decides if {
	statuses := ["met", "not_met", "reduced"]
	[[finding.path, finding.message] | some status in statuses; some finding in _absent(status)] == [[
		"/criteria/coverage/initial/1/parts/0",
		$"B.2 (score): an absent fact decides it: it is {status} where nothing is stated; the kind threshold must answer unknown",
	] |
		some status in statuses
	]
}

test_an_absent_fact_that_does_not_decide if {
	[finding | some status in ["unknown", "not_considered"]; some finding in _absent(status)] == []
}

_absent(status) := found if {
	decided := {
		"guideline": {"version": "2024-01-01"},
		"criteria": [
			{"id": "duration", "status": "met", "facts": {}},
			{"id": "severity", "status": "met", "parts": [{"id": "score", "status": status, "facts": {}}]},
		],
	}
	found := integrity.findings with data.guidelines as {"sample": {"2024-01-01": _sample}}
		with data.drugs as {"sample": {"guideline": "sample"}}
		with data.priorauth.document.whole as decided
}

# The plan's settings.
test_a_plan_that_is_wrong[name] if {
	some name, [setting, value, message] in {
		"an outcome misspelt": ["clinician_review", ["deny"], "policy/plan: clinician_review must be an array of outcomes"],
		"an outcome alone": ["clinician_review", "denied", "policy/plan: clinician_review must be an array of outcomes"],
		"outcomes by names": ["clinician_review", {"a": "denied"}, "policy/plan: clinician_review must be an array of outcomes"],
		"days as a text": ["early_renewal_days", "60", "policy/plan: early_renewal_days must be a number of days"],
		"formularies listed": ["formularies", ["1"], "policy/plan: formularies must map each spelling to its formulary"],
	}
	plan := object.union(data.plan, {setting: value})
	found := integrity.findings with data.plan as plan with data.guidelines as {} with data.drugs as {}
	[finding | some finding in found; finding.path != "/guidelines"] == [{
		"guideline": "",
		"version": "",
		"path": $"/plan/{setting}",
		"message": message,
	}]
}

test_a_plan_may_have_every_outcome_reviewed if {
	outcomes := ["approved", "modified", "denied", "pended", "not_applicable", "invalid"]
	found := integrity.findings with data.plan as object.union(data.plan, {"clinician_review": outcomes})
		with data.guidelines as {"sample": {"2024-01-01": _sample}} with data.drugs as {"sample": {"guideline": "sample"}}
	found == []
}

test_a_plan_without_settings if {
	found := integrity.findings with data.plan as {} with data.guidelines as {} with data.drugs as {}
	[finding.path | some finding in found] == ["/guidelines", "/plan/clinician_review", "/plan/early_renewal_days", "/plan/formularies"]
}

_drugs(drugs) := [[finding.guideline, finding.version, finding.path, finding.message] | some finding in found] if {
	found := integrity.findings with data.guidelines as {"sample": {"2024-01-01": _sample}} with data.drugs as drugs
}

_found(operations) := found if {
	found := integrity.findings with data.guidelines as {"sample": {"2024-01-01": json.patch(_sample, operations)}}
		with data.drugs as {"sample": {"guideline": "sample"}}
}

_messages(operations) := [finding.message | some finding in _found(operations)]

_paths(operations) := [finding.path | some finding in _found(operations)]

_later(date) := json.patch(_sample, [
	{"op": "replace", "path": "/effective_date", "value": date},
	{"op": "replace", "path": "/in_force/from", "value": date},
])

# A guideline with a little of all.
_sample := {
	"title": "Sample (samplinib)",
	"effective_date": "2024-01-01",
	"next_review": "2025-01",
	"in_force": {"from": "2024-01-01"},
	"facts": {
		"sample.stage": {"title": "Stage", "question": "Which stage?", "known_by": "prescriber", "type": "string", "enum": ["early", "late"]},
		"sample.code": {"title": "Code", "question": "Which code?", "known_by": "prescriber", "type": "string", "pattern": "^[A-Z][0-9]{3}$"},
		"sample.grade": {
			"title": "Grade", "question": "Which grade?", "known_by": "prescriber", "type": "string",
			"enum": ["grade_3", "grade_3b", "grade_4"],
		},
		"sample.score": {"title": "Score", "question": "Which score?", "known_by": "prescriber", "type": "number"},
		"sample.day": {"title": "Day", "question": "Which day?", "known_by": "prescriber", "type": "string", "format": "date"},
	},
	"sections": [
		{"number": "A", "title": "Scope", "text": "For the pharmacy benefit"},
		{"number": "B", "title": "Policy", "text": "1. At least 18 years AND\n2. A score of seven, or support of category 1, one of those;\n3. an early stage"},
		{"number": "C", "title": "Renewal", "text": "By the stage: within 6 months"},
		{"number": "D", "title": "Limits", "text": "100 mg/week: 20 tablets per 28 days; for up to 1,200 months"},
	],
	"criteria": {
		"applicability": {"every_request": [{
			"id": "benefit", "clause": "A", "text": "For the pharmacy benefit", "kind": "one_of", "fact": "member.benefit",
			"accepted": ["pharmacy"],
		}]},
		"coverage": {
			"initial": [
				{"id": "age", "clause": "B.1", "text": "At least 18 years", "kind": "age", "minimum": 18},
				{"id": "severity", "clause": "B.2", "text": "A score of seven, or support of category 1", "kind": "any", "parts": [
					{"id": "score", "clause": "B.2", "text": "A score of seven", "kind": "threshold", "fact": "sample.score", "minimum": 7},
					{"id": "supported", "clause": "B.2", "text": "support of category 1", "kind": "any_of", "fact": "nccn", "of": "category", "accepted": {"1": "Category 1"}},
				]},
				{"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "one_of", "fact": "sample.stage", "accepted": ["early"]},
			],
			"renewal": [{
				"id": "by_stage", "clause": "C", "text": "By the stage", "kind": "branch", "fact": "sample.stage",
				"parts": [object.union(_recent, {"when": {"values": ["early"]}})],
			}],
		},
		"limits": {"every_request": [
			{
				"id": "quantity", "clause": "D", "text": "100 mg/week: 20 tablets per 28 days", "kind": "quantity_by_dose",
				"quantity": "quantity.tablets", "dose": "dose.mg_per_week", "limits": [{"dose": 100, "quantity": 20, "days": 28}],
			},
			{"id": "duration", "clause": "D", "text": "for up to 1,200 months", "kind": "duration", "maximum": 1200},
		]},
	},
	"packs": {
		"clause": "D", "quantity": "quantity.tablets", "dose": "dose.mg_per_week", "schedule": "dose.times_per_week", "strength_mg": 20,
		"listed": [{"name": "weekly", "dose": 100, "schedule": 1, "quantity": 20}],
	},
}

_recent := {
	"id": "recent", "clause": "C", "text": "within 6 months", "kind": "dated_within", "fact": "sample.day", "months": 6,
}

_not_in_words := "which its words do not contain; correct it, or add a reading, under `readings`, that says where it comes from"

_at(path, value) := {"op": "replace", "path": path, "value": value}

_replaced(index, criterion) := [_at($"/criteria/coverage/initial/{index}", criterion)]

# The renewal by a branch of two parts.
_by_stage(one, other) := [{"op": "add", "path": "/criteria/coverage/renewal/0/parts", "value": _two_parts(one, other)}]

_by_age(one, other) := [_at("/criteria/coverage/renewal/0", {
	"id": "by_age", "clause": "C", "text": "By the stage", "kind": "branch", "fact": "member.birth_date",
	"parts": _two_parts(one, other),
})]

_two_parts(one, other) := [
	object.union(_recent, {"when": one}),
	object.union(_recent, {"when": other, "id": "later"}),
]

_by(fact, when) := [_at("/criteria/coverage/renewal/0/fact", fact), _at("/criteria/coverage/renewal/0/parts/0/when", when)]

_read(part, readings) := {"op": "add", "path": $"/criteria/coverage/renewal/0/parts/{part}/readings", "value": readings}

_of_grade(accepted, text) := _of("sample.grade", [accepted], $"Policy: {text}")

_bulleted := [{
	"op": "replace", "path": "/sections/1/text",
	"value": "All of:\n• At least 18 years AND\n• A score of seven, or support of category 1,\n  one of those;\n• an early stage",
}]

_response(figure, text) := _at("/criteria/coverage/initial/2", object.union(
	{
		"id": "better", "clause": "B.2", "text": text, "kind": "response", "baseline": "sample.score", "current": "sample.score",
	},
	figure,
))

_of(fact, accepted, text) := _at("/criteria/coverage/initial/2", {
	"id": "stage", "clause": "B.3", "text": text, "kind": "one_of", "fact": fact, "accepted": accepted,
})

# A therapy tried, by a list that is declared with a change.
_tried(fact, path, value) := [
	{"op": "add", "path": $"/facts/{fact}", "value": json.patch(_therapies, [{"op": "add", "path": path, "value": value}])},
	_at("/criteria/coverage/initial/0", {
		"id": "tried", "clause": "B", "text": "one of those", "kind": "tried", "fact": fact, "of": {"one": "One"}, "minimum": 1,
	}),
]

_diagnosis(accepted, text) := [_at("/criteria/coverage/initial/2", {
	"id": "stage", "clause": "B.3", "text": $"Policy: {text}", "kind": "diagnosis", "fact": "diagnosis.icd10", "accepted": accepted,
})]

_without(parameters) := _replaced("2", object.union(
	{
		"id": "stage", "clause": "B.3", "text": "an early stage", "kind": "none_of", "fact": "nccn",
		"readings": ["Without category 1."],
	},
	object.union({"excluded": {"1": "Category 1"}}, parameters),
))

_therapies := {
	"title": "Therapies", "question": "Which?", "known_by": "prescriber", "empty": "none", "type": "array",
	"items": {"type": "object", "properties": {
		"therapy": {"title": "Therapy", "type": "string", "enum": ["one", "two"]},
		"result": {"title": "Result", "type": "string"},
		"weeks": {"title": "Weeks", "type": "integer"},
	}},
}

_list := {
	"title": "Drugs", "question": "Which?", "known_by": "prescriber", "empty": "none", "type": "array",
	"items": {"type": "string", "enum": ["one", "two"]},
}

# Six groups in each other; `_deep.parts[0]` is five.
_deep := _group(1, _group(2, _group(3, _group(4, _group(5, _group(6, {
	"id": "innermost", "clause": "B.1", "text": "At least 18 years", "kind": "age", "minimum": 18,
}))))))

_group(n, part) := {"id": $"g{n}", "clause": "B.1", "text": "At least 18 years", "kind": "all", "parts": [part]}
