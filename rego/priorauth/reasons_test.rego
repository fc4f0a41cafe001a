package priorauth.reasons_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.reasons

test_an_approved_request_has_no_reasons[name] if {
	some name, request in {"initial": fixtures.initial, "renewal": fixtures.renewal}
	_bearing(request) == []
	_missing(request) == []
}

# Cases are [request, reasons], each reason as [criterion, its message without the words of the clause].
test_bearing[name] if {
	some name, case in {
		"not applicable": [
			object.union(_denied, {"member": {"benefit": "medical", "formulary": null, "drug_on_formulary": false}}),
			[["benefit", "not_met", "Not met: ", " (accepted: pharmacy; benefit: medical)"], ["drug_on_formulary", "not_met", "Not met: ", " (drug on formulary: false)"]],
		],
		"another formulary": [
			fixtures.initial_with({"member": {"formulary": "Other"}}),
			[["formulary", "not_met", "Not met: ", " (accepted: 1, 2, 3, 4; formulary: other)"]],
		],
		"denied": [
			_denied,
			[
				["age", "not_met", "Not met: ", " (age: 12; minimum: 18)"],
				["prescriber", "not_met", "Not met: ", " (accepted: 207RH0000X, 207RH0003X, 207RX0202X, 207VX0201X, 2080P0207X, 2085R0001X, 2086X0206X; taxonomies: 208D00000X)"],
				["nccn", "not_met", "Not met: ", " (accepted: 1, 2A; nccn: 2B, 3)"],
			],
		],
		"without a recommendation": [
			fixtures.initial_with({"nccn": []}),
			[["nccn", "not_met", "Not met: ", " (accepted: 1, 2A; nccn: none)"]],
		],
		"renewal denied": [
			fixtures.renewal_with({"clinical": {"disease_status": "progressive_disease", "unacceptable_toxicity": true}}),
			[
				["disease_control", "not_met", "Not met: ", " (accepted: stringent_complete_response, complete_response, very_good_partial_response, partial_response, minimal_response, stable_disease; disease status: progressive_disease)"],
				["toxicity", "not_met", "Not met: ", " (unacceptable toxicity: true)"],
			],
		],
		"quantity reduced": [
			fixtures.initial_with({"quantity": {"tablets": 21}}),
			[["quantity", "reduced", "Reduced from 21 to 20 tablets: ", ""]],
		],
		"both reduced": [
			fixtures.initial_with({"quantity": {"tablets": 21}, "duration_months": 7}),
			[["quantity", "reduced", "Reduced from 21 to 20 tablets: ", ""], ["duration", "reduced", "Reduced from 7 to 6 months: ", ""]],
		],
		"pended for one fact": [
			fixtures.initial_with({"member": {"birth_date": null}}),
			[["age", "unknown", "Not known, waiting for the plan: Date of birth. Needed for: ", ""]],
		],
		"pended for two facts of one criterion": [
			fixtures.initial_with({"quantity": null}),
			[["quantity", "unknown", "Not known, waiting for the prescriber: Tablets per fill; Days supply. Needed for: ", ""]],
		],
		"pended for what is not evaluable": [
			fixtures.renewal_with({"clinical": {"disease_status": "not_evaluable"}}),
			[["disease_control", "unknown", "Not known, waiting for the prescriber: Disease status. Needed for: ", ""]],
		],
		"pended, and reduced": [
			fixtures.initial_with({"nccn": null, "duration_months": 7}),
			[["nccn", "unknown", "Not known, waiting for the prescriber: NCCN recommendations. Needed for: ", ""]],
		],
		"pended for applicability only, though it would be denied": [
			object.union(_denied, {"member": {"benefit": null}}),
			[["benefit", "unknown", "Not known, waiting for the plan: Benefit. Needed for: ", ""]],
		],
		"nothing stated": [
			fixtures.empty_initial,
			[
				["benefit", "unknown", "Not known, waiting for the plan: Benefit. Needed for: ", ""],
				["formulary", "unknown", "Not known, waiting for the plan: Formulary. Needed for: ", ""],
				["drug_on_formulary", "unknown", "Not known, waiting for the plan: Drug on the member's formulary. Needed for: ", ""],
				["documentation", "unknown", "Not known, waiting for the prescriber: Supporting documents. Needed for: ", ""],
				["age", "unknown", "Not known, waiting for the plan: Date of birth. Needed for: ", ""],
				["prescriber", "unknown", "Not known, waiting for the plan: Prescriber's specialties. Needed for: ", ""],
				["nccn", "unknown", "Not known, waiting for the prescriber: NCCN recommendations. Needed for: ", ""],
				["quantity", "unknown", "Not known, waiting for the prescriber: Weekly dose, in mg; Tablets per fill; Days supply. Needed for: ", ""],
			],
		],
	}
	_bearing(case[0]) == [{
		"code": concat("_", [reason[0], reason[1]]),
		"criterion": reason[0],
		"clause": _criteria[reason[0]].clause,
		"message": concat("", [reason[2], _criteria[reason[0]].text, reason[3]]),
	} |
		some reason in case[1]
	]
}

