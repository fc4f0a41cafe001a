# METADATA
# title: Fixtures
# description: Requests for the tests to start from, and what they change in them.
package priorauth.fixtures_test

import data.priorauth.request

# An initial request that is approved as asked.
initial := {
	"request_id": "initial",
	"type": "initial",
	"service_date": "2022-11-01",
	"drug": {"name": "Xpovio"},
	"member": {
		"birth_date": "1956-04-12",
		"benefit": "pharmacy",
		"formulary": "2",
		"drug_on_formulary": true,
	},
	"prescriber": {"taxonomies": ["207RH0003X"]},
	"nccn": [{"source": "compendium", "category": "2A"}],
	"documentation": [{"reference": "chart-note-17"}],
	"dose": {"mg_per_week": 100, "times_per_week": 1},
	"quantity": {"tablets": 20, "days_supply": 28},
}

# A renewal that is approved as asked.
renewal := {
	"request_id": "renewal",
	"type": "renewal",
	"service_date": "2023-05-01",
	"drug": {"name": "selinexor"},
	"member": {
		"benefit": "pharmacy",
		"formulary": "4",
		"drug_on_formulary": true,
	},
	"documentation": [{"reference": "progress-note-3"}],
	"dose": {"mg_per_week": 160, "times_per_week": 2},
	"quantity": {"tablets": 32, "days_supply": 28},
	"prior_authorization": {"end_date": "2023-04-30"},
	"clinical": {"disease_status": "partial_response", "unacceptable_toxicity": false},
}

# The same with facts changed; `null` takes one away.
initial_with(facts) := object.union(initial, facts)

renewal_with(facts) := object.union(renewal, facts)

# Requests that state nothing but what makes the guideline govern them.
empty_initial := {"type": "initial", "service_date": "2022-11-01", "drug": {"name": "Xpovio"}}

empty_renewal := {"type": "renewal", "service_date": "2022-11-01", "drug": {"name": "Xpovio"}}

# The guidelines on file, with the Xpovio text changed by JSON Patch.
patched(patches) := json.patch(xpovio, [object.union(patch, {"path": concat("", ["/xpovio/2022-10-03", patch.path])}) |
	some patch in patches
])

# With one value in the Xpovio text replaced by another, or put where there was none.
replaced(path, value) := patched([{"op": "add", "path": path, "value": value}])

removed(path) := patched([{"op": "remove", "path": path}])

# Two versions of the Xpovio text: the one on file until 2023-06-30, and one with a higher age from then on.
two_versions := object.union(xpovio, {"xpovio": {
	"2022-10-03": {"in_force": {"to": "2023-06-30"}},
	"2023-07-01": object.union(data.guidelines.xpovio["2022-10-03"], {
		"effective_date": "2023-07-01",
		"next_review": "2024-06",
		"in_force": {"from": "2023-07-01"},
		"sections": {
			"policy": {"criteria": {"age": {"minimum_years": 21}}},
			"policy_changes": {"changes": [{"date": "2023-07-01", "summary": "age 21"}]},
		},
	}),
}})

# The Xpovio text alone, whatever other guidelines are on file.
xpovio := {"xpovio": {"2022-10-03": data.guidelines.xpovio["2022-10-03"]}}

test_fixtures_are_well_formed if {
	every document in [initial, renewal, empty_initial, empty_renewal] {
		errors := request.errors with input as document
		errors == []
	}
}
