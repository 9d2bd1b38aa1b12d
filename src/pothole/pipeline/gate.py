"""What a day has to pass: its input before the engine is started, the share of refused rows before it is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pothole.errors import BadInputError, PipelineFailure, TooManyRefusedError
from pothole.lake import Lake, RawFile, RawInput
from pothole.stages.stage import Stage


def check_input(lake: Lake, date: str, stages: Sequence[Stage], *, skip_bad: bool) -> RawInput | None:
    """The raw files, where a stage reads them; the road network is checked where this process can open it.

    NoDataError without raw data, BadInputError for input of another shape.
    """
    raw = lake.check_raw(date, skip_bad=skip_bad) if any(stage.reads_raw for stage in stages) else None
    if lake.storage.opens_files:
        _check_segments(lake, list(raw.files) if raw else [])
    return raw


def _check_segments(lake: Lake, raw_files: list[RawFile]) -> None:
    """BadInputError when the road network's columns, coordinates or whereabouts are wrong."""
    segments = lake.segments()
    if segments is None:
        return
    from pothole.roads.check import check_near, check_segments

    check_segments(segments, "road-network")
    box = lake.raw_bounds(raw_files)
    if box is not None:
        check_near(segments, box)


def check_whole(rows: Mapping[str, int], files: Sequence[RawFile], count: Callable[[str], int]) -> None:
    """BadInputError, with the file, where not every row was used or quarantined; ``count`` tells a file's rows anew."""
    if rows["used"] + rows["quarantined"] == rows["in"]:
        return
    told = f"{rows['in']:,} rows came in, but {rows['used']:,} were used and {rows['quarantined']:,} quarantined"
    for file in files:
        if (found := count(file.path)) != file.rows:
            raise BadInputError(
                f"{told}: {file.path} had {file.rows:,} rows when it was checked, and now {found:,} are read",
                hint="was it replaced meanwhile? run the date again when the upload has ended",
            )
    raise PipelineFailure(f"{told}; nothing is published", hint="a mistake in pothole: please report it with the input")


def check_refused(rows: int, reasons: Mapping[str, int], limit: float) -> None:
    """TooManyRefusedError where a larger share of the rows than ``limit`` was refused."""
    share = sum(reasons.values()) / max(1, rows)
    if share > limit:
        listed = ", ".join(f"{n:,} {reason}" for reason, n in sorted(reasons.items(), key=lambda r: -r[1]))
        raise TooManyRefusedError(
            f"{share:.0%} of {rows:,} rows were refused, more than the allowed {limit:.0%}: {listed}",
            hint="mend the input, or raise max_refused_share if these rows are to be done without",
        )
