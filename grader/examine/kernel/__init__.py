"""The examiner kernel: trusted processes that run graded cells, where no learner's code can reach them.

A warm parent (`warm`) has everything imported and forks a child for each submission; an examiner holds a
`client`.
"""
