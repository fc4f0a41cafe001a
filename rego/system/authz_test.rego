package system.authz_test

import data.system.authz

_refused := {
	"allowed": false,
	"reason": "the credentials sent, if any, do not give access to this method, path and parameters",
}

_too_many := {"allowed": false, "reason": "refused: a batch has at most 1000 requests: send it in parts"}

_entry_points := {
	["decision"], ["decisions"], ["catalog"], ["facts"], ["integrity"],
	["fhir", "metadata"], ["fhir", "crd", "services"], ["fhir", "crd", "response"], ["fhir", "crd", "requests"],
	["fhir", "crd", "technical"], ["fhir", "dtr", "questionnaire_package"], ["fhir", "dtr", "form"], ["fhir", "dtr", "facts"],
}

_probes := {["health"], ["health", "live"], ["health", "ready"]}

_watched := {["metrics"], ["v1", "status"]}

_access := {
	"tokens": {
		crypto.sha256("claims-token"): {"roles": ["caller"]},
		crypto.sha256("prometheus-token"): {"roles": ["operator"]},
		crypto.sha256("both-token"): {"roles": ["caller", "operator"]},
		crypto.sha256("idle-token"): {"roles": []},
		crypto.sha256("odd-token"): {"roles": ["root"]},
	},
	"certificates": {"CN=claims,O=Payer": {"roles": ["caller"]}},
}

_decide := {"method": "POST", "path": ["v1", "data", "priorauth", "decision"], "params": {}, "headers": {}}

_watch := {"method": "GET", "path": ["metrics"], "params": {}, "headers": {}}

_bearing(asked, token) := object.union(asked, {"headers": {"Authorization": [concat(" ", ["Bearer", token])]}})

_certified(asked, subject) := object.union(asked, {"identity": subject, "client_certificates": [{}]})

# What is allowed of every method, path and role that there is.
_allowed(token) := {[method, path] |
	some method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}
	some path in (((_probes | _watched) | _callable) | {path |
		some path in [
			[],
			[""],
			["v0", "data", "priorauth", "decision"],
			["v1", "config"],
			["v1", "compile"],
			["v1", "compile", "priorauth", "decision"],
			["v1", "data"],
			["v1", "data", "access"],
			["v1", "data", "facts"],
			["v1", "data", "guidelines"],
			["v1", "data", "priorauth"],
			["v1", "data", "priorauth", "decision", "outcome"],
			["v1", "data", "priorauth", "request"],
			["v1", "data", "priorauth", "fhir"],
			["v1", "data", "priorauth", "fhir", "crd"],
			["v1", "data", "priorauth", "fhir", "call", "resources"],
			["v1", "data", "priorauth", "metadata"],
			["v1", "data", "system"],
			["v1", "policies"],
			["v1", "policies", "x"],
			["v1", "query"],
			["debug", "pprof"],
			["health", "other"],
		]
	})
	asked := _bearing({"method": method, "path": path, "params": {}}, token)
	authz.allow == {"allowed": true} with input as asked with data.access as _access
}

_probing := {["GET", path] | some path in _probes}

_callable := {array.concat(["v1", "data", "priorauth"], rule) | some rule in _entry_points}

_calling := {["POST", path] | some path in _callable}

_watching := {["GET", path] | some path in _watched}

test_a_caller_may_post_to_the_entry_points if {
	_allowed("claims-token") == _probing | _calling
}

test_an_operator_may_get_metrics_and_status if {
	_allowed("prometheus-token") == _probing | _watching
}

test_who_has_both_roles_may_do_both if {
	_allowed("both-token") == (_probing | _calling) | _watching
}

test_anyone_may_probe if {
	_allowed("unknown-token") == _probing
	_allowed("idle-token") == _probing
	_allowed("odd-token") == _probing
}

test_what_is_refused_is_told_no_more if {
	authz.allow == _refused with input as _decide with data.access as _access
	authz.allow == _refused with input as _bearing(_decide, "unknown-token") with data.access as _access
	authz.allow == _refused with input as _bearing(_decide, "prometheus-token") with data.access as _access
	authz.allow == _refused with input as {} with data.access as _access
}

test_without_access_data_nobody_has_a_role if {
	authz.allow == _refused with input as _bearing(_decide, "claims-token") with data.access as {}
	every broken in [null, 1, "x", [], {"tokens": []}, {"tokens": {crypto.sha256("claims-token"): null}}, {"everyone": "caller"}] {
		authz.allow == _refused with input as _bearing(_decide, "claims-token") with data.access as broken
	}
}

test_everyone_can_be_given_a_role if {
	access := {"everyone": ["caller"]}
	authz.allow == {"allowed": true} with input as _decide with data.access as access
	authz.allow == _refused with input as _watch with data.access as access
}

test_a_token_is_sent_once_and_as_a_bearer_token if {
	some_headers := {
		"Bearer claims-token": {"allowed": true},
		"bearer claims-token": {"allowed": true},
		"Basic claims-token": _refused,
		"claims-token": _refused,
		"Bearer  claims-token": _refused,
		"Bearer claims-token x": _refused,
		"Bearer ": _refused,
		"": _refused,
	}
	every header, expected in some_headers {
		asked := object.union(_decide, {"headers": {"Authorization": [header]}})
		authz.allow == expected with input as asked with data.access as _access
	}
	twice := object.union(_decide, {"headers": {"Authorization": ["Bearer claims-token", "Bearer claims-token"]}})
	authz.allow == _refused with input as twice with data.access as _access
}

