# METADATA
# title: Prior authorization
# description: >-
#   The entry points: what a service may ask. A decision depends on the request document and the guidelines on file and
#   on nothing else.
# scope: subpackages
# schemas:
#   - input: schema.request
#   - data.plan: schema.plan
#   - data.priorauth.version.text: schema.guideline
package priorauth

import data.priorauth.determination
import data.priorauth.inspection
import data.priorauth.inventory

# METADATA
# title: Decision
# description: The decision on one request document. Any JSON value whatever as input gets one.
# entrypoint: true
decision := determination.document

# METADATA
# title: Decisions
# description: >-
#   The decisions on `{"requests": [...]}`, in the same order. Exactly one answer per request, or no result at all; input
#   of any other form has no result.
# entrypoint: true
# schemas:
#   - input: schema.requests
decisions := answers if {
	object.keys(input) == {"requests"}
	is_array(input.requests)
	answers := [answer |
		some request in input.requests

		# A comprehension is evaluated to its end while `with` holds; evaluated bare, the rules that are still being
		# evaluated when `decision` is known would be evaluated once more after it.
		[answer] := [document | document := decision] with input as request
	]
	count(answers) == count(input.requests)
}

# METADATA
# title: Catalog
# description: The guidelines on file, with their versions, clauses and the questions they ask.
# entrypoint: true
catalog := inventory.guidelines

# METADATA
# title: Integrity
# description: What is wrong with the guidelines on file; empty when they are sound.
# entrypoint: true
integrity := inspection.findings
