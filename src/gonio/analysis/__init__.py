"""From keypoints over time to numbers: cleaning, angles with error bars, repetitions, gait, sports."""
