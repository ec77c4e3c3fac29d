"""Pages that are handed on: one file each, no script, nothing from outside; whatever a learner wrote is escaped."""
