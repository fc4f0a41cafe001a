package priorauth

import data.integrity as checks

# METADATA
# title: Integrity
# description: What is wrong with the guidelines on file; empty when they are sound.
# entrypoint: true
integrity := checks.findings
