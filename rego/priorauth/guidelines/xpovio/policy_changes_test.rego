# VIII. Summary of Policy Changes.
package priorauth.guidelines.xpovio.policy_changes_test

import data.priorauth.fixtures_test as fixtures
import data.priorauth.guidelines.xpovio.policy_changes

test_there_are_no_faults if {
	policy_changes.faults == set() with input as fixtures.initial
}

# Reading 1.
test_changes_that_are_none_or_not_since_the_text_is_in_force_are_a_fault if {
	every broken in [
		null,
		[],
		"new policy",
		{"2020-08-01": "new policy"},
		[{"date": "2020-08-01"}],
		[{"date": "8/1/20", "summary": "new policy"}],
		[{"date": "2020-08-01", "summary": "new policy"}, {"date": "2021-02-29", "summary": "no policy updates"}],
		[{"date": "2019-10-15", "summary": "new policy"}],
	] {
		policy_changes.faults == {{
			"path": "/sections/policy_changes/changes",
			"message": "must be an array of changes, each with a date that exists and a summary, one of them from the day the version is in force",
		}} with input as fixtures.initial
			with data.guidelines as fixtures.replaced("/sections/policy_changes/changes", broken)
	}
}
