# METADATA
# title: Services
# description: The CDS Hooks services, and what each asks clients to prefetch.
package priorauth.fhir.services

# METADATA
# title: Version
# description: The version of Da Vinci CRD that they speak.
version := "2.2"

# METADATA
# title: Discovery
# description: What CDS Hooks clients discover.
discovery := {"services": [{
	"id": id,
	"hook": service.hook,
	"title": service.title,
	"description": "Whether a drug needs prior authorization, what the plan covers, and what is needed to decide.",
	"prefetch": object.union(_prefetch, _of[service.hook]),
	"extension": {
		"davinci-crd.version": [version],
		"davinci-crd.configuration-options": [{
			"code": "coverage-info",
			"type": "boolean",
			"name": "Coverage Information",
			"description": "Whether orders are updated with what the plan covers, and whether prior authorization is needed.",
			"default": true,
		}],
	},
} |
	some id in sort(object.keys(hooks))
	service := hooks[id]
]}

# METADATA
# title: Hooks
# description: The services by their ids, each with its hook.
hooks := {
	"order-sign-crd": {"hook": "order-sign", "title": "Coverage of the drugs that are ordered"},
	"order-select-crd": {"hook": "order-select", "title": "Coverage of the drugs that are selected"},
	"order-dispatch-crd": {"hook": "order-dispatch", "title": "Coverage of the drugs that are dispensed"},
}

_of := {
	"order-sign": _of_orders("context.draftOrders.entry.resource.ofType(MedicationRequest)"),
	"order-select": _of_orders("context.draftOrders.entry.resource.ofType(MedicationRequest)"),
	"order-dispatch": object.union(
		{"medicationRequests": "MedicationRequest?_id={{context.dispatchedOrders.resolve().ofType(MedicationRequest).id}}"},
		_of_orders("%medicationRequests.entry.resource"),
	),
}

_prefetch := {
	"patient": "Patient/{{context.patientId}}",
	"coverage": "Coverage?patient={{context.patientId}}&status=active",
	"payors": "Organization?_id={{%coverage.entry.resource.payor.resolve().ofType(Organization).id}}",
}

# What orders point to, and what points to them, by where the orders are. A template follows those that it refers to,
# and keys are in the order of the alphabet.
_of_orders(orders) := {key: concat("", [query, "={{", orders, path, ".id}}"]) |
	some key, [query, path] in {
		"medications": ["Medication?_id", ".medication.resolve().ofType(Medication)"],
		"practitionerRoles": ["PractitionerRole?practitioner", ".requester.resolve().ofType(Practitioner)"],
		"practitioners": ["Practitioner?_id", ".requester.resolve().ofType(Practitioner)"],
		"questionnaireResponses": ["QuestionnaireResponse?status=completed,amended&context:MedicationRequest", ""],
		"reasons": ["Condition?_id", ".reasonReference.resolve().ofType(Condition)"],
		"supportingDocuments": ["DocumentReference?_id", ".supportingInformation.resolve().ofType(DocumentReference)"],
	}
}
