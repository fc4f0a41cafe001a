# METADATA
# title: The usual request
# description: >-
#   A quick look at a request: which of its parts match the patterns of usual ones. The patterns are made from the
#   vocabulary by `make docs`. Not compiled to Wasm, which compiles patterns anew at every call. The request check works
#   without this, and is only quicker with it.
package usual

# METADATA
# title: Whole
# description: Whether all parts of the request are among those of which the patterns say that they are well formed.
whole if regex.match(data.usual.pattern, json.marshal(input))

# METADATA
# title: Parts
# description: >-
#   The parts of the request, sections and facts by themselves, that are well formed. A part that is not among them may
#   be well formed too.
parts contains name if {
	some name, value in input
	regex.match(data.usual.patterns[name], json.marshal(value))
}

# METADATA
# title: Made from
# description: The digest of the vocabulary, which the patterns must be made from.
made_from := crypto.sha256(json.marshal([data.facts, data.placeholders]))
