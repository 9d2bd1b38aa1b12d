"""The day's work as pure functions from data frames to data frames, in the order of the data's flow.

Stage 1, from samples to impacts: ``quality`` refuses rows that cannot be used, ``motion`` sums them up by whole second,
``orient`` finds the vertical, ``detect`` finds the jolts, ``locate`` places them, ``describe`` and ``features`` say
what they look like (``chain`` calls all these), ``classify`` tells potholes from other jolts.
Stage 2, from impacts to potholes: ``match`` brings points to the road network, ``cluster`` joins the impacts of one
place,
``evidence`` weighs the passes with and without an impact, ``condition`` sums up the segments.

Stage code imports the standard library and PySpark's API alone, and knows no path, bucket, engine, clock or scheduler.
"""
