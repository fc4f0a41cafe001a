# METADATA
# title: Coverage requirements discovery
# description: >-
#   Da Vinci CRD 2.2: what the plan answers to a CDS Hooks call about orders. The input is `service`, the id of the
#   service called; `hook`, the call as it came in; `member`, what the plan knows of the member, `null` when it finds
#   none; and `received`, the `instant` of the call and an `id` that no other call has. The same input always has the
#   same answer.
package priorauth.fhir.crd

import data.priorauth.document
import data.priorauth.fhir.call
import data.priorauth.fhir.coverage
import data.priorauth.fhir.envelope
import data.priorauth.fhir.outcomes
import data.priorauth.fhir.request
import data.priorauth.fhir.resources
import data.priorauth.fhir.services as discovered

# METADATA
# title: Services
# description: What CDS Hooks clients discover.
# entrypoint: true
services := discovered.discovery

# METADATA
# title: Response
# description: >-
#   The answer to a call: its HTTP `status`; its `body`, which is a CDS Hooks response, or an OperationOutcome that says
#   what was wrong; and what was `decided` of each order, for the plan's own records and not to be sent. It
#   is undefined where nothing was wrong and yet an order has no judgment.
# entrypoint: true
response := {
	"status": 200,
	"body": {"cards": [], "systemActions": [_action(judged) | call.wanted; some judged in _judged; not _told_already(judged)]},
	"decided": [object.filter(judged.decision, ["outcome", "guideline"]) | some judged in _judged],
} if {
	count(_issues) == 0

	# All of the orders, or no answer.
	count(_judged) == count(call.orders)
} else := object.union(outcomes.refused(_issues), {"decided": []})

# METADATA
# title: Requests
# description: >-
#   The request documents made from the call's orders, in their order: `null` for one that no guideline can judge.
# entrypoint: true
requests := [object.get(made, "document", null) | some made in _made]

# METADATA
# title: Technical
# description: >-
#   What the service asserts of orders of these `types` while this policy cannot be asked: an `extension`, to which it
#   adds the coverage, the date and the assertion id.
# entrypoint: true
technical := {
	"extension": {
		"url": coverage.url,
		"extension": coverage.technical("The plan's systems could not decide. Try again later."),
	},
	"types": sort(call.order_types),
}

# The request made from each order.
_made := [request.made(prescribed, call.resources, call.id(prescribed), envelope.member) | some prescribed in call.orders]

# Each order, with the decision on its request and what is asserted.
_judged := [object.union_n([made, {"order": call.orders[index], "about": about}, _judgment(made)]) |
	some index, made in _made
	id := call.coverage.id
	about := {
		"coverage": {"reference": $"Coverage/{id}"},
		"instant": envelope.received.instant,
		"id": $"{envelope.received.id}.{index + 1}",
	}
]

_judgment(made) := {"asserted": coverage.not_covered("no-member-found", "The plan finds no member with this coverage.")} if {
	not is_object(envelope.member)
} else := {"asserted": coverage.not_covered("no-active-coverage", "The member has no active coverage on that day.")} if {
	_inactive(made.document.service_date, envelope.member.period)
} else := {"decision": decision, "asserted": asserted} if {
	[decision] := [whole | whole := document.whole] with input as made.document
	asserted := coverage.asserted(made.document, decision, call.asking)
} else := {"asserted": coverage.conditional(made.unjudged)}

_inactive(day, period) if day < period.start

_inactive(day, period) if day > period.end

# The order with what is asserted, in place of what was asserted of the same coverage before.
_action(judged) := {
	"type": "update",
	"description": "Add what the plan covers to the order",
	"resource": object.union(judged.order, {"extension": array.concat(
		[extension |
			some extension in resources.listed(judged.order.extension)
			not extension in _earlier(judged)
		],
		[coverage.extension(judged.asserted, judged.about)],
	)}),
}

_earlier(judged) := [extension |
	some extension in resources.listed(judged.order.extension)
	extension.url == coverage.url
	some part in resources.listed(extension.extension)
	part.url == "coverage"
	resources.local(part.valueReference, call.resources) == judged.about.coverage.reference
]

# The order carries the same assertion already, whatever its date and id.
_told_already(judged) if {
	[earlier] := _earlier(judged)
	_lasting(earlier) == _lasting(coverage.extension(judged.asserted, judged.about))
}

_lasting(extension) := [part | some part in extension.extension; not _passing(part)]

_passing(part) if part.url in ["date", "coverage-assertion-id"]

_issues contains issue if some issue in call.issues

_issues contains issue if {
	some judged in _judged
	some issue in request.issues(judged, judged.decision)
}
