# METADATA
# title: Vocabulary of facts
# description: >-
#   The names and declarations of the facts: shared ones in `data.facts`, a guideline's own in its versions.
package priorauth.vocabulary

import data.priorauth.version

# METADATA
# title: Fact
# description: A fact as it is declared, by its path with dots, for the guideline that governs the request.
fact(path) := data.facts[path] if {
	data.facts[path]
} else := version.text.facts[path]

# METADATA
# title: Elsewhere
# description: >-
#   The facts that any guideline on file declares for itself. A request may state one that its own guideline does not
#   use. All guidelines are searched, so this is asked only for a fact that is neither shared nor the guideline's own.
elsewhere[path] := declared if {
	some versions in data.guidelines
	some content in versions
	some path, declared in content.facts
}

# METADATA
# title: Pointer
# description: The JSON Pointer of a fact in a request.
pointer(path) := concat("", ["/", replace(path, ".", "/")])
