# METADATA
# title: Sample
# description: A guideline whose criteria nest and ask facts of every type, for the tests of forms.
package priorauth.fhir.sample_test

reference := {"id": "sample", "version": "2024-01-01"}

drugs := {"sample": {"guideline": "sample"}}

guidelines := {"sample": {"2024-01-01": {
	"title": "Sample (sampline)",
	"effective_date": "2024-01-01",
	"next_review": "2025-01",
	"in_force": {"from": "2024-01-01"},
	"sections": [],
	"facts": declared,
	"criteria": criteria,
}}}

declared := {
	"sample.indication": {"title": "Indication", "question": "Which?", "known_by": "prescriber", "type": "string", "enum": ["skin", "joints", "other"]},
	"sample.severe": {"title": "Severe", "question": "Is it severe?", "known_by": "prescriber", "type": "boolean"},
	"sample.score": {"title": "Score", "question": "Which score?", "known_by": "prescriber", "type": "number", "minimum": 0, "maximum": 10.5},
	"sample.joints": {"title": "Joints", "question": "How many joints?", "known_by": "prescriber", "type": "integer", "minimum": 1},
	"sample.day": {"title": "Day", "question": "On which day?", "known_by": "prescriber", "type": "string", "format": "date"},
	"sample.code": {"title": "Code", "question": "Which code?", "known_by": "prescriber", "type": "string", "pattern": "^[A-Z]+$", "maxLength": 8},
	"sample.areas": {
		"title": "Areas", "question": "Which areas?", "known_by": "prescriber", "empty": "none", "type": "array",
		"items": {"type": "string", "enum": ["face", "hands"]},
	},
	"sample.drugs": {
		"title": "Other drugs", "question": "Which other drugs?", "known_by": "prescriber", "type": "array",
		"items": {"type": "string"},
	},
	"sample.therapies": {
		"title": "Therapies", "question": "Which therapies?", "known_by": "prescriber", "empty": "none", "type": "array",
		"items": {"type": "object", "required": ["therapy"], "properties": {
			"therapy": {"title": "Therapy", "type": "string"},
			"result": {"title": "Result", "question": "With which result?", "type": "string", "enum": ["success", "failure"]},
			"weeks": {"title": "Weeks", "type": "number", "minimum": 0},
		}},
	},
	"sample.on_file": {"title": "On file", "question": "Is it on file?", "known_by": "plan", "type": "boolean"},
}

criteria := {
	"applicability": {"every_request": [
		{"id": "on_file", "clause": "1", "text": "It is on file", "kind": "attested", "fact": "sample.on_file", "expected": true},
		{"id": "code", "clause": "1", "text": "The code is A", "kind": "one_of", "fact": "sample.code", "accepted": ["A"]},
	]},
	"coverage": {
		"every_request": [{
			"id": "indication", "clause": "2", "text": "By the indication", "kind": "branch", "fact": "sample.indication",
			"parts": [
				{
					"id": "skin", "when": {"values": ["skin"]}, "clause": "2.a", "text": "Skin", "kind": "any",
					"parts": [
						{"id": "score", "clause": "2.a", "text": "A score of 5 or more", "kind": "threshold", "fact": "sample.score", "minimum": 5},
						{
							"id": "face", "clause": "2.a", "text": "The face is affected", "kind": "any_of", "fact": "sample.areas", "accepted": {"face": "Face"},
							"questions": {"sample.areas": "Is the face affected?"},
						},
					],
				},
				{
					"id": "joints", "when": {"values": ["joints", "other"]}, "clause": "2.b", "text": "Joints", "kind": "all",
					"parts": [
						{"id": "many", "clause": "2.b", "text": "Three joints or more", "kind": "threshold", "fact": "sample.joints", "minimum": 3},
						{
							"id": "severity", "clause": "2.b", "text": "By severity", "kind": "branch", "fact": "sample.severe",
							"parts": [
								{"id": "severe", "when": {"values": [true]}, "clause": "2.b", "text": "Since a day", "kind": "stated", "fact": "sample.day"},
								{"id": "mild", "when": {"values": [false]}, "clause": "2.b", "text": "A score", "kind": "threshold", "fact": "sample.score", "minimum": 5},
							],
						},
					],
				},
			],
		}],
		"initial": [{
			"id": "tried", "clause": "3", "text": "One of these was tried", "kind": "tried", "fact": "sample.therapies",
			"of": {"first": "First", "second": "Second"}, "minimum": 1, "weeks": 4,
		}],
		"renewal": [{
			"id": "together", "clause": "4", "text": "Not together with other", "kind": "none_of", "fact": "sample.drugs", "excluded": {"other": "Other"},
		}],
	},
	"limits": {"every_request": [
		{
			"id": "age_limit", "clause": "5", "text": "By age", "kind": "branch", "fact": "member.birth_date",
			"parts": [
				{"id": "minor", "when": {"maximum": 17}, "clause": "5", "text": "1 a dose", "kind": "quantity_per_dose", "quantity": "quantity.tablets", "maximum": 1},
				{"id": "adult", "when": {"minimum": 18}, "clause": "5", "text": "2 a dose", "kind": "quantity_per_dose", "quantity": "quantity.tablets", "maximum": 2},
			],
		},
		{"id": "duration", "clause": "6", "text": "3 months", "kind": "duration", "maximum": 3},
	]},
}

# Approved as asked.
request := {
	"type": "initial",
	"service_date": "2024-03-01",
	"drug": {"name": "sample"},
	"member": {"birth_date": "1980-01-01"},
	"sample": {
		"on_file": true, "code": "A", "indication": "skin", "score": 7,
		"therapies": [{"therapy": "first", "result": "failure", "weeks": 5}],
	},
	"quantity": {"tablets": 2},
}

request_with(changed) := object.union(request, changed)

test_every_fact_asked_is_declared if {
	asked := {criterion.fact | walk(criteria, [_, criterion]); is_string(criterion.fact)}
	asked - object.keys(object.union(data.facts, declared)) == set()
	count(asked) > 0
}
