# METADATA
# title: Payers
# description: The payers that this service answers for, and the patient that a call is about.
package priorauth.fhir.payers

import data.priorauth.fhir.resources

# METADATA
# title: Ours
# description: Whether a Coverage's payer is one that this service answers for, by an identifier in it or in the Organization.
ours(coverage, from) if {
	some payor in resources.listed(coverage.payor)
	some identifier in array.concat(
		[payor.identifier | true],
		[each | some each in resources.listed(resources.resolved(payor, coverage, from).identifier)],
	)
	some payer in data.plan.fhir.payers
	payer.system == identifier.system
	payer.value == identifier.value
}

# METADATA
# title: Another patient
# description: Whether a reference is to a patient with another id than this.
another_patient(reference, id, from) if {
	patient := resources.local(reference, from)
	startswith(patient, "Patient/")
	patient != $"Patient/{id}"
}
