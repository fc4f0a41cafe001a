package priorauth.spelling_test

import data.priorauth.spelling

# What Unicode calls white space, each by its number.
_spaces := [
	"\t", "\n", "\u000b", "\f", "\r", " ", "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
	"\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
]

test_trimmed_of_each_space[name] if {
	some index, space in _spaces
	name := $"space {index}"
	spelling.trimmed(concat("", [space, "a", space, "b", space, space])) == concat("", ["a", space, "b"])
}

test_trimmed[name] if {
	some name, case in {
		"nothing": ["", ""],
		"only spaces": [concat("", _spaces), ""],
		"no space": ["a b", "a b"],
		"case stays": [" Ab ", "Ab"],
		"a zero-width space is none": ["\u200ba", "\u200ba"],
		"a word joiner is none": ["a\u2060", "a\u2060"],
	}
	spelling.trimmed(case[0]) == case[1]
}

test_nothing_else_is_trimmed if spelling.trimmed("~a~") == "~a~"

# The list of placeholders is data. These are the ones that design names, and those that every form knows.
test_placeholders[name] if {
	some name in [
		"N/A", "n/a", "NULL", "null", "None", "none", "-", "--", "unknown", "UNKNOWN", "tbd", "TBD", "pending", "not attached",
		"Not Attached", " N/A ", "\u00a0none\u3000", "n.a.", "nil", "?", "xxx", "not available", "to follow", "", "  ",
		"—", "…", "(None)", "TBC", "missing", "none provided", "\u200b", "\ufeff",
	]
	spelling.placeholder(name)
}

test_what_says_something_is_no_placeholder[name] if {
	some name in ["a", "0", "no", "yes", "false", "Nonegra", "N/A see letter", "pending-17", "chart note", "1", "n / a"]
	not spelling.placeholder(name)
}

test_placeholders_are_those_on_file if {
	listed := {"nix": true}
	found := [text | some text in ["NIX", "none"]; spelling.placeholder(text) with data.placeholders as listed]
	found == ["NIX"]
}

test_every_placeholder_on_file_is_found if {
	{text | some text, _ in data.placeholders; spelling.placeholder(text)} == object.keys(data.placeholders)
}

test_plain[name] if {
	some name, case in {
		"case": ["XPOVIO", "xpovio"],
		"space around": [" \u00a0Xpovio\t", "xpovio"],
		"registered": ["Xpovio®", "xpovio"],
		"trade mark": ["Xpovio™ (selinexor)", "xpovio (selinexor)"],
		"a mark after a space": ["Xpovio ®", "xpovio"],
		"space within stays": ["Xpovio  (selinexor)", "xpovio  (selinexor)"],
		"marks alone": ["®™", ""],
		"a Turkish capital": ["XPOVİO", "xpovio"],
		"the Kelvin sign": ["\u212aappa", "kappa"],
		"an accent": ["\u00c9tude \u0416", "\u00e9tude \u0436"],
		"a file separator is no space": ["\u001cxpovio", "\u001cxpovio"],
	}
	spelling.plain(case[0]) == case[1]
}

test_foldable[name] if {
	some name in ["", "xpovio", "a\nb", "XPOVİO (étude)", "\u0416", "\u2bff", "\u0000"]
	spelling.foldable(name)
}

test_not_foldable[name] if {
	some name in ["\u2c00", "xpovio \ua7d0", "a\n\u2c2f", "\ufffd", "\ud801\udd70"]
	not spelling.foldable(name)
}

test_formulary[name] if {
	some name, formulary in {
		"1": "1", "2": "2", "3": "3", "4": "4", "1.0": "1", "4.0": "4", " 2 ": "2", "\u00a02\u3000": "2", "Formulary 1": "1",
		"FORMULARY 2": "2", "formulary 3": "3", "Formulary 4": "4", "Formulary 2.0": "2", "3/Exclusive": "3", "3/EXCLUSIVE": "3",
		"Formulary 3/Exclusive": "3", "4/AON": "4", "4/aon": "4", "Formulary 4/AON": "4", "other": "other", "Other": "other",
	}
	spelling.formulary(name) == formulary
}

test_a_formulary_that_the_plan_does_not_know_is_none[name] if {
	some name in ["", " ", "0", "5", "12", "1.5", "1.00", "2.", ".0", "-1", "one", "Formulary", "Formulary2", "3/AON", "4/Exclusive", "others", "1 2", "null"]
	not spelling.formulary(name)
}

test_a_plan_may_name_more_formularies if {
	spelling.formulary("Gold.0") == "gold" with data.plan.formularies as {"gold": "gold"}
	not spelling.formulary("1") with data.plan.formularies as {"gold": "gold"}
}

test_a_number_in_words if {
	told := {
		0: "0",
		20: "20",
		20.0: "20",
		0.5: "0.5",
		-0.5: "-0.5",
		0.25: "0.25",
		100.05: "100.05",
		0.000001: "0.000001",
		0.0000004: "0",
		1000000.5: "1000000.5",
		999999999.5: "999999999.5",
		999999999.9999999: "1000000000",
		1e9: "1000000000",
		-3: "-3",
		-1.5: "-1.5",
	}
	{value: spelling.number(value) | some value, _ in told} == told
}

test_a_number_however_it_is_spelled if {
	{spelling.number(value) | some value in json.unmarshal("[20, 20.0, 2e1, 2.0E+1, 200e-1]")} == {"20"}
	{spelling.number(value) | some value in json.unmarshal("[0.5, 5e-1, 0.50, 0.500000000000000000001]")} == {"0.5"}
}
