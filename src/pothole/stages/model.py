"""provisional"""

Node = float | tuple
KINDS = ("pothole", "bump", "other")
START = (0.0, 0.0, 0.0)
TREES = ((("f_length", 0.5, 1.0, -1.0),), (("f_length", 0.5, -1.0, 1.0),), (0.0,))
