package priorauth.version_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.version

test_the_governing_text_is_found_by_each_of_the_drugs_names if {
	every name in ["xpovio", "Xpovio", "XPOVIO", " Xpovio\t", "selinexor", "Selinexor"] {
		version.id == "xpovio" with input as fixtures.initial_with({"drug": {"name": name}})
		version.text == data.guidelines.xpovio["2022-10-03"] with input as fixtures.initial_with({"drug": {"name": name}})
	}
}

test_the_summary_names_the_governing_version if {
	version.summary == {
		"id": "xpovio",
		"title": "Xpovio (selinexor)",
		"version": "2022-10-03",
		"effective_date": "2022-10-03",
		"next_review": "2023-06",
	} with input as fixtures.initial
}

test_a_governed_request_is_not_ungoverned if {
	not version.ungoverned with input as fixtures.initial
}

test_another_drug_is_not_governed if {
	every name in ["aspirin", "xpovio 20 mg", "xpovi"] {
		version.ungoverned == "drug_not_governed" with input as fixtures.initial_with({"drug": {"name": name}})
	}
}

# Reading 1.
test_the_text_governs_from_1_august_2020_on if {
	every date in ["2020-08-01", "2021-08-30", "2022-10-03", "2023-07-01", "9998-12-31"] {
		version.summary.version == "2022-10-03" with input as fixtures.initial_with({"service_date": date})
	}
	every date in ["2020-07-31", "2019-10-15", "0001-01-01"] {
		version.ungoverned == "service_date_not_governed" with input as fixtures.initial_with({"service_date": date})
	}
}

test_the_service_date_chooses_between_versions if {
	chosen := {date: number |
		some date in ["2020-08-01", "2023-06-30", "2023-07-01", "2030-01-01"]
		number := version.summary.version with input as fixtures.initial_with({"service_date": date}) with data.guidelines as fixtures.two_versions
	}
	chosen == {
		"2020-08-01": "2022-10-03",
		"2023-06-30": "2022-10-03",
		"2023-07-01": "2023-07-01",
		"2030-01-01": "2023-07-01",
	}
}

test_a_text_that_has_ended_governs_no_more if {
	ended := fixtures.replaced("/in_force/to", "2023-06-30")
	version.summary.version == "2022-10-03" with input as fixtures.initial_with({"service_date": "2023-06-30"}) with data.guidelines as ended
	version.ungoverned == "service_date_not_governed" with input as fixtures.initial_with({"service_date": "2023-07-01"}) with data.guidelines as ended
}

# What cannot be read is not known to say nothing of the drug.
test_it_is_not_known_whether_a_drug_is_governed_when_names_cannot_be_read if {
	every guidelines in [
		{},
		null,
		{"xpovio": {}},
		{"xpovio": null},
		{"xpovio": {"2022-10-03": null}},
		fixtures.removed("/drug"),
		fixtures.removed("/drug/names"),
		fixtures.replaced("/drug/names", {}),
		fixtures.replaced("/drug/names", ["xpovio"]),
		fixtures.replaced("/drug/names", "xpovio"),
	] {
		every name in ["xpovio", "aspirin"] {
			request := fixtures.initial_with({"drug": {"name": name}})
			not version.ungoverned with input as request with data.guidelines as guidelines
			not version.id with input as request with data.guidelines as guidelines
		}
	}
}

test_it_is_not_known_whether_a_date_is_governed_when_the_dates_cannot_be_read if {
	every guidelines in [
		fixtures.removed("/in_force"),
		fixtures.removed("/in_force/from"),
		fixtures.replaced("/in_force", null),
		fixtures.replaced("/in_force", "2020-08-01"),
		fixtures.replaced("/in_force", ["2020-08-01"]),
		fixtures.replaced("/in_force/from", null),
		fixtures.replaced("/in_force/from", 20200801),
		fixtures.replaced("/in_force/from", "2020-08-32"),
		fixtures.replaced("/in_force/to", null),
		fixtures.replaced("/in_force/to", "6/23"),
	] {
		every date in ["2020-07-31", "2022-11-01"] {
			request := fixtures.initial_with({"service_date": date})
			not version.ungoverned with input as request with data.guidelines as guidelines
			not version.id with input as request with data.guidelines as guidelines
		}
	}
}

# Reading 2.
test_the_review_is_overdue_after_the_last_day_of_its_month if {
	version.notices == [] with input as fixtures.initial_with({"service_date": "2023-06-30"})
	version.notices == [{
		"code": "guideline_review_overdue",
		"message": "The guideline was due for review in 2023-06. It stays in force until it is replaced.",
	}] with input as fixtures.initial_with({"service_date": "2023-07-01"})
}

# Reading 1.
test_before_the_effective_date_the_text_is_unchanged if {
	version.notices == [{
		"code": "unchanged_guideline",
		"message": "Decided on the text effective 2022-10-03, which by its change log was in force unchanged on the service date.",
	}] with input as fixtures.initial_with({"service_date": "2022-10-02"})
	version.notices == [] with input as fixtures.initial_with({"service_date": "2022-10-03"})
}

test_there_are_no_notices_when_their_dates_cannot_be_read if {
	every path in ["/next_review", "/effective_date"] {
		every broken in [null, 2023, "6/23", "2023-13"] {
			not version.notices with input as fixtures.initial with data.guidelines as fixtures.replaced(path, broken)
		}
	}
}

test_no_text_is_known_not_to_govern_while_a_version_cannot_be_read if {
	request := fixtures.initial_with({"service_date": "2023-08-01"})
	every names in [null, {}, {"Xpovio": "brand name"}] {
		guidelines := json.patch(fixtures.two_versions, [{"op": "replace", "path": "/xpovio/2023-07-01/drug/names", "value": names}])
		not version.ungoverned with input as request with data.guidelines as guidelines
	}
}
