# METADATA
# title: Health
# description: What `/health/live` and `/health/ready` answer.
package system.health

# METADATA
# title: Live
# description: The sidecar answers at all, and has its own policy.
live := true

# METADATA
# title: Ready
# description: The sidecar can decide, the guidelines are loaded, and they are sound.
ready if {
	input.plugins_ready
	data.priorauth.integrity == []
}