# What is pended with nothing to ask says why. Readings 5 and 10.
test_bearing_where_a_person_decides[name] if {
	some name, case in {
		"dose_not_listed": [{"dose": {"mg_per_week": 120}}, "IV lists no limit for the dose stated, 120, so a person decides."],
		"strength_not_listed": [{"drug": {"strength_mg": 40}}, "The limits count units of 20 mg, and the strength stated is another, so a person decides."],
		"days_supply_too_short": [{"quantity": {"tablets": 1, "days_supply": 1}}, "The limit in IV allows less than one unit for a days supply of 1, so a person decides."],
	}
	request := fixtures.initial_with(case[0])
	_bearing(request) == [{"code": name, "criterion": "quantity", "clause": "IV", "message": case[1]}]
	_missing(request) == []
}

test_no_two_reasons_share_a_message if {
	requests := [fixtures.empty_initial, fixtures.empty_renewal, _denied, fixtures.initial_with({"quantity": {"tablets": 21}, "duration_months": 7})]
	every request in requests {
		reasons := _bearing(request)
		count({reason.message | some reason in reasons}) == count(reasons)
		count({reason.code | some reason in reasons}) == count(reasons)
	}
}

test_the_questions_of_an_initial_request if {
	_missing(fixtures.empty_initial) == array.concat(_shared_questions, array.concat(
		[
			_question("/member/birth_date", "age", "III.1", "What is the member's date of birth?"),
			_question("/prescriber/taxonomies", "prescriber", "III.2", "What are the NUCC taxonomy codes of the prescriber's specialties?"),
			_question("/nccn", "nccn", "III.3", "Which NCCN Guidelines or NCCN Compendium recommendations support the requested use, and of which category?"),
		],
		_limit_questions,
	))
}

test_the_questions_of_a_renewal if {
	_missing(fixtures.empty_renewal) == array.concat(_shared_questions, array.concat(
		[
			_question("/prior_authorization/end_date", "prior_authorization", "VI", "What is the last day of the authorization being renewed?"),
			_question("/clinical/disease_status", "disease_control", "VI.1", "What is the member's disease status on treatment, as an evaluable IMWG response category?"),
			_question("/clinical/unacceptable_toxicity", "toxicity", "VI.2", "Has the member had unacceptable toxicity from the drug?"),
		],
		_limit_questions,
	))
}

test_missing[name] if {
	some name, case in {
		"section null": [fixtures.initial_with({"quantity": null}), ["/quantity/tablets", "/quantity/days_supply"]],
		"fact null": [fixtures.initial_with({"quantity": {"days_supply": null}}), ["/quantity/days_supply"]],
		"dose": [fixtures.initial_with({"dose": null}), ["/dose/mg_per_week"]],
		"a dose that is not listed settles nothing": [fixtures.initial_with({"dose": {"mg_per_week": 120}, "quantity": null}), []],
		"lists that cannot be empty": [fixtures.initial_with({"documentation": [], "prescriber": {"taxonomies": []}}), ["/documentation", "/prescriber/taxonomies"]],
		"applicability alone, where coverage is not met": [fixtures.initial_with({"nccn": [], "member": {"benefit": null, "birth_date": null}}), ["/member/benefit"]],
		"all, where a limit is reduced": [fixtures.initial_with({"nccn": null, "duration_months": 7}), ["/nccn"]],
		"a status that is not evaluable": [fixtures.renewal_with({"clinical": {"disease_status": "not_evaluable"}}), ["/clinical/disease_status"]],
		"not applicable": [object.union(fixtures.empty_initial, {"member": {"benefit": "medical"}}), []],
		"denied": [fixtures.initial_with({"member": {"birth_date": "2010-01-01"}, "nccn": null}), []],
		"modified": [fixtures.initial_with({"duration_months": 7}), []],
	}
	[question.path | some question in _missing(case[0])] == case[1]
}

