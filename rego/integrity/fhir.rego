# METADATA
# title: Integrity of what is said by FHIR
# description: What is wrong with the codes of drugs, and with what the plan's FHIR service says of itself.
package integrity.fhir

import data.priorauth.document
import data.priorauth.fhir.texts

# METADATA
# title: Findings
# description: Every finding, in the form of those of the guidelines.
findings := [{"guideline": "", "version": "", "path": finding[0], "message": finding[1]} | some finding in sort(_found)]

_statements := [[system, code, statement] |
	some system, codes in data.codes
	system != "systems"
	some code, statement in codes
]

_found contains [$"/codes/{system}", $"policy/codes: no URL is on file for the code system {system}; add it to `systems` in policy/codes/data.yaml"] if {
	some [system, _, _] in _statements
	not system in {name | some _, name in data.codes.systems}
}

_found contains [_place(system, code), $"the code {code}: states no drug on file; give it, as drug.name, a name in policy/drugs"] if {
	some [system, code, statement] in _statements
	not _names_a_drug(statement)
}

_names_a_drug(statement) if texts.guideline(statement.drug.name)

# What a code states is held to what a request may state, on a day that its guideline governs.
_found contains [_place(system, code), $"the code {code}: {error.path} {error.message}"] if {
	some [system, code, statement] in _statements
	id := texts.guideline(statement.drug.name)
	day := max({content.in_force.from | some content in data.guidelines[id]})
	[decision] := [whole | whole := document.whole] with input as object.union({"type": "initial", "service_date": day}, statement)
	some error in decision.errors
}

_place(system, code) := $"/codes/{system}/{code}"

_found contains [$"/plan/fhir/{name}", $"policy/plan/fhir: {name} must be a text"] if {
	data.plan.fhir
	some name in ["url", "publisher"]
	not is_string(object.get(data.plan.fhir, name, null))
}

_found contains ["/plan/fhir/payers", "policy/plan/fhir: payers must list each payer by an identifier, its `system` and `value`"] if {
	data.plan.fhir
	not _identified(object.get(data.plan.fhir, "payers", null))
}

_identified(payers) if {
	is_array(payers)
	count(payers) > 0
	every payer in payers {
		is_string(payer.system)
		is_string(payer.value)
		count(payer) == 2
	}
}

_found contains ["/plan/fhir/doc_purpose", $"policy/plan/fhir: doc_purpose must be one of {concat(", ", sort(_purposes))}, or left out"] if {
	data.plan.fhir.doc_purpose
	not data.plan.fhir.doc_purpose in _purposes
}

_purposes := {"withpa", "withclaim", "withorder", "retain-doc", "OTH"}
