# METADATA
# title: Envelope
# description: >-
#   The input: a call as it came in, and what only the service around these rules can know. Nothing else reads it. Any
#   JSON value is accepted; anything but an object is an empty envelope.
package priorauth.fhir.envelope

_given := input if {
	is_object(input)
} else := {}

# METADATA
# title: Service
# description: The id of the CDS Hooks service that was called.
service := object.get(_given, "service", null)

# METADATA
# title: Hook
# description: The body of a CDS Hooks call.
hook := object.get(_given, "hook", null)

# METADATA
# title: Parameters
# description: The body of a FHIR operation.
parameters := object.get(_given, "parameters", null)

# METADATA
# title: Request
# description: A request document.
request := object.get(_given, "request", null)

# METADATA
# title: Response
# description: A QuestionnaireResponse.
response := object.get(_given, "response", null)

# METADATA
# title: Member
# description: >-
#   What the plan knows of the member, `null` where it finds none: `facts`, a part of a request; `drugs`, such parts for
#   single guidelines, by their ids; and `period`, the `start` and `end` of the coverage.
member := object.get(_given, "member", null)

# METADATA
# title: Received
# description: The `instant` of the call, and an `id` that no other call has.
received := {"instant": _given.received.instant, "id": _given.received.id} if {
	is_string(_given.received.instant)
	is_string(_given.received.id)
}