test_the_hash_of_a_token_is_not_the_token if {
	hashed := _bearing(_decide, crypto.sha256("claims-token"))
	authz.allow == _refused with input as hashed with data.access as _access
}

test_a_certificate_gives_its_subjects_roles if {
	authz.allow == {"allowed": true} with input as _certified(_decide, "CN=claims,O=Payer") with data.access as _access
	authz.allow == _refused with input as _certified(_watch, "CN=claims,O=Payer") with data.access as _access
	authz.allow == _refused with input as _certified(_decide, "CN=claims") with data.access as _access
}

# `--authentication=token` makes an identity of any bearer token.
test_an_identity_without_a_certificate_gives_nothing if {
	asked := object.union(_decide, {"identity": "CN=claims,O=Payer"})
	authz.allow == _refused with input as asked with data.access as _access
	none := object.union(asked, {"client_certificates": []})
	authz.allow == _refused with input as none with data.access as _access
}

test_only_parameters_that_are_needed if {
	expected := {
		"provenance": {"allowed": true},
		"strict-builtin-errors": {"allowed": true},
		"explain": _refused,
		"instrument": _refused,
		"metrics": _refused,
		"pretty": _refused,
		"input": _refused,
		"bundles": _refused,
	}
	every parameter, answer in expected {
		asked := _bearing(object.union(_decide, {"params": {parameter: ["true"]}}), "claims-token")
		authz.allow == answer with input as asked with data.access as _access
	}
}

test_probes_have_parameters_of_their_own if {
	probe := {"method": "GET", "path": ["health", "ready"], "headers": {}}
	expected := {
		"bundles": {"allowed": true}, "plugins": {"allowed": true}, "exclude-plugin": {"allowed": true},
		"provenance": _refused, "other": _refused,
	}
	every parameter, answer in expected {
		authz.allow == answer with input as object.union(probe, {"params": {parameter: ["true"]}}) with data.access as _access
	}
}

test_encoded_slashes_and_empty_or_dotted_steps_are_other_paths if {
	every path in [
		["v1", "data", "priorauth/decision"],
		["v1/data/priorauth/decision"],
		["", "v1", "data", "priorauth", "decision"],
		["v1", "data", "", "priorauth", "decision"],
		["v1", "data", "priorauth", "decision", ""],
		["v1", "data", ".", "priorauth", "decision"],
		["v1", "data", "x", "..", "priorauth", "decision"],
		["v1", "data", "priorauth", "%64ecision"],
		["v1", "data", "priorauth", "Decision"],
	] {
		asked := _bearing(object.union(_decide, {"path": path}), "claims-token")
		authz.allow == _refused with input as asked with data.access as _access
	}
}

_batch(size) := object.union(_decide, {"body": {"input": {"requests": numbers.range(1, size)}}})

test_a_batch_has_its_bound if {
	authz.allow == {"allowed": true} with input as _bearing(_batch(1000), "claims-token") with data.access as _access
	authz.allow == _too_many with input as _bearing(_batch(1001), "claims-token") with data.access as _access
	authz.allow == _refused with input as _batch(1001) with data.access as _access
}

_asking(body) := _bearing(object.union(_decide, {"body": body}), "claims-token")

test_a_call_may_be_as_long_as_its_bound if {
	fits := _asking({"input": numbers.range(3, 50000)})
	authz.allow == {"allowed": true} with input as fits with data.access as _access
}

test_a_call_beyond_its_bound_is_refused if {
	over := _asking({"input": numbers.range(2, 50000)})
	expected := {"allowed": false, "reason": "refused: a call has at most 50000 values in all"}
	authz.allow == expected with input as over with data.access as _access
}

test_a_number_has_its_bound if {
	fits := _asking({"input": {"deep": [12345678901234567890123456789012, -1.5e300, "123456789012345678901234567890123"]}})
	authz.allow == {"allowed": true} with input as fits with data.access as _access
	expected := {"allowed": false, "reason": "refused: a number has at most 32 characters"}
	every number in [123456789012345678901234567890123, 0.123456789012345678901234567890123] {
		authz.allow == expected with input as _asking({"input": {"deep": [number]}}) with data.access as _access
	}
}

# What a browser sends of a page, be it another's, a file's or one that resolves to this very address.
test_web_pages_may_not_ask if {
	expected := {"allowed": false, "reason": "refused: web pages may not ask"}
	probe := {"method": "GET", "path": ["health"], "params": {}, "headers": {}}
	open_to_all := {"everyone": ["caller", "operator"]}
	every origin in ["https://page.example", "http://127.0.0.1:8181", "null", ""] {
		headers := {"headers": {"Origin": [origin]}}
		every asked in [_decide, _watch, probe] {
			authz.allow == expected with input as object.union(asked, headers) with data.access as open_to_all
		}
		bearing := object.union(_decide, {"headers": {"Authorization": ["Bearer claims-token"], "Origin": [origin]}})
		authz.allow == expected with input as bearing with data.access as _access
		unknown := object.union(_decide, headers)
		authz.allow == _refused with input as unknown with data.access as _access
	}
}

test_every_bound_that_is_passed_is_told if {
	both := _asking({"input": {"requests": numbers.range(1, 60000)}})
	expected := "refused: a batch has at most 1000 requests: send it in parts; a call has at most 50000 values in all"
	authz.allow == {"allowed": false, "reason": expected} with input as both with data.access as _access
}
