# METADATA
# title: Orders
# description: >-
#   What a MedicationRequest, with the resources that it points to, says of a request. Nothing is guessed: what no
#   element states, or two state differently, is absent, and free text gives no dose.
package priorauth.fhir.order

import data.priorauth.calendar
import data.priorauth.fhir.drugs
import data.priorauth.fhir.outcomes
import data.priorauth.fhir.resources

# METADATA
# title: Drug
# description: What an order states of its drug, as a part of a request; undefined where it does not identify one.
drug(order, from) := drugs.stated(medication(order, from))

# METADATA
# title: Medication
# description: What an order is for, as a CodeableConcept; undefined where its Medication is not there.
medication(order, from) := order.medicationCodeableConcept if {
	is_object(order.medicationCodeableConcept)
} else := resources.resolved(order.medicationReference, order, from).code

# METADATA
# title: Service date
# description: The day that the order's supply starts, else the day that it was written.
service_date(order) := day if {
	day := _day(order.dispenseRequest.validityPeriod.start)
} else := _day(order.authoredOn)

# METADATA
# title: Issues
# description: What is against the rules of CRD in an order for a drug, so that it is refused.
issues(order) := array.concat(
	[outcomes.issue(422, "required", "MedicationRequest.authoredOn", "must be a date, or dispenseRequest.validityPeriod must start on one") |
		not service_date(order)
	],
	[outcomes.issue(422, "invariant", "MedicationRequest.doNotPerform", "must be absent: an order not to give a drug cannot be judged") |
		order.doNotPerform
	],
) if {
	order.resourceType == "MedicationRequest"
} else := []

# METADATA
# title: Unjudged
# description: Why no guideline can judge an order, whatever its drug; undefined where one can.
unjudged(order) := "The plan's drug guidelines do not judge orders of this kind." if {
	order.resourceType != "MedicationRequest"
} else := "The order has a modifier that is not understood here." if {
	some name in ["modifierExtension", "implicitRules"]
	order[name]
}

# METADATA
# title: Stated
# description: >-
#   What an order states beside its drug, as a part of a request. `vocabulary` has the facts that the drug's guideline
#   can use, and `named` is what the order states of its drug.
stated(order, from, vocabulary, named) := object.union_n([
	{"service_date": day | day := service_date(order)},
	{"member": {"birth_date": born} |
		born := resources.resolved(order.subject, order, from).birthDate
		calendar.day(born)
	},
	{"prescriber": {"npi": npi} |
		some npi in _only({each |
			some each in resources.identifiers(_prescriber(order, from), "http://hl7.org/fhir/sid/us-npi")
			regex.match(data.facts["prescriber.npi"].pattern, each)
		})
	},
	{"prescriber": {"taxonomies": taxonomies} | taxonomies := _taxonomies(order, from); taxonomies != []},
	{"diagnosis": {"icd10": code} | some code in _only({each | some each in resources.codes(_reasons(order, from), "http://hl7.org/fhir/sid/icd-10-cm")})},
	{"documentation": documents | documents := _documents(order, from); documents != []},
	_counted(order, vocabulary, named),
])

# The value that is stated, if no other is.
_only(values) := values if count(values) == 1

# The day of a date or a time, where it is a whole one.
_day(moment) := day if {
	day := substring(resources.text(moment), 0, 10)
	calendar.day(day)
}

# Who wrote it: a Practitioner, also by way of a role.
_requester(order, from) := [role.practitioner, role] if {
	role := resources.resolved(order.requester, order, from)
	role.resourceType == "PractitionerRole"
} else := [order.requester, order]

_prescriber(order, from) := practitioner if {
	[reference, beside] := _requester(order, from)
	practitioner := resources.resolved(reference, beside, from)
	practitioner.resourceType == "Practitioner"
}

