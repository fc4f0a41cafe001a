package system.health_test

import data.system.health

test_live if health.live == true

test_ready_when_the_policy_is_sound if {
	health.ready == true with input as {"plugins_ready": true}
}

test_not_ready_before_the_plugins_are if {
	not health.ready with input as {"plugins_ready": false}
	not health.ready with input as {}
}

test_not_ready_when_the_policy_is_unsound if {
	not health.ready with input as {"plugins_ready": true} with data.guidelines as {}
}

# 21 where the text says "at least 18 years of age".
test_not_ready_when_a_figure_is_not_in_its_clause if {
	at := "xpovio/2022-10-03/criteria/coverage/initial/0/minimum"
	mistaken := json.patch(data.guidelines, [{"op": "replace", "path": at, "value": 21}])
	json.patch(mistaken, [{"op": "replace", "path": at, "value": 18}]) == data.guidelines
	not health.ready with input as {"plugins_ready": true} with data.guidelines as mistaken
}

test_not_ready_without_the_plans_settings if {
	not health.ready with input as {"plugins_ready": true} with data.plan as {}
}

_manifest := {"roots": ["guidelines", "integrity", "priorauth", "usual"], "metadata": {"integrity": []}}

_ready_with(manifest) if {
	health.ready with input as {"plugins_ready": true}
		with data.guidelines as {}
		with data.system.bundles as {"other": {"manifest": {"roots": ["access"]}}, "priorauth": {"manifest": manifest}}
}

# A bundle was checked when it was built; that its guidelines are gone here shows that they are not looked at again.
test_ready_when_the_bundle_says_that_it_was_found_sound if {
	_ready_with(_manifest)
	not health.ready with input as {"plugins_ready": false} with data.system.bundles as {"priorauth": {"manifest": _manifest}}
}

test_what_a_bundle_does_not_say_is_checked if {
	not _ready_with(object.remove(_manifest, ["metadata"]))
	not _ready_with(object.union(_manifest, {"metadata": {"integrity": null}}))
	not _ready_with(object.union(_manifest, {"metadata": {"integrity": {}}}))
	not _ready_with(object.union(_manifest, {"metadata": {"integrity": ["a finding"]}}))
	not _ready_with(object.union(_manifest, {"metadata": {"integrity": true}}))
}

test_what_is_not_the_bundles_own_is_checked if {
	every root in ["guidelines", "integrity", "priorauth"] {
		others := [each | some each in _manifest.roots; each != root]
		not _ready_with(object.union(_manifest, {"roots": others}))
	}
	not _ready_with(object.union(_manifest, {"roots": null}))
}
