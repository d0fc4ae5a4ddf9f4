"""The other shapes in which flow logs travel, each turned into lines of text for the one text parser.

`open_shape` (shape.py) is all that the rest of ingest uses.
"""
