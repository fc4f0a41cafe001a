package priorauth.fhir_test

import data.priorauth.fhir

test_metadata_says_what_there_is if {
	fhir.metadata == {
		"resourceType": "CapabilityStatement",
		"status": "active",
		"date": "2026-11-29",
		"publisher": "Example Health Plan",
		"kind": "instance",
		"implementation": {
			"description": "The prior authorization service of Example Health Plan",
			"url": "https://payer.example/fhir",
		},
		"fhirVersion": "4.0.1",
		"format": ["json"],
		"rest": [{
			"mode": "server",
			"documentation": "Beside it, the CDS Hooks services of Da Vinci CRD, at /cds-services. Adaptive forms are not served.",
			"resource": [{"type": "Questionnaire", "operation": [{
				"name": "questionnaire-package",
				"definition": "http://hl7.org/fhir/us/davinci-dtr/OperationDefinition/questionnaire-package",
			}]}],
		}],
	}
}
