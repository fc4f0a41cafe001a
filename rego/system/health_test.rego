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
