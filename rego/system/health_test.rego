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

test_not_ready_without_the_plans_settings if {
	not health.ready with input as {"plugins_ready": true} with data.plan as {}
}
