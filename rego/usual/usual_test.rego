package usual_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.request
import data.usual

test_all_of_a_usual_request_is_usual[name] if {
	some name, document in {"initial": fixtures.initial, "renewal": object.remove(fixtures.renewal, ["clinical"])}
	found := usual.parts with input as document
	found == object.keys(document)
}

test_nothing_of_what_is_no_object_is_usual[name] if {
	some name, value in {"null": null, "a text": "type", "a list": ["initial"], "an empty object": {}}
	found := usual.parts with input as value
	found == set()
}

# Cases are [a part, its value, whether it is usual].
test_parts[name] if {
	some name, case in {
		"null": ["member", null, true],
		"nothing in it": ["member", {}, true],
		"a name of no fact": ["member", {"weight_in_stone": 12}, false],
		"a null of no fact": ["member", {"weight_in_stone": null}, false],
		"a section of no fact": ["hobbies", {}, false],
		"a text for an object": ["member", "birth_date", false],
		"true": ["member", {"drug_on_formulary": true}, true],
		"a text for true": ["member", {"drug_on_formulary": "true"}, false],
		"all facts of a section": [
			"member",
			{
				"birth_date": "1956-04-12",
				"benefit": "pharmacy",
				"formulary": "2",
				"drug_on_formulary": true,
				"closed_formulary": false,
				"formulary_alternatives_tried": null,
			},
			true,
		],
		"a value not listed": ["type", "first", false],
		"the end of a value listed": ["type", "re-initial", false],
		"a day": ["service_date", "2022-11-30", true],
		"a day that does not exist": ["service_date", "2022-11-31", false],
		"a leap day": ["service_date", "2024-02-29", false],
		"a day too early": ["service_date", "1989-12-31", false],
		"the first day": ["service_date", "1990-01-01", true],
		"a number": ["dose", {"mg_per_week": 100.5, "times_per_week": 2}, true],
		"a number below one": ["dose", {"mg_per_week": 0.5}, false],
		"none": ["dose", {"mg_per_week": 0}, false],
		"less than none": ["dose", {"mg_per_week": -100}, false],
		"the largest but one": ["duration_months", 999999999, true],
		"the largest": ["duration_months", 1000000000, false],
		"too large": ["duration_months", 1000000001, false],
		"no whole number": ["duration_months", 1.5, false],
		"a text": ["diagnosis", {"icd10": "C90.00"}, true],
		"a placeholder": ["diagnosis", {"icd10": "N/A"}, false],
		"a placeholder of one letter": ["diagnosis", {"icd10": "x"}, false],
		"a placeholder of one letter, and space": ["diagnosis", {"icd10": "x "}, false],
		"what begins as a placeholder": ["diagnosis", {"icd10": "Nonesuch"}, false],
		"space before": ["diagnosis", {"icd10": " C90.00"}, false],
		"a quotation mark": ["diagnosis", {"icd10": `C90","icd9":"`}, false],
		"a backslash": ["diagnosis", {"icd10": `C90\`}, false],
		"a letter beyond ASCII": ["diagnosis", {"icd10": "Ç90"}, false],
		"objects": ["nccn", [{"source": "compendium", "category": "2A"}, {"source": "guidelines", "category": "1"}], true],
		"an object without what it needs": ["nccn", [{"source": "compendium"}], false],
		"an object with null for what it needs": ["nccn", [{"source": "compendium", "category": null}], false],
		"an object with more": ["nccn", [{"source": "compendium", "category": "1", "year": 2022}], false],
		"null in a list": ["nccn", [null], false],
		"an empty list": ["nccn", [], true],
		"a list in an object": ["prescriber", {"npi": "0000000000", "taxonomies": ["207RH0003X", "207RX0202X"]}, true],
		"a code too long": ["prescriber", {"taxonomies": ["207RH0003XX"]}, false],
	}
	found := usual.parts with input as {case[0]: case[1]}
	found == {part | some part in [case[0]]; case[2]}
}

# A quick look changes no answer, only what it costs.
test_the_request_check_needs_none_of_it[name] if {
	some name, document in {
		"well formed": fixtures.initial,
		"an error": fixtures.initial_with({"member": {"birth_date": "2022-02-30"}}),
		"an error in a list": fixtures.initial_with({"nccn": [{"source": "hearsay", "category": "2A"}]}),
		"a leap day": fixtures.initial_with({"member": {"birth_date": "1956-02-29"}}),
		"no object": [],
	}
	with_it := request.errors with input as document
	without := request.errors with input as document with data.usual as {}
	with_it == without
}

test_made_from if {
	regex.match(`^[0-9a-f]{64}$`, usual.made_from)
	other := usual.made_from with data.facts as {}
	other != usual.made_from
}

test_the_whole[name] if {
	some name, case in {
		"initial": [fixtures.initial, true],
		"renewal": [object.remove(fixtures.renewal, ["clinical"]), true],
		"nothing in it": [{}, true],
		"null": [null, false],
		"a list": [[fixtures.initial], false],
		"a text": ["type", false],
		"a part that is not usual": [object.union(fixtures.initial, {"service_date": "2024-02-29"}), false],
		"a part of no fact": [object.union(fixtures.initial, {"hobbies": {}}), false],
	}
	found := {true | usual.whole with input as case[0]}
	found == {true | case[1]}
}
