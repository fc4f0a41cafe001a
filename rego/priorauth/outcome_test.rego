package priorauth.outcome_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.outcome

# A criterion not met weighs before an unknown one within a stage, and no later stage undoes an earlier.
test_value[name] if {
	some name, case in {
		"approved": [{}, "approved"],
		"not applicable before unknown": [{"member": {"benefit": "medical", "formulary": null}}, "not_applicable"],
		"not applicable before denied": [{"member": {"benefit": "medical", "birth_date": "2010-01-01"}}, "not_applicable"],
		"applicability unknown before denied": [{"member": {"benefit": null, "birth_date": "2010-01-01"}}, "pended"],
		"denied before unknown": [{"member": {"birth_date": "2010-01-01"}, "nccn": null}, "denied"],
		"denied before reduced": [{"member": {"birth_date": "2010-01-01"}, "duration_months": 7}, "denied"],
		"coverage unknown before reduced": [{"nccn": null, "duration_months": 7}, "pended"],
		"limit unknown before reduced": [{"quantity": null, "duration_months": 7}, "pended"],
		"modified": [{"duration_months": 7}, "modified"],
	}
	value := outcome.value with input as fixtures.initial_with(case[0])
	value == case[1]
}

test_criteria_come_in_the_order_of_the_stages if {
	initial := [criterion.id | some criterion in outcome.criteria] with input as fixtures.initial
	initial == ["benefit", "formulary", "drug_on_formulary", "documentation", "age", "prescriber", "nccn", "quantity", "duration"]
	renewal := [criterion.id | some criterion in outcome.criteria] with input as fixtures.renewal
	renewal == ["benefit", "formulary", "drug_on_formulary", "documentation", "prior_authorization", "disease_control", "toxicity", "quantity", "duration"]
}

test_a_guideline_without_applicability_or_limits_decides if {
	coverage := {"criteria": {"coverage": data.guidelines.xpovio["2022-10-03"].criteria.coverage}}
	text := object.union(object.remove(data.guidelines.xpovio["2022-10-03"], ["criteria"]), coverage)
	ids := [criterion.id | some criterion in outcome.criteria] with input as fixtures.initial
		with data.guidelines as {"xpovio": {"2022-10-03": text}}
	ids == ["documentation", "age", "prescriber", "nccn"]
}

# All criteria or no decision.
test_a_criterion_that_cannot_be_judged_leaves_no_outcome if {
	broken := json.patch(data.guidelines, [{"op": "replace", "path": "/xpovio/2022-10-03/criteria/coverage/initial/0/minimum", "value": "18"}])
	not _value(broken)
}

# A limit reduces or is unknown. One that could deny has no place among them, and nothing follows from it.
test_a_limit_that_is_not_met_leaves_no_outcome if {
	minimum := {"id": "minimum", "clause": "IV", "text": "Some words", "kind": "threshold", "fact": "quantity.tablets", "minimum": 21}
	limit := json.patch(data.guidelines, [{"op": "add", "path": "/xpovio/2022-10-03/criteria/limits/every_request/-", "value": minimum}])
	not _value(limit)
	lowered := json.patch(limit, [{"op": "replace", "path": "/xpovio/2022-10-03/criteria/limits/every_request/2/minimum", "value": 20}])
	_value(lowered) == "approved"
}

_value(guidelines) := value if {
	value := outcome.value with input as fixtures.initial with data.guidelines as guidelines
}
