# METADATA
# title: The usual request
# description: >-
#   A quick look at a request: which parts of it match a pattern of all that is usual in them. The patterns are made from
#   the vocabulary by `make docs`. Not compiled to Wasm, which compiles patterns anew at every call; the request check
#   needs none of this, and is only quicker with it.
package usual

# METADATA
# title: Whole
# description: Whether all parts of the request are among those of which the patterns say that they are well formed.
whole if regex.match(data.usual.pattern, json.marshal(input))

# METADATA
# title: Parts
# description: >-
#   The parts of the request, sections and facts by themselves, that are well formed as far as they go. A part that is not
#   among them may be well formed too.
parts contains name if {
	some name, value in input
	regex.match(data.usual.patterns[name], json.marshal(value))
}

# METADATA
# title: Made from
# description: What tells the vocabulary that the patterns are made from, from any other.
made_from := crypto.sha256(json.marshal([data.facts, data.placeholders]))
