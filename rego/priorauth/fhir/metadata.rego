# METADATA
# title: FHIR
# description: What the plan's FHIR service can do, as a CapabilityStatement.
package priorauth.fhir

# METADATA
# title: Metadata
# description: The answer to `GET /metadata`.
# entrypoint: true
metadata := {
	"resourceType": "CapabilityStatement",
	"status": "active",
	"date": "2026-11-29",
	"publisher": data.plan.fhir.publisher,
	"kind": "instance",
	"implementation": {"description": $"The prior authorization service of {data.plan.fhir.publisher}", "url": data.plan.fhir.url},
	"fhirVersion": "4.0.1",
	"format": ["json"],
	"rest": [{
		"mode": "server",
		"documentation": "Beside it, the CDS Hooks services of Da Vinci CRD, at /cds-services. Adaptive forms are not served.",
		"resource": [{
			"type": "Questionnaire",
			"operation": [{
				"name": "questionnaire-package",
				"definition": "http://hl7.org/fhir/us/davinci-dtr/OperationDefinition/questionnaire-package",
			}],
		}],
	}],
}
