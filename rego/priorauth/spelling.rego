# METADATA
# title: Spelling
# description: How free text is compared, defined here once for all hosts.
package priorauth.spelling

# METADATA
# title: Trimmed
# description: The text without the white space around it, as Unicode defines white space.
trimmed(text) := trim(text, _white_space)

# METADATA
# title: Placeholder
# description: Whether a text only says that there is nothing. Such a text is no evidence.
placeholder(text) if data.placeholders[lower(trim(text, _white_space))]

# METADATA
# title: Plain
# description: >-
#   A name in the form that is compared: without case, the white space around it, and trade marks. Case is folded letter
#   by letter, as by `lower`: `İ`, which Turkish systems write for a capital i, is i.
plain(name) := trimmed(lower(replace(replace(name, "®", ""), "™", "")))

# METADATA
# title: Foldable
# description: >-
#   Whether every host folds the case of this name alike. From U+2C00 on, OPA knows the case of letters that its Wasm
#   does not, so no name on file may have any. Such letters in a request then make no difference.
foldable(name) if regex.match(`^[\x{0}-\x{2bff}]*$`, name)

# METADATA
# title: Formulary
# description: The plan's formulary that a text names; undefined when the plan does not know it.
formulary(name) := data.plan.formularies[name] if {
	data.plan.formularies[name]
} else := data.plan.formularies[trim_suffix(lower(trimmed(name)), ".0")]

_white_space := "\t\n\u000b\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

# METADATA
# title: Number
# description: >-
#   A number for messages, however the request writes it: with at most six decimals, and without an exponent, which
#   hosts write differently.
number(value) := format_int(value, 10) if {
	floor(value) == value
} else := concat("", ["-", _above_zero(abs(value))]) if {
	value < 0
} else := _above_zero(value)

_above_zero(value) := trim_suffix(trim_right(concat(".", [whole, decimals]), "0"), ".") if {
	millionths := round(value * 1000000)
	whole := format_int(floor(millionths / 1000000), 10)
	decimals := substring(format_int((millionths % 1000000) + 1000000, 10), 1, 6)
}
