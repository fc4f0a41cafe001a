# METADATA
# title: Trivial
# description: What a call costs when there is nothing to decide; what a decision is measured against.
package trivial

ok := true
