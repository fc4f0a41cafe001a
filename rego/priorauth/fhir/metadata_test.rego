package priorauth.fhir_test

import data.priorauth.fhir

test_metadata_says_what_there_is if {
	fhir.metadata.resourceType == "CapabilityStatement"
	fhir.metadata.implementation == {
		"description": "The prior authorization service of Example Health Plan",
		"url": "https://payer.example/fhir",
	}
	fhir.metadata.rest[0].resource == [{"type": "Questionnaire", "operation": [{
		"name": "questionnaire-package",
		"definition": "http://hl7.org/fhir/us/davinci-dtr/OperationDefinition/questionnaire-package",
	}]}]
}
