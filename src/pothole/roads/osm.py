"""OSM extracts: which ways are driven, in which directions, and where they meet.

Tags as the OSM wiki defines them ("Key:highway", "Key:oneway", "Key:access", "Tag:junction=roundabout").
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pothole.roads.lines import RoadLine, parts, read_file, text

#: Importance 1..5 by highway class; other classes are not driven.
GRADES = {
    "motorway": 5, "motorway_link": 5, "trunk": 5, "trunk_link": 5, "primary": 4, "primary_link": 4, "secondary": 3,
    "secondary_link": 3, "tertiary": 3, "tertiary_link": 2, "unclassified": 2, "residential": 2, "living_street": 1,
    "road": 1,
}  # fmt: skip
#: From the most special to the most general: the first that is tagged counts.
_ACCESS = ("motorcar", "motor_vehicle", "vehicle", "access")
_CLOSED = ("no", "private", "agricultural", "forestry")


def read(path: Path) -> tuple[list[RoadLine], str | None]:
    """The driven ways of an extract, cut at junctions, and their coordinate system."""
    columns, geometries, crs = read_file(path, layer="lines", where="highway IS NOT NULL", TAGS_FORMAT="JSON")
    return split_at_junctions(list(_ways(columns, geometries))), crs


def _ways(columns: Mapping[str, Any], geometries: Any) -> Iterator[RoadLine]:
    rows = zip(columns["osm_id"], columns["highway"], columns["name"], columns["other_tags"], geometries, strict=True)
    for osm_id, highway, name, other, geometry in rows:
        tags = {**json.loads(other or "{}"), "highway": highway}
        if not is_driven(tags):
            continue
        forward, backward = directions(tags)
        shown = text(name) or text(tags.get("name:en")) or text(tags.get("ref"))
        for vertices in parts(geometry):
            yield RoadLine(str(osm_id), vertices, shown, GRADES[highway], forward, backward)


def is_driven(tags: Mapping[str, str]) -> bool:
    """Whether cars use a way."""
    access = next((tags[key] for key in _ACCESS if key in tags), "yes")
    return tags["highway"] in GRADES and tags.get("area") != "yes" and access not in _CLOSED


def directions(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether a way is driven along its nodes, and whether against them."""
    oneway = tags.get("oneway", "")
    if oneway in ("-1", "reverse"):
        return False, True
    implied = tags.get("junction") in ("roundabout", "circular") or tags["highway"] in ("motorway", "motorway_link")
    return True, not (oneway in ("yes", "true", "1") or (implied and oneway not in ("no", "false", "0")))


def split_at_junctions(ways: list[RoadLine]) -> list[RoadLine]:
    """Ways as links ``<way>-<i>``: cut at nodes that several ways share, so that a link has no junction inside.

    Nodes are known by their coordinates (OSM stores them to 1e-7 degrees): bridges share none with what they cross.
    """
    nodes = [[tuple(v) for v in np.round(way.vertices, 7).tolist()] for way in ways]
    shared = Counter(node for way in nodes for node in way)
    links = []
    for way, own in zip(ways, nodes, strict=True):
        cuts = sorted({0, len(own) - 1, *(i for i, node in enumerate(own) if shared[node] > 1)})
        for part, (a, b) in enumerate(pairwise(cuts)):
            links.append(replace(way, line_id=f"{way.line_id}-{part}", vertices=way.vertices[a : b + 1]))
    return links
