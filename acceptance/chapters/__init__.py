"""What is tried, a chapter a file: each states its facts, and sees what AWS does. `walk.py` has their order."""
