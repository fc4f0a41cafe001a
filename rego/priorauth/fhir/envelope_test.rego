package priorauth.fhir.envelope_test

import data.priorauth.fhir.envelope
import data.priorauth.fhir.fixtures_test as fixtures

test_an_envelope_has_what_is_in_it if {
	envelope.service == "order-sign-crd" with input as fixtures.call
	envelope.hook == fixtures.hook with input as fixtures.call
	envelope.member == fixtures.member with input as fixtures.call
	envelope.received == fixtures.received with input as fixtures.call
	envelope.parameters == {"a": 1} with input as {"parameters": {"a": 1}}
	envelope.request == {"a": 1} with input as {"request": {"a": 1}}
	envelope.response == {"a": 1} with input as {"response": {"a": 1}}
}

test_what_is_not_in_it_is_null[name] if {
	some name, given in {"an empty one": {}, "null": null, "a text": "hook", "a list": [fixtures.call], "a number": 1}
	found := [envelope.service, envelope.hook, envelope.member, envelope.parameters, envelope.request, envelope.response] with input as given
	found == [null, null, null, null, null, null]
}

_received(given) := found if {
	found := envelope.received with input as {"received": given}
}

test_when_it_came_in_is_known_or_not_at_all[name] if {
	some name, given in {"no instant": {"id": "1"}, "no id": {"instant": "2022"}, "a number": {"instant": 1, "id": "1"}, "another": {"instant": "2022", "id": 2}, "null": null}
	not _received(given)
}
