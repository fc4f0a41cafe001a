# The table "Applicable" at the head of the text.
package priorauth.guidelines.xpovio.header_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.header

test_pharmacy_benefit_is_met if {
	header.benefit == _benefit("met", "pharmacy") with input as fixtures.initial
}

test_medical_benefit_is_not_met if {
	header.benefit == _benefit("not_met", "medical") with input as fixtures.initial_with({"member": {"benefit": "medical"}})
}

test_benefit_is_unknown_when_absent if {
	every request in _without("benefit") {
		header.benefit == _benefit("unknown", null) with input as request
	}
}

test_formularies_1_2_3_and_4_are_met if {
	every formulary in ["1", "2", "3", "4"] {
		header.formulary == _formulary("met", formulary) with input as fixtures.initial_with({"member": {"formulary": formulary}})
	}
}

test_any_other_formulary_is_not_met if {
	every formulary in ["0", "5", "3/Exclusive", "Formulary 1", " 1"] {
		header.formulary == _formulary("not_met", formulary) with input as fixtures.initial_with({"member": {"formulary": formulary}})
	}
}

test_formulary_is_unknown_when_absent if {
	every request in _without("formulary") {
		header.formulary == _formulary("unknown", null) with input as request
	}
}

test_there_are_no_faults if {
	header.faults == set() with input as fixtures.initial
}

test_benefits_that_are_none_are_a_fault if {
	every broken in [null, [], "pharmacy", {"pharmacy": "x"}, [1], ["pharmacie"]] {
		header.faults == {{
			"path": "/sections/header/criteria/benefit/applicable",
			"message": "must be an array of benefits that a request can state, at least one",
		}} with input as fixtures.initial
			with data.guidelines as fixtures.replaced("/sections/header/criteria/benefit/applicable", broken)
	}
}

test_formularies_that_are_none_are_a_fault if {
	every broken in [null, {}, ["1", "2"], "1", {"1": null}] {
		header.faults == {{
			"path": "/sections/header/criteria/formulary/applicable",
			"message": "must be an object of formularies, each with its title, at least one",
		}} with input as fixtures.initial
			with data.guidelines as fixtures.replaced("/sections/header/criteria/formulary/applicable", broken)
	}
}

_benefit(status, benefit) := {
	"id": "benefit",
	"clause": "Applicable",
	"text": "Applicable: Pharmacy- Formulary 1, Formulary 2, Formulary 3/Exclusive, Formulary 4/AON",
	"status": status,
	"facts": {"benefit": benefit, "applicable": ["pharmacy"]},
}

_formulary(status, formulary) := {
	"id": "formulary",
	"clause": "Applicable",
	"text": "Applicable: Pharmacy- Formulary 1, Formulary 2, Formulary 3/Exclusive, Formulary 4/AON",
	"status": status,
	"facts": {"formulary": formulary, "applicable": ["1", "2", "3", "4"]},
}

_without(name) := [
	fixtures.initial_with({"member": {name: null}}),
	fixtures.initial_with({"member": null}),
	fixtures.empty_initial,
]
