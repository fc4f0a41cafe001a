package priorauth

import data.integrity as checks
import data.integrity.fhir

# METADATA
# title: Integrity
# description: What is wrong with the guidelines on file; empty when they are sound.
# entrypoint: true
integrity := array.concat(checks.findings, fhir.findings)