# Groups. Cases are [criteria, request, reasons, missing paths].
test_bearing_of_groups[name] if {
	one := _attested("one", "clinical.unacceptable_toxicity")
	two := _attested("two", "member.closed_formulary")
	toxic := {"clinical": {"unacceptable_toxicity": false}, "member": {"closed_formulary": false}}
	either := {"id": "g", "clause": "III.9", "text": "Either", "kind": "any", "parts": [one, two]}
	branch := {
		"id": "b", "clause": "III.8", "text": "By benefit", "kind": "branch", "fact": "member.formulary_alternatives_tried",
		"parts": [object.union(one, {"when": {"values": [true]}})],
	}
	some name, case in {
		"all, each part that fails": [
			object.union(either, {"kind": "all"}), toxic,
			[_reason("one_not_met", "one", "III.9", "Not met: Words of one (unacceptable toxicity: false)"), _reason("two_not_met", "two", "III.9", "Not met: Words of two (closed formulary: false)")], [],
		],
		"either, once, with what would do": [either, toxic, [_reason("g_not_met", "g", "III.9", "Not met: Either. One of these would do: Words of one; Words of two")], []],
		"either, unknown": [
			either, {},
			[_reason("g_unknown", "g", "III.9", "Not known, waiting for the plan and the prescriber: Unacceptable toxicity; Closed formulary. Needed for: Either")],
			["/clinical/unacceptable_toxicity", "/member/closed_formulary"],
		],
		"branch, its value unknown": [
			branch, {},
			[_reason("b_unknown", "b", "III.8", "Not known, waiting for the prescriber: Formulary alternatives tried. Needed for: By benefit")],
			["/member/formulary_alternatives_tried"],
		],
		"branch, the one taken": [
			branch, object.union(toxic, {"member": {"formulary_alternatives_tried": true}}),
			[_reason("one_not_met", "one", "III.9", "Not met: Words of one (unacceptable toxicity: false)")], [],
		],
		"branch, none taken": [branch, {"member": {"formulary_alternatives_tried": false}}, [_reason("b_not_met", "b", "III.8", "Not met: By benefit")], []],
		"one fact of two criteria is asked for once": [
			object.union(either, {"kind": "all", "parts": [one, object.union(one, {"id": "again", "text": "Words of again"})]}), {},
			[
				_reason("one_unknown", "one", "III.9", "Not known, waiting for the prescriber: Unacceptable toxicity. Needed for: Words of one"),
				_reason("again_unknown", "again", "III.9", "Not known, waiting for the prescriber: Unacceptable toxicity. Needed for: Words of again"),
			],
			["/clinical/unacceptable_toxicity"],
		],
	}
	_bearing_by(case[0], case[1]) == case[2]
	_missing_by(case[0], case[1]) == case[3]
}

_facts := {"therapies": {
	"title": "Therapies", "question": "Which therapies were tried?", "known_by": "prescriber", "type": "array", "empty": "none",
	"items": {"type": "object", "properties": {
		"therapy": {"title": "Therapy", "type": "string", "question": "Which therapy is it?"},
		"result": {"title": "Result", "type": "string", "question": "How did it end?"},
		"weeks": {"title": "Weeks", "type": "integer", "question": "For how many weeks was it taken?"},
	}},
}}

# A question is asked of an item of a list.
test_missing_of_an_item if {
	tried := {
		"id": "tried", "clause": "III.9", "text": "Words of tried", "kind": "tried", "fact": "clinical.therapies",
		"of": {"a": "A"}, "minimum": 1, "weeks": 8,
	}
	changed := fixtures.xpovio_with({
		"facts": {"clinical.therapies": _facts.therapies},
		"criteria": {"coverage": {"every_request": [tried]}},
	})
	request := fixtures.initial_with({"clinical": {"therapies": [{"therapy": "c", "result": "failure"}, {"therapy": "a", "result": "failure"}]}})
	missing := reasons.missing with input as request with data.guidelines as changed
	missing == [_question("/clinical/therapies/1/weeks", "tried", "III.9", "For how many weeks was it taken?")]
	bearing := reasons.bearing with input as request with data.guidelines as changed
	bearing == [_reason("tried_unknown", "tried", "III.9", "Not known, waiting for the prescriber: Weeks. Needed for: Words of tried")]
	whole := reasons.missing with input as fixtures.initial with data.guidelines as changed
	whole == [_question("/clinical/therapies", "tried", "III.9", "Which therapies were tried?")]
}

# Limits of other kinds are said by their own names.
test_what_is_reduced_by_other_limits[name] if {
	some name, case in {
		"flat": [{"kind": "quantity", "quantity": "quantity.tablets", "limit": {"quantity": 10, "days": 28}}, "Reduced from 20 to 10 tablets: Words of limit"],
		"each dose": [{"kind": "quantity_per_dose", "quantity": "quantity.days_supply", "maximum": 7}, "Reduced from 28 to 7 days supply: Words of limit"],
		"months": [{"kind": "duration", "maximum": 3}, "Reduced from 6 to 3 months: Words of limit"],
	}
	limit := object.union({"id": "limit", "clause": "IV", "text": "Words of limit"}, case[0])
	changed := fixtures.xpovio_with({"criteria": {"limits": {"every_request": [limit]}}})
	found := reasons.bearing with input as fixtures.initial_with({"duration_months": 6}) with data.guidelines as changed
	found == [_reason("limit_reduced", "limit", "IV", case[1])]
}

