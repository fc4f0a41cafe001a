# The paragraphs below the text.
package priorauth.guidelines.xpovio.footer_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.footer

test_a_drug_on_the_formulary_is_met if {
	footer.drug_on_formulary == _drug_on_formulary("met", true) with input as fixtures.initial
}

test_a_drug_off_the_formulary_is_not_met if {
	footer.drug_on_formulary == _drug_on_formulary("not_met", false) with input as _off
}

test_drug_on_formulary_is_unknown_when_absent if {
	every request in [fixtures.initial_with({"member": {"drug_on_formulary": null}}), fixtures.empty_initial] {
		footer.drug_on_formulary == _drug_on_formulary("unknown", null) with input as request
	}
}

# Reading 9.
test_off_a_closed_formulary_the_notice_says_whether_all_alternatives_were_tried if {
	notices := [notice |
		some tried in [null, false, true]
		some notice in footer.notices with input as object.union(_off, {"member": {
			"closed_formulary": true,
			"formulary_alternatives_tried": tried,
		}})
	]
	notices == [
		{
			"code": "formulary_exception",
			"message": "The drug is off a closed formulary. It is not known whether all appropriate formulary alternatives were tried; only then will a coverage exception be considered.",
		},
		{
			"code": "formulary_exception",
			"message": "The drug is off a closed formulary. A coverage exception cannot be considered until all appropriate formulary alternatives were tried.",
		},
		{
			"code": "formulary_exception",
			"message": "The drug is off a closed formulary. All appropriate formulary alternatives were tried, so a coverage exception can be considered.",
		},
	]
}

test_there_is_no_notice_unless_off_a_closed_formulary if {
	every member in [
		{"drug_on_formulary": true, "closed_formulary": true},
		{"drug_on_formulary": null, "closed_formulary": true},
		{"drug_on_formulary": false, "closed_formulary": false},
		{"drug_on_formulary": false, "closed_formulary": null},
	] {
		footer.notices == [] with input as fixtures.initial_with({"member": member})
	}
}

_off := fixtures.initial_with({"member": {"drug_on_formulary": false}})

_drug_on_formulary(status, fact) := {
	"id": "drug_on_formulary",
	"clause": "Footer",
	"text": "The preceding policy applies only to members for whom the above named pharmacy benefit medications are included on their covered formulary",
	"status": status,
	"facts": {"drug_on_formulary": fact},
}