# The prescriber's specialties, in all their roles.
_taxonomies(order, from) := sort({code |
	[requester, beside] := _requester(order, from)
	identity := resources.identity(requester, beside, from)
	some concept in array.concat(
		[qualification.code | some qualification in resources.listed(_prescriber(order, from).qualification)],
		[specialty |
			some role in from.all
			role.resourceType == "PractitionerRole"
			not role.active == false
			resources.identity(role.practitioner, role, from) == identity
			some specialty in resources.listed(role.specialty)
		],
	)
	some code in resources.codes([concept], "http://nucc.org/provider-taxonomy")
	regex.match(data.facts["prescriber.taxonomies"].items.pattern, code)
})

_reasons(order, from) := array.concat(
	[concept | some concept in resources.listed(order.reasonCode)],
	[condition.code |
		some reference in resources.listed(order.reasonReference)
		condition := resources.resolved(reference, order, from)
		condition.resourceType == "Condition"
	],
)

# The documents that the order cites: DocumentReferences that stand, or that are not among the resources.
_documents(order, from) := [document |
	some reference in resources.listed(order.supportingInformation)
	document := _document(reference, order, from)
]

_document(reference, order, from) := object.union_n(array.concat([{"reference": reference.reference}], more)) if {
	cited := resources.resolved(reference, order, from)
	cited.resourceType == "DocumentReference"
	cited.status == "current"
	more := array.concat(
		[{"type": code | [code] := resources.codes([cited.type], "http://loinc.org")}],
		[{"date": day | day := _day(cited.date)}],
	)
} else := {"reference": reference.reference} if {
	not resources.resolved(reference, order, from)
	startswith(resources.local(reference, from), "DocumentReference/")
}

# Quantities, by the units of the facts: the supply, and the dose over the time that its unit names.
_counted(order, vocabulary, named) := {section: found |
	unit_of := {path: declared.unit | some path, declared in vocabulary}
	some section, found in {"quantity": _supplied(object.get(order, "dispenseRequest", null), unit_of), "dose": _dosed(order, unit_of, named)}
	found != {}
}

_supplied(dispensed, unit_of) := object.union(
	{"days_supply": days |
		some code, length in _lengths
		days := resources.quantity(dispensed.expectedSupplyDuration, _ucum(code)) * length
	},
	{name: number |
		some path, unit in unit_of
		["quantity", name] = split(path, ".")
		number := resources.quantity(dispensed.quantity, unit)
	},
)

_dosed(order, unit_of, named) := {name: value |
	regimen := _regimen(order, unit_of, named)
	some path, unit in unit_of
	["dose", name] = split(path, ".")
	unit.system == _ucum("").system
	[counted, per] := split(unit.code, "/")

	# So many days hold the schedule a whole number of times: nothing is averaged.
	times := _lengths[per] / regimen.days
	times == floor(times)
	value := times * regimen[counted]
}

_lengths := {"d": 1, "wk": 7}

_ucum(code) := {"system": "http://unitsofmeasure.org", "code": code}

# How it is taken: how many times (`""`), and how many mg, in so many days. One dose on one schedule; whatever else a
# dosage says may mean another.
_regimen(order, unit_of, named) := object.union_n(array.concat(
	[{"days": repeat.period * _lengths[repeat.periodUnit], "": repeat.frequency}],
	[{"mg": repeat.frequency * mg} | [rate] := dosage.doseAndRate; mg := _mg(rate, unit_of, named)],
)) if {
	[dosage] := resources.listed(order.dosageInstruction)
	_always(dosage)
	repeat := dosage.timing.repeat
	_plain(repeat)
	is_number(repeat.frequency)
	is_number(repeat.period)
	repeat.period > 0
}

_always(dosage) if {
	is_object(dosage)
	object.filter(dosage, ["asNeededBoolean", "asNeededCodeableConcept", "modifierExtension"]) == {}
}

_plain(repeat) if {
	is_object(repeat)
	object.remove(repeat, ["frequency", "period", "periodUnit", "boundsDuration", "boundsPeriod", "boundsRange"]) == {}
}

_mg(rate, unit_of, named) := milligrams if {
	milligrams := resources.quantity(rate.doseQuantity, _ucum("mg"))
} else := number * named.drug.strength_mg if {
	some path, unit in unit_of
	startswith(path, "quantity.")
	number := resources.quantity(rate.doseQuantity, unit)
}
