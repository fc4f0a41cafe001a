# METADATA
# title: Calls
# description: >-
#   What a CDS Hooks call says: the resources that came with it, the orders that it is about, the coverage that they are
#   under; and what is wrong with it, by the rules of CDS Hooks and FHIR (400), for missing prefetched resources (412),
#   and by the rules of CRD (422). Resources are known by their type, whatever key they were prefetched under.
package priorauth.fhir.call

import data.priorauth.fhir.envelope
import data.priorauth.fhir.order
import data.priorauth.fhir.outcomes
import data.priorauth.fhir.payers
import data.priorauth.fhir.resources as fhir
import data.priorauth.fhir.services

# METADATA
# title: Resources
# description: The resources of the call, to look things up in.
resources := fhir.held(array.concat(_drafts, _prefetched), object.get(_hook, "fhirServer", null))

_hook := envelope.hook if {
	is_object(envelope.hook)
} else := {}

_drafts := fhir.entries(object.get(_hook, ["context", "draftOrders"], null))

# By the order of the keys: hosts iterate over objects in orders of their own.
_prefetched := [entry | some key in sort(object.keys(_hook.prefetch)); some entry in fhir.entries(_hook.prefetch[key])] if {
	is_object(_hook.prefetch)
} else := []

# METADATA
# title: Orders
# description: The orders that the call is about.
orders := {
	"order-sign": _drafted,
	"order-select": [drafted |
		some drafted in _drafted
		is_string(drafted.id)
		$"{drafted.resourceType}/{drafted.id}" in _selected
	],
	"order-dispatch": [dispatched |
		some reference in _dispatched
		dispatched := fhir.resolved({"reference": reference}, {}, resources)
		dispatched.resourceType in order_types
	],
}[_hook.hook]

_drafted := [entry.resource | some entry in _drafts; entry.resource.resourceType in order_types]

_selected := [reference | some reference in fhir.listed(_hook.context.selections)]

_dispatched := [reference | some reference in fhir.listed(_hook.context.dispatchedOrders)]

# METADATA
# title: Order types
# description: The types of orders that can carry what the plan covers.
order_types := {
	"CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder", "ServiceRequest", "VisionPrescription",
}

# METADATA
# title: Coverage
# description: The one Coverage of the call; undefined where there is none, or more than one.
coverage := found if {
	count(_coverages) == 1
	some found in _coverages
}

_coverages := {resource | some resource in resources.all; resource.resourceType == "Coverage"}

# METADATA
# title: Wanted
# description: Whether the client accepts updates of orders.
# scope: document
default wanted := true

wanted := false if _hook.extension["davinci-crd.configuration"]["coverage-info"] == false

# METADATA
# title: Id
# description: The id of an order's request in this call; undefined where the call has none.
id(prescribed) := $"{_hook.hookInstance}/{prescribed.id}" if {
	is_string(_hook.hookInstance)
	is_string(prescribed.id)
}

# METADATA
# title: Asking
# description: >-
#   Whether the prescriber can be asked now for what is missing: not while orders are only selected, because more is to
#   come.
asking if _hook.hook != "order-select"

else := false

# METADATA
# title: Issues
# description: What is wrong with the call.
# scope: document
issues contains outcomes.issue(400, "structure", "", "must be a CDS Hooks call, which is a JSON object") if {
	not is_object(envelope.hook)
}

issues contains outcomes.issue(400, "value", "hook", $"must be {wanted_hook}, the hook of this service") if {
	wanted_hook := services.hooks[envelope.service].hook
	object.get(_hook, "hook", null) != wanted_hook
}

issues contains outcomes.issue(400, "required", "hookInstance", "must be a text") if {
	not is_string(object.get(_hook, "hookInstance", null))
}

issues contains outcomes.issue(400, "required", "context.patientId", "must be the id of the patient") if {
	not is_string(object.get(_hook, ["context", "patientId"], null))
}

issues contains outcomes.issue(400, "required", "context.draftOrders", "must be a Bundle of the orders") if {
	_hook.hook in {"order-sign", "order-select"}
	object.get(_hook, ["context", "draftOrders", "resourceType"], null) != "Bundle"
}

issues contains outcomes.issue(400, "required", $"context.{name}", "must be an array of references to the orders") if {
	name := {"order-select": "selections", "order-dispatch": "dispatchedOrders"}[_hook.hook]
	not is_array(object.get(_hook, ["context", name], null))
}

issues contains outcomes.issue(
	400, "not-supported", "extension.davinci-crd.requestedVersion",
	$"must be {services.version}, or left out",
) if {
	_hook.extension["davinci-crd.requestedVersion"] != services.version
}

issues contains outcomes.issue(400, "required", "prefetch.coverage", "must be one Coverage, the one that the orders are under") if {
	count(_coverages) != 1
	_coverages_came
}

issues contains outcomes.issue(412, "incomplete", "prefetch.coverage", "must be prefetched: the Coverage that the orders are under") if {
	count(_coverages) == 0
	not _answered("coverage")
}

issues contains outcomes.issue(
	400, "value", "Coverage.payor",
	"must name, by its identifier, a payer that this service answers for",
) if {
	not payers.ours(coverage, resources)
	coverage
}

issues contains outcomes.issue(422, "required", $"{resource.resourceType}.id", "is required, so that it can be referred to") if {
	some resource in array.concat(orders, [coverage | true])
	not is_string(object.get(resource, "id", null))
}

issues contains outcomes.issue(422, "conflict", $"{resource.resourceType}.{name}", "must be the patient of the call") if {
	some [resource, name] in array.concat(
		[[prescribed, "subject"] | some prescribed in orders],
		[[coverage, "beneficiary"] | true],
	)
	is_string(_hook.context.patientId)
	payers.another_patient(resource[name], _hook.context.patientId, resources)
}

issues contains outcomes.issue(412, "incomplete", "prefetch.medicationRequests", "must have every order that is dispatched") if {
	some reference in _dispatched
	not fhir.resolved({"reference": reference}, {}, resources)
}

issues contains outcomes.issue(412, "incomplete", "prefetch.medications", "must have the Medication of every order that refers to one") if {
	some prescribed in orders
	prescribed.resourceType == "MedicationRequest"
	prescribed.medicationReference
	not order.medication(prescribed, resources)
	not _answered("medications")
}

issues contains issue if {
	some each in orders
	some issue in order.issues(each)
}

_coverages_came if _answered("coverage")

_coverages_came if count(_coverages) > 1

# Whether a key was prefetched, with whatever result.
_answered(key) if _hook.prefetch[key] != null
