"""Who is who from frame to frame: `PoseTracker` puts ids on poses."""
