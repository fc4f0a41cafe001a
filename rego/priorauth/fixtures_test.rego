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

# The Xpovio text on file, alone and with data changed in it.
xpovio := {"xpovio": {"2022-10-03": data.guidelines.xpovio["2022-10-03"]}}

xpovio_with(changed) := {"xpovio": {"2022-10-03": object.union(data.guidelines.xpovio["2022-10-03"], changed)}}

xpovio_without(names) := {"xpovio": {"2022-10-03": object.remove(data.guidelines.xpovio["2022-10-03"], names)}}

test_fixtures_are_well_formed if {
	every document in [initial, renewal, empty_initial, empty_renewal] {
		errors := request.errors with input as document
		errors == []
	}
}
