# METADATA
# title: Prior authorization
# description: >-
#   The entry points: what a service may ask. A decision depends on the request document and the guidelines on file, and
#   on nothing else.
package priorauth

import data.priorauth.document
import data.priorauth.guidelines
import data.priorauth.vocabulary

# METADATA
# title: Decision
# description: The decision on one request document. Any JSON value as input gets one.
# entrypoint: true
decision := document.whole

# METADATA
# title: Decisions
# description: >-
#   The decisions on `{"requests": [...]}`, in the same order. Exactly one answer per request, or no result at all;
#   input of any other form has no result.
# entrypoint: true
decisions := answers if {
	object.keys(input) == {"requests"}
	is_array(input.requests)
	answers := [answer |
		some request in input.requests

		# A comprehension is evaluated to its end while `with` holds; evaluated bare, the rules that are still being
		# evaluated when `decision` is known would be evaluated once more after it.
		[answer] := [decision | true] with input as request
	]
	count(answers) == count(input.requests)
}

# METADATA
# title: Catalog
# description: The guidelines on file, with their versions, clauses, criteria and the facts they ask for.
# entrypoint: true
catalog := guidelines.catalog

# METADATA
# title: Facts
# description: >-
#   The vocabulary: every fact that a request can state, by its path with dots, shared ones and those of any guideline
#   on file, each as it is declared. Columns, forms and schemas are made from it.
# entrypoint: true
facts := object.union(vocabulary.elsewhere, data.facts)
