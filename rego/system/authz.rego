# METADATA
# title: Access
# description: >-
#   Who may ask the sidecar for what: OPA asks this before it serves any request, when it runs with
#   `--authorization=basic`. Who has which role is the operator's own data, `data.access`, which no bundle holds:
#   `everyone` is a list of roles, `tokens` has roles by the SHA-256 (in hexadecimal) of a bearer token, `certificates`
#   has roles by the subject of a client certificate. What is not there has no role.
package system.authz

# METADATA
# title: Allow
# scope: document
# description: Whether a request is served; if not, why, in words for the caller.
default allow := {
	"allowed": false,
	"reason": "the credentials sent, if any, do not give access to this method, path and parameters",
}

allow := {"allowed": true} if {
	_permitted
	count(_excesses) == 0
}

# The first word tells clients that the request is refused, not the credentials.
allow := {"allowed": false, "reason": $"refused: {concat("; ", _excesses)}"} if {
	_permitted
	count(_excesses) > 0
}

# Browsers name the page that asks. Callers are programs, so such a page was never meant to reach this.
_excesses contains "web pages may not ask" if input.headers.Origin

# Larger calls would keep the other callers waiting.
_excesses contains "a batch has at most 1000 requests: send it in parts" if {
	count(input.body.input.requests) > 1000
}

_excesses contains "a call has at most 50000 values in all" if count(_values) > 50000

_excesses contains "a number has at most 32 characters" if {
	some value in _values
	is_number(value)
	count(json.marshal(value)) > 32
}

_values := [value | walk(input.body, [_, value])]

_permitted if {
	some role in _roles
	some route in _routes[role]
	input.method == route.method

	# OPA has decoded each step, as its handlers do. Steps are compared and never joined, because an encoded slash is
	# part of its step.
	input.path == route.path
	every parameter, _ in input.params {
		parameter in route.parameters
	}
}

# What each role may do. `anyone` needs no credentials: probes send none.
_routes := {
	"anyone": [{"method": "GET", "path": path, "parameters": {"bundles", "plugins", "exclude-plugin"}} |
		some path in [["health"], ["health", "live"], ["health", "ready"]]
	],
	"caller": [
	{
		"method": "POST",
		"path": array.concat(["v1", "data", "priorauth"], rule),
		"parameters": {"provenance", "strict-builtin-errors"},
	} |
		some rule in array.concat([["decision"], ["decisions"], ["catalog"], ["facts"], ["integrity"]], _fhir)
	],
	"operator": [{"method": "GET", "path": path, "parameters": set()} |
		some path in [["metrics"], ["v1", "status"]]
	],
}

_fhir := [array.concat(["fhir"], rule) |
	some rule in [
		["metadata"],
		["crd", "services"],
		["crd", "response"],
		["crd", "requests"],
		["crd", "technical"],
		["dtr", "questionnaire_package"],
		["dtr", "form"],
		["dtr", "facts"],
	]
]

_roles contains "anyone"

_roles contains role if some role in data.access.everyone

_roles contains role if some role in data.access.tokens[crypto.sha256(_token)].roles

# The subject is taken from OPA only where a certificate was verified: with `--authentication=token` the identity is
# whatever the bearer token says.
_roles contains role if {
	count(input.client_certificates) > 0
	some role in data.access.certificates[input.identity].roles
}

_token := token if {
	[header] := input.headers.Authorization
	[scheme, token] := split(header, " ")
	lower(scheme) == "bearer"
}
