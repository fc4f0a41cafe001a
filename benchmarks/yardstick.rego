# METADATA
# title: Yardstick
# description: >-
#   What a decision's cost is measured against: the initial criteria of Xpovio as anyone would write them by hand. Statuses
#   and the outcome only; no request check, no texts, no reasons.
package yardstick

limits := {160: 32, 100: 20, 80: 16, 60: 12}

specialists := {"207RH0000X", "207RH0003X", "207RX0202X", "2080P0207X", "207VX0201X", "2085R0001X", "2086X0206X"}

ymd(s) := to_number(replace(s, "-", ""))

default benefit := "unknown"

benefit := "met" if input.member.benefit == "pharmacy"

benefit := "not_met" if input.member.benefit == "medical"

default formulary := "unknown"

formulary := "met" if input.member.formulary in {"1", "2", "3", "4"}

formulary := "not_met" if {
	is_string(input.member.formulary)
	not input.member.formulary in {"1", "2", "3", "4"}
}

default on_formulary := "unknown"

on_formulary := "met" if input.member.drug_on_formulary == true

on_formulary := "not_met" if input.member.drug_on_formulary == false

default documentation := "unknown"

documentation := "met" if count(input.documentation) > 0

years := ymd(input.service_date) - ymd(input.member.birth_date)

default age := "unknown"

age := "met" if years >= 180000

age := "not_met" if years < 180000

listed := {t | some t in input.prescriber.taxonomies}

default prescriber := "unknown"

prescriber := "met" if count(listed & specialists) > 0

prescriber := "not_met" if {
	count(listed) > 0
	count(listed & specialists) == 0
}

categories := {n.category | some n in input.nccn}

default nccn := "unknown"

nccn := "met" if count(categories & {"1", "2A"}) > 0

nccn := "not_met" if {
	count(categories) > 0
	count(categories & {"1", "2A"}) == 0
}

allowed := floor((limits[input.dose.mg_per_week] * input.quantity.days_supply) / 28)

default quantity := "unknown"

quantity := "met" if input.quantity.tablets <= allowed

quantity := "reduced" if input.quantity.tablets > allowed

criteria := [
	{"id": "benefit", "clause": "Applicable", "status": benefit},
	{"id": "formulary", "clause": "Applicable", "status": formulary},
	{"id": "drug_on_formulary", "clause": "Footer", "status": on_formulary},
	{"id": "documentation", "clause": "II", "status": documentation},
	{"id": "age", "clause": "III.1", "status": age},
	{"id": "prescriber", "clause": "III.2", "status": prescriber},
	{"id": "nccn", "clause": "III.3", "status": nccn},
	{"id": "quantity", "clause": "IV", "status": quantity},
]

statuses := {c.status | some c in criteria}

default outcome := "pended"

outcome := "denied" if "not_met" in statuses

outcome := "approved" if statuses == {"met"}

default end_date := null

end_date := $"{to_number(substring(input.service_date, 0, 4)) + 1}{substring(input.service_date, 4, -1)}" if outcome == "approved"

default tablets := null

tablets := allowed

decision := {"outcome": outcome, "criteria": criteria, "end_date": end_date, "tablets": tablets}

decisions := [answer |
	some request in input.requests
	[answer] := [document | document := decision] with input as request
]