# A branch of limits that has none for a value is for a person.
test_a_limit_that_is_not_listed_has_its_reason if {
	branch := {
		"id": "limit", "clause": "IV", "text": "Words of limit", "kind": "branch", "fact": "member.formulary",
		"parts": [{
			"id": "first", "clause": "IV", "text": "First", "when": {"values": ["1"]},
			"kind": "quantity", "quantity": "quantity.tablets", "limit": {"quantity": 10, "days": 28},
		}],
	}
	changed := fixtures.xpovio_with({"criteria": {"limits": {"every_request": [branch]}}})
	found := reasons.bearing with input as fixtures.initial with data.guidelines as changed
	found == [_reason("limit_not_listed", "limit", "IV", "IV lists no limit for Formulary: 2; a person decides.")]
	missing := reasons.missing with input as fixtures.initial with data.guidelines as changed
	missing == []
}

test_what_no_guideline_governs_has_its_reason[name] if {
	some name, case in {
		"drug_not_governed": [{"drug": {"name": "aspirin"}}, "No guideline on file names this drug."],
		"service_date_not_governed": [{"service_date": "2020-07-31"}, "No text on file of this drug's guideline was in force on the service date."],
	}
	found := reasons.ungoverned with input as fixtures.initial_with(case[0])
	found == {"code": name, "criterion": null, "clause": null, "message": case[1]}
}

_denied := fixtures.initial_with({
	"member": {"birth_date": "2010-01-01"},
	"prescriber": {"taxonomies": ["208D00000X"]},
	"nccn": [{"source": "compendium", "category": "2B"}, {"source": "guidelines", "category": "3"}],
	"documentation": [],
	"quantity": {"tablets": 21},
})

_criteria[criterion.id] := criterion if {
	some types in data.guidelines.xpovio["2022-10-03"].criteria
	some listed in types
	some criterion in listed
}

_attested(id, fact) := {
	"id": id, "clause": "III.9", "text": concat(" ", ["Words of", id]),
	"kind": "attested", "fact": fact, "expected": true,
}

_reason(code, criterion, clause, message) := {"code": code, "criterion": criterion, "clause": clause, "message": message}

_question(path, criterion, clause, question) := {"path": path, "criterion": criterion, "clause": clause, "question": question}

_shared_questions := [
	_question("/member/benefit", "benefit", "Applicable", "Is the drug requested under the member's pharmacy benefit or medical benefit?"),
	_question("/member/formulary", "formulary", "Applicable", "Which of the plan's formularies does the member have?"),
	_question("/member/drug_on_formulary", "drug_on_formulary", "Footer", "Is the drug included on the member's covered formulary?"),
	_question("/documentation", "documentation", "II", "Which clinical documents support this request?"),
]

_limit_questions := [
	_question("/dose/mg_per_week", "quantity", "IV", "What weekly dose is requested, in mg?"),
	_question("/quantity/tablets", "quantity", "IV", "How many 20 mg tablets are requested per fill?"),
	_question("/quantity/days_supply", "quantity", "IV", "For how many days is one fill?"),
]

_bearing(request) := found if found := reasons.bearing with input as request

_missing(request) := found if found := reasons.missing with input as request

# A guideline whose only criterion of coverage is one.
_only(criterion) := fixtures.xpovio_with({"criteria": {"coverage": {"every_request": [criterion], "initial": []}}})

_bearing_by(criterion, facts) := found if {
	found := reasons.bearing with input as fixtures.initial_with(facts) with data.guidelines as _only(criterion)
}

_missing_by(criterion, facts) := [question.path | some question in found] if {
	found := reasons.missing with input as fixtures.initial_with(facts) with data.guidelines as _only(criterion)
}

# What is accepted can be numbers or truth, as well as texts.
test_figures_of_any_type[name] if {
	some name, case in {
		"numbers": [{"fact": "dose.mg_per_week", "accepted": [80, 160.5]}, "accepted: 80, 160.5; mg per week: 100"],
		"truth": [{"fact": "member.drug_on_formulary", "accepted": [false]}, "accepted: false; drug on formulary: true"],
		"texts": [{"fact": "member.benefit", "accepted": ["medical"]}, "accepted: medical; benefit: pharmacy"],
	}
	criterion := object.union({"id": "one", "clause": "III.9", "text": "Words", "kind": "one_of"}, case[0])
	_bearing_by(criterion, {}) == [_reason("one_not_met", "one", "III.9", $"Not met: Words ({case[1]})")]
}
