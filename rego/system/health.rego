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
	_sound
}

# A bundle is built from sound guidelines only, and its manifest says so. A policy from elsewhere is checked at each
# probe, which takes some milliseconds for each guideline.
_sound if {
	some bundle in data.system.bundles
	bundle.manifest.metadata.integrity == []
	{"guidelines", "integrity", "priorauth"} - {root | some root in bundle.manifest.roots} == set()
} else if data.priorauth.integrity == []
